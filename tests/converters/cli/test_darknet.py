from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffe_ir.passes.pipeline import PIPELINE
from caffe_ir.proto import caffe_pb2
from tests.converters.cli.given import (
    ALEXEYAB,
    TINY,
    contents,
    converted,
    darknet_model,
    floats,
    layer_types,
    prototxt,
    tool,
    with_floats,
)

LEGAL = re.compile(r"[A-Za-z0-9_.-]+")
STAGES = ("source", *dict.fromkeys(one.name for one in PIPELINE))
REGION = """\
[region]
anchors=1.5,2.25, 3,4
classes=3
coords=4
num=2
softmax=1
background=0
"""
DETECTION = """\
[connected]
output=126
activation=linear

[detection]
classes=4
coords=4
num=2
side=3
softmax=0
sqrt=1
"""


def with_head(head: str, filters: int) -> str:
    """The tiny net with another head behind as many channels."""
    return TINY.replace("filters=21", f"filters={filters}").partition("[yolo]")[0] + head


def heads_of(folder: Path, text: str, *options: str, **model: Any) -> dict[str, Any]:
    converted("darknet", *darknet_model(folder, text, **model), "-o", folder / "net", *options)
    facts: dict[str, Any] = json.loads((folder / "net.heads.json").read_text())
    return facts


# ---- what it writes and says -----------------------------------------------------------------------------------------


def test_three_files_are_written_and_the_table_names_them(tmp_path: Path) -> None:
    result = converted("darknet", *darknet_model(tmp_path), "-o", tmp_path / "deploy")
    assert contents(tmp_path).keys() == {
        "tiny.cfg", "tiny.weights", "deploy.prototxt", "deploy.caffemodel", "deploy.heads.json", "deploy.input.json"
    }  # fmt: skip
    assert result.stderr == ""
    told = " ".join(result.stdout.split())
    size = (tmp_path / "deploy.caffemodel").stat().st_size
    assert f"{tmp_path}/deploy.caffemodel ({size:,} bytes)" in told
    assert "input data 1x3x32x32 outputs conv_4 1x21x16x16 layers" in told
    # 8 * 27 + 4 * 8, 8 * 72 + 4 * 8, 21 * 8 + 21, and the factor of each BatchNorm
    assert "parameters 1,047 written" in told
    assert "assumed this is a model of the original Darknet: the weights were written by version 0.2.0" in told
    assert "batch normalisation divides by sqrt(variance) + 1e-6" in told
    assert "2 x batch normalisation" in told
    assert "(conv_0, conv_2)" in told


def test_without_an_output_the_files_get_the_name_of_the_cfg_and_stay_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    model = darknet_model(tmp_path / "models", name="yolo v3.1")
    monkeypatch.chdir(tmp_path)
    converted("darknet", *model)
    assert contents(tmp_path).keys() == {
        "yolo v3.1.prototxt",
        "yolo v3.1.caffemodel",
        "yolo v3.1.heads.json",
        "yolo v3.1.input.json",
    }


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--fold-bn", "--input-size", "64x96"),
        ("--hdf5",),
        ("--head", "activated", "--bn", "darknet-gpu", "--batch", "2"),
    ],
    ids=lambda options: " ".join(options) or "none",
)
def test_the_next_command_finds_that_both_nets_agree(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "my models").mkdir()
    result = converted("darknet", *darknet_model(tmp_path / "my models"), "-o", tmp_path / "deploy", *options)
    heading, program, *words = shlex.split(result.stdout.splitlines()[-1])
    assert (heading, program, words[0]) == ("next", "convert", "verify")
    assert set(options) - {"--hdf5"} <= set(words)
    assert (str(tmp_path / "deploy.caffemodel.h5") in words) is ("--hdf5" in options)
    converted(*words, "--engine", "embedded", "--reference", "embedded")


def test_weights_in_hdf5_are_verified_by_the_engines_that_read_them(tmp_path: Path) -> None:
    result = converted("darknet", *darknet_model(tmp_path), "-o", tmp_path / "net", "--hdf5", "--verify")
    told = " ".join(result.stdout.split())
    assert "net.caffemodel.h5" in told
    assert "AGREES: " in told
    assert "opencv reads no weights in HDF5" in told
    assert contents(tmp_path).keys() - {"tiny.cfg", "tiny.weights"} == {
        "net.prototxt", "net.caffemodel.h5", "net.heads.json", "net.input.json"
    }  # fmt: skip


def test_quiet_says_nothing_at_all(tmp_path: Path) -> None:
    result = converted("darknet", *darknet_model(tmp_path), "-o", tmp_path / "net", "-q")
    assert result.output == ""
    assert (tmp_path / "net.prototxt").exists()


