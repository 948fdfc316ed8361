"""STEM.heads.json of PyTorch's detectors, from the module to the boxes that `convert run` prints.

The references are the modules' own decoding in torch and float64, after the published definitions, and OpenCV's NMS;
torchvision and ultralytics themselves are compared by scripts/torch_boxes.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.converters.cli.given import contents, converted, tool  # noqa: E402
from tests.converters.pytorch import detectors  # noqa: E402
from tests.converters.run.nets import picture  # noqa: E402

SIZE = (detectors.HEIGHT, detectors.WIDTH)
SHAPE = f"1x3x{SIZE[0]}x{SIZE[1]}"


@pytest.fixture
def nets(tmp_path: Path) -> Path:
    return Path(shutil.copy(detectors.__file__, tmp_path / "nets.py"))


def rows(module: Any, path: Path, *, nms: float, least: float, best: bool, candidates: int, most: int) -> np.ndarray:
    """Class, score, left, top, right, bottom of what is left by the module's own decoding and OpenCV's suppression."""
    image = cv2.imread(str(path))
    assert image is not None
    x = torch.from_numpy(image[:, :, ::-1].transpose(2, 0, 1).copy())[None].float() / 255
    with torch.no_grad():
        corners, scores = (one.numpy() for one in module.decoded(x))
    if best:
        scores = np.where(np.arange(scores.shape[1]) == scores.argmax(1)[:, None], scores, 0)
    sides = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1)
    found = []
    for category in range(scores.shape[1]):
        kept = cv2.dnn.NMSBoxes(sides.tolist(), scores[:, category].tolist(), least, nms, 1.0, candidates)
        found += [(category, scores[one, category], *corners[one]) for one in np.ravel(kept)]
    return np.array(sorted(found, key=lambda one: -one[1])[:most])


ULTRALYTICS = {"least": 0.25, "best": True, "candidates": 0, "most": 300}
CASES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    **{
        f"yolov8 {form}": ("YoloV8", "yolov8", {"form": form}, {**ULTRALYTICS, "nms": 0.7})
        for form in ("maps", "apart", "logistic", "joined", "decoded")
    },
    "yolov8 without bins": ("YoloV8", "yolov8", {"reg_max": 1}, {**ULTRALYTICS, "nms": 0.7}),
    **{
        f"yolov5 {form}": ("YoloV5", "yolov5", {"form": form}, {**ULTRALYTICS, "nms": 0.45})
        for form in ("maps", "logistic", "decoded")
    },
    **{
        f"ssd{' softmax' * softmax}": ("Ssd", "ssd", {"softmax": softmax}, {
            "nms": 0.45, "least": 0.3, "best": False, "candidates": 20, "most": 30,
        }) for softmax in (False, True)
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_boxes_are_those_of_the_module(name: str, nets: Path, tmp_path: Path) -> None:
    kind, meaning, arguments, rules = CASES[name]
    words = [word for key, value in arguments.items() for word in ("--arg", f"{key}={value}")]
    converted(
        "pytorch", f"{nets}:{kind}", "--input", SHAPE, "--output-is", meaning, *words, "-o", tmp_path / "net", "-q"
    )
    path = picture(tmp_path / "x.png", SIZE)
    printed = json.loads(converted("run", tmp_path / "net", path, "--json").stdout)
    ours = np.array([(one["class"], one["score"], *one["box"]) for one in printed["objects"]])
    wanted = rows(getattr(detectors, kind)(**arguments), path, **rules)
    assert len(wanted) > 10
    assert ours.shape == wanted.shape
    np.testing.assert_array_equal(ours[:, 0], wanted[:, 0])
    np.testing.assert_allclose(ours[:, 1], wanted[:, 1], atol=1e-4)
    np.testing.assert_allclose(ours[:, 2:], wanted[:, 2:], rtol=1e-4, atol=2e-2)


@pytest.mark.parametrize(("classes", "logistic"), [(3, False), (1, False), (1, True)])
def test_a_segmentation_gives_each_pixel_its_class(classes: int, logistic: bool, nets: Path, tmp_path: Path) -> None:
    """The reference is torch: argmax, or the sign of the one score, brought to the picture's size."""
    words = ("--arg", f"classes={classes}", "--arg", f"logistic={logistic}", "--output-is", "segmentation")
    converted("pytorch", f"{nets}:Segmenter", "--input", SHAPE, *words, "-o", tmp_path / "net", "-q")
    path, out = picture(tmp_path / "x.png", SIZE), tmp_path / "drawn.png"
    (tmp_path / "x.names").write_text("".join(f"name {one}\n" for one in range(classes)))
    given = (tmp_path / "net", path, "--out", out, "--names", tmp_path / "x.names")
    image = cv2.imread(str(path))
    assert image is not None
    x = torch.from_numpy(image[:, :, ::-1].transpose(2, 0, 1).copy())[None].float() / 255
    with torch.no_grad():
        scores = detectors.Segmenter(classes=classes)(x)["out"]
    best = scores.argmax(1) if classes > 1 else torch.where(scores[:, 0] > 0, 0, -1)
    wanted = torch.nn.functional.interpolate(best[None].float(), SIZE, mode="nearest-exact")[0, 0].long().numpy()
    parts = {one: float((wanted == one).mean()) for one in range(classes)}
    told = json.loads(converted("run", *given, "--json").stdout)["shares"]
    assert [one["share"] for one in told] == sorted((one["share"] for one in told), reverse=True)
    assert {one["class"]: one["share"] for one in told} == pytest.approx(parts, abs=1e-3)
    assert {one["name"] for one in told} == {f"name {one}" for one in parts}
    drawn = cv2.imread(str(out))
    assert drawn is not None
    assert (np.any(drawn != image, axis=2) == (wanted >= 0)).mean() > 0.99
    printed = converted("run", *given).stdout
    assert f"{max(parts.values()):6.1%}  name {max(parts, key=lambda one: parts[one])}" in printed