def test_verbose_tells_every_rewrite_with_its_line(tmp_path: Path) -> None:
    cfg, weights = darknet_model(tmp_path)
    told = converted("darknet", cfg, weights, "-o", tmp_path / "net", "-v").stdout
    rewritten = " ".join(told.partition("rewritten")[2].split())
    assert f"{cfg}:6 [convolutional]: batch normalisation" in rewritten
    assert f"{cfg}:18 [convolutional]: batch normalisation" in rewritten


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    written = []
    for _ in range(2):
        converted("darknet", *model, "-o", tmp_path / "net", "--head", "activated")
        written.append(contents(tmp_path))
    assert written[0] == written[1]


@pytest.mark.parametrize("options", [(), ("--head", "activated"), ("--fold-bn",)], ids=["raw", "activated", "folded"])
def test_names_are_legal_and_a_layer_is_called_as_what_it_makes(tmp_path: Path, options: tuple[str, ...]) -> None:
    converted("darknet", *darknet_model(tmp_path), "-o", tmp_path / "net", *options)
    layers = prototxt(tmp_path / "net.prototxt").layer
    names = [layer.name for layer in layers]
    assert len(set(names)) == len(names)
    for layer in layers:
        assert all(LEGAL.fullmatch(name) for name in (layer.name, *layer.bottom, *layer.top))
        if len(layer.top) == 1 and list(layer.top) != list(layer.bottom):
            assert layer.name == layer.top[0]


# ---- its options -----------------------------------------------------------------------------------------------------