def test_verify_compares_the_file(nets: Path, tmp_path: Path) -> None:
    words = (f"{nets}:YoloV5", "--input", SHAPE, "--output-is", "yolov5")
    converted("pytorch", *words, "-o", tmp_path / "net", "-q")
    assert tool("verify", f"{nets}:YoloV5", tmp_path / "net", "--engine", "embedded").exit_code == 0
    path = tmp_path / "net.heads.json"
    path.write_text(path.read_text().replace("33.0, 23.0", "33.0, 24.0"))
    result = tool("verify", f"{nets}:YoloV5", tmp_path / "net", "--engine", "embedded")
    assert result.exit_code == 1
    assert "heads[0].anchors[5] is 24.0 where 23.0 belongs" in " ".join(result.output.split())


def test_a_program_has_no_module_so_its_user_says_anchors_and_priors(nets: Path, tmp_path: Path) -> None:
    example = (torch.zeros(1, 3, *SIZE),)
    torch.export.save(torch.export.export(detectors.YoloV5().eval(), example), tmp_path / "yolov5.pt2")
    torch.export.save(torch.export.export(detectors.Ssd().eval(), example), tmp_path / "ssd.pt2")
    anchors = "/".join(",".join(map(str, row)) for row in detectors.ANCHORS)
    converted("pytorch", f"{nets}:Ssd", "--input", SHAPE, "--output-is", "ssd", "-o", tmp_path / "made", "-q")
    (head,) = json.loads((tmp_path / "made.heads.json").read_text())["heads"]
    np.save(tmp_path / "priors.npy", np.reshape(head["priors"], (-1, 4)))
    for name, *words in (("yolov5", "--anchors", anchors), ("ssd", "--priors", str(tmp_path / "priors.npy"))):
        refused = tool("pytorch", tmp_path / f"{name}.pt2", "--output-is", name, "-o", tmp_path / "net")
        assert refused.exit_code == 1
        assert words[0] in refused.output
        assert not (tmp_path / "net.prototxt").exists()
        converted("pytorch", tmp_path / f"{name}.pt2", "--output-is", name, *words, "-o", tmp_path / name, "-q")
    (other,) = json.loads((tmp_path / "ssd.heads.json").read_text())["heads"]
    assert other["priors"] == head["priors"]
    heads = json.loads((tmp_path / "yolov5.heads.json").read_text())["heads"]
    assert [tuple(one["anchors"]) for one in heads] == list(detectors.ANCHORS)


@pytest.mark.parametrize(
    ("kind", "meaning", "words", "told"),
    [
        ("YoloV8", "yolov5", (), "anchors of 2 maps are needed, and no module has them"),
        ("YoloV8", "yolov8", ("--arg", "form=mixed"), "has gone through a logistic already"),
        ("YoloV5", "yolov8", ("--arg", "form=decoded"), "yolov8: the outputs are"),
        ("Ssd", "yolov8", (), "yolov8: the outputs are"),
        ("YoloV8", "ssd", (), "its prior boxes are needed, and no module has them"),
        ("YoloV8", "segmentation", (), "expected: one map of scores"),
        ("YoloV8", "yolov8", ("--resize", "128", "--crop", "64x96"), "they could not be placed in the whole picture"),
        ("YoloV5", "yolov5", ("--anchors", "1,2,x"), "--anchors 1,2,x are none"),
        ("YoloV5", "yolov5", ("--anchors", "1,2,3"), "--anchors 1,2,3 are none"),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, meaning: str, words: tuple[str, ...], told: str, nets: Path) -> None:
    before = contents(nets.parent)
    given = ("--input", SHAPE, "--output-is", meaning, *words)
    result = tool("pytorch", f"{nets}:{kind}", *given, "-o", nets.parent / "net")
    assert result.exit_code == 1
    assert told in " ".join(result.output.split())
    assert contents(nets.parent) == before


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((3, 5)), "and priors are one of (priors, 4)"),
        (np.full((480, 4), 300.0), "numbers that no prior has"),
        (np.full((480, 4), np.nan), "numbers that no prior has"),
        (np.full((7, 4), 0.5), "for 7 priors"),
    ],
)
def test_priors_that_are_none_are_refused(array: np.ndarray, told: str, nets: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", array)
    words = ("--input", SHAPE, "--output-is", "ssd", "--priors", tmp_path / "p.npy", "-o", tmp_path / "net")
    result = tool("pytorch", f"{nets}:Ssd", *words)
    assert result.exit_code == 1
    assert told in " ".join(result.output.split())


def test_what_pictures_are_is_said_where_nobody_has(nets: Path, tmp_path: Path) -> None:
    words = (f"{nets}:YoloV8", "--input", SHAPE, "--output-is", "yolov8", "-o", tmp_path / "net")
    assert "pictures are RGB, divided" in " ".join(converted("pytorch", *words).stdout.split())
    assert "pictures are RGB" not in converted("pytorch", *words, "--resize", "64x96", "--force").stdout