def test_input_size_and_batch_replace_those_of_the_cfg(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    told = converted("darknet", *model, "-o", tmp_path / "net", "--input-size", "64x96", "--batch", "2").stdout
    (shape,) = prototxt(tmp_path / "net.prototxt").layer[0].input_param.shape
    assert list(shape.dim) == [2, 3, 64, 96]
    assert "conv_4 2x21x32x48" in told
    facts = json.loads((tmp_path / "net.heads.json").read_text())["heads"][0]
    assert (facts["network"], facts["grid"], facts["stride"]) == ([64, 96], [32, 48], 2.0)


@pytest.mark.parametrize("size", ["416", "0x416", "416x416x3", "wide", "-1x4"])
def test_an_input_size_that_is_none_is_wrong_usage(tmp_path: Path, size: str) -> None:
    result = tool("darknet", *darknet_model(tmp_path), "--input-size", size)
    assert result.exit_code == 2
    assert f"{size!r} is not HxW, for example 416x416" in result.stderr


@pytest.mark.parametrize(
    ("form", "eps", "stored"),
    [
        # (sqrt(v) + 1e-6)^2 for v = 0, 1e-12, 4, where Caffe adds its own eps of 1e-12
        pytest.param("darknet-cpu", 1e-12, [0.0, 3e-12, 4.000004], id="cpu"),
        pytest.param("darknet-gpu", 1e-5, [0.0, 1e-12, 4.0], id="gpu"),
        pytest.param("alexeyab", 1e-5, [0.0, 1e-12, 4.0], id="alexeyab"),
        pytest.param("auto", 1e-12, [0.0, 3e-12, 4.000004], id="auto"),
    ],
)
def test_bn_says_what_batch_normalisation_divides_by(
    tmp_path: Path, form: str, eps: float, stored: list[float]
) -> None:
    cfg, weights = darknet_model(tmp_path)
    numbers = floats(weights)
    numbers[24:27] = 0.0, 1e-12, 4.0  # behind biases, scales and means, 8 each
    with_floats(weights, numbers)
    converted("darknet", cfg, weights, "-o", tmp_path / "net", "--bn", form)
    first = next(layer for layer in prototxt(tmp_path / "net.prototxt").layer if layer.type == "BatchNorm")
    assert first.batch_norm_param.eps == pytest.approx(eps)
    net = caffe_pb2.NetParameter.FromString((tmp_path / "net.caffemodel").read_bytes())
    variance = next(layer for layer in net.layer if layer.name == first.name).blobs[1].data
    np.testing.assert_allclose(variance[:3], stored, rtol=1e-6, atol=0)


def test_fold_bn_leaves_no_batch_norm(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    converted("darknet", *model, "-o", tmp_path / "net")
    assert "BatchNorm" in layer_types(tmp_path / "net.prototxt")
    told = converted("darknet", *model, "-o", tmp_path / "net", "--fold-bn").stdout
    assert not {"BatchNorm", "Scale"} & set(layer_types(tmp_path / "net.prototxt"))
    assert "folded" in told


def test_an_activated_head_ends_the_net_and_a_raw_one_does_not(tmp_path: Path) -> None:
    raw = heads_of(tmp_path, TINY)["heads"][0]
    assert (raw["blob"], raw["activated"], raw["raw_blob"]) == ("conv_4", False, "conv_4")
    activated = heads_of(tmp_path, TINY, "--head", "activated")["heads"][0]
    assert (activated["blob"], activated["activated"], activated["raw_blob"]) == ("yolo_5", True, "conv_4")
    assert "yolo_5" in [top for layer in prototxt(tmp_path / "net.prototxt").layer for top in layer.top]


def test_dialect_decides_whose_darknet_it_is(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    told = {
        dialect: " ".join(converted("darknet", *model, "-o", tmp_path / "net", "--dialect", dialect).stdout.split())
        for dialect in ("auto", "darknet", "alexeyab")
    }
    assert "a model of the original Darknet" in told["auto"]
    assert "a model of the original Darknet: as asked for" in told["darknet"]
    assert "a model of AlexeyAB's Darknet: as asked for" in told["alexeyab"]
    assert "sqrt(variance + 1e-5)" in told["alexeyab"]


@pytest.mark.parametrize("stage", STAGES)
def test_dump_after_prints_the_net_as_it_is_then(tmp_path: Path, stage: str) -> None:
    model = darknet_model(tmp_path)
    told = converted("darknet", *model, "-o", tmp_path / "net", "--dump-after", stage, "-q").stdout
    assert told.startswith("net tiny\n")
    assert "data: Input(" in told
    assert ("SourceBatchNorm" in told) == (stage == "source" or STAGES.index(stage) < STAGES.index("legalize"))


def test_dump_after_a_pass_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    result = tool("darknet", *darknet_model(tmp_path), "-o", tmp_path / "net", "--dump-after", "magic")
    assert result.exit_code == 2
    assert all(stage in result.stderr for stage in STAGES)
    assert contents(tmp_path).keys() == {"tiny.cfg", "tiny.weights"}


@pytest.mark.parametrize(
    "words", [(), ("one.cfg",), ("a", "b", "c"), ("a", "b", "--batch", "0"), ("a", "b", "--bn", "x")]
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...]) -> None:
    result = tool("darknet", *words)
    assert result.exit_code == 2
    assert "Usage: convert darknet" in result.stderr


# ---- what a decoder must know ----------------------------------------------------------------------------------------


def test_a_yolo_head_is_described(tmp_path: Path) -> None:
    text = TINY.replace("num=6", "num=6\nscale_x_y=1.25")
    facts = heads_of(tmp_path, text, header=ALEXEYAB)
    assert facts["dialect"] == "alexeyab"
    assert facts["input"]["order"] == "RGB"
    assert facts["input"]["scale"] == "1/255"
    assert facts["input"]["letterbox"] is False
    (head,) = facts["heads"]
    wanted = {
        "type": "yolo", "blob": "conv_4", "classes": 2, "num": 3, "mask": [1, 2, 4], "anchor_unit": "pixels",
        "anchors": [10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319], "stride": 2, "grid": [16, 16],
        "network": [32, 32], "scale_x_y": 1.25, "new_coords": False,
    }  # fmt: skip
    assert {key: head[key] for key in wanted} == wanted
    assert heads_of(tmp_path, TINY)["input"]["letterbox"] is True


def test_new_coordinates_of_a_yolo_head_are_told(tmp_path: Path) -> None:
    facts = heads_of(tmp_path, TINY.replace("num=6", "num=6\nnew_coords=1"), header=ALEXEYAB)
    assert facts["heads"][0]["new_coords"] is True


def test_a_gaussian_yolo_head_is_described(tmp_path: Path) -> None:
    head = TINY.partition("[yolo]\n")[2]
    (told,) = heads_of(tmp_path, with_head(f"[Gaussian_yolo]\n{head}", 33), header=ALEXEYAB)["heads"]
    assert (told["type"], told["blob"], told["classes"], told["mask"]) == ("Gaussian_yolo", "conv_4", 2, [1, 2, 4])
    assert "x, x_sigma, y, y_sigma, w, w_sigma, h, h_sigma, objectness" in told["layout"]


def test_a_region_head_is_described(tmp_path: Path) -> None:
    (told,) = heads_of(tmp_path, with_head(REGION, 16))["heads"]
    wanted = {
        "type": "region", "blob": "conv_4", "classes": 3, "num": 2, "coords": 4, "softmax": True, "background": False,
        "anchors": [1.5, 2.25, 3, 4], "anchor_unit": "cells", "stride": 2, "grid": [16, 16],
    }  # fmt: skip
    assert {key: told[key] for key in wanted} == wanted


def test_a_detection_head_is_described(tmp_path: Path) -> None:
    (told,) = heads_of(tmp_path, with_head(DETECTION, 21))["heads"]
    wanted = {
        "type": "detection", "blob": "connected_5", "classes": 4, "num": 2, "coords": 4, "grid": [3, 3],
        "softmax": False, "square_root": True, "anchors": [],
    }  # fmt: skip
    assert {key: told[key] for key in wanted} == wanted


def test_a_net_without_heads_has_no_such_file(tmp_path: Path) -> None:
    converted("darknet", *darknet_model(tmp_path, TINY.partition("[yolo]")[0]), "-o", tmp_path / "net")
    assert contents(tmp_path).keys() == {"tiny.cfg", "tiny.weights", "net.prototxt", "net.caffemodel", "net.input.json"}
