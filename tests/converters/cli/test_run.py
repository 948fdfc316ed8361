"""`convert run`, as its user types it; the reference of what it prints is the program `darknet` of Debian."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from converters.cli.run import MARK
from tests.converters.cli.given import converted as run
from tests.converters.cli.given import tool
from tests.converters.run.nets import CLASSIFIER, converted, picture
from tests.oracles.darknet import SHARE, needs_darknet


@pytest.fixture
def net(tmp_path: Path) -> Path:
    converted(tmp_path)
    (tmp_path / "two.names").write_text("cat\ndog\n")
    return tmp_path / "net"


def test_what_is_found_is_printed_and_drawn(net: Path, tmp_path: Path) -> None:
    path = picture(tmp_path / "x.png")
    words = (net, path, "--threshold", "0.2", "--names", tmp_path / "two.names", "-o", tmp_path / "new" / "boxes.png")
    printed = run("run", *words).stdout
    assert f"{path}  53 x 41, " in printed
    assert re.search(r"(cat|dog) +\d\d\.\d%  left -?\d+, top -?\d+, right \d+, bottom \d+", printed)
    assert re.search(r"milliseconds: read [\d.]+, prepare [\d.]+, net [\d.]+, decode [\d.]+, draw [\d.]+\n", printed)
    drawn = cv2.imread(str(tmp_path / "new" / "boxes.png"))
    before = cv2.imread(str(path))
    assert drawn is not None
    assert before is not None
    assert drawn.shape == before.shape == (41, 53, 3)
    assert not np.array_equal(drawn, before)
    assert MARK.encode() in (tmp_path / "new" / "boxes.png").read_bytes()
    run("run", *words)


def test_json_is_a_line_for_each_picture(net: Path, tmp_path: Path) -> None:
    paths = [picture(tmp_path / f"{seed}.png", seed=seed) for seed in (1, 2)]
    result = run("run", net, *paths, "--json", "--threshold", "0.2", "--names", tmp_path / "two.names")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["picture"] for one in found] == list(map(str, paths))
    best = found[0]["objects"][0]
    assert best["name"] == ("cat", "dog")[best["class"]]
    left, top, right, bottom = best["box"]
    assert left < right
    assert top < bottom
    assert found[0]["objects"] == sorted(found[0]["objects"], key=lambda one: -one["score"])


def test_a_folder_is_all_its_pictures_and_a_bad_one_stops_no_other(net: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for seed, name in enumerate(("a.png", "a.jpg", "b.bmp")):
        picture(tmp_path / "in" / name, seed=seed)
    (tmp_path / "in" / "d.JFIF").write_bytes((tmp_path / "in" / "a.jpg").read_bytes())
    (tmp_path / "in" / "bad.png").write_text("no picture")
    (tmp_path / "in" / "notes.txt").write_text("no picture either")
    (tmp_path / "in" / "c.GIF").write_text("not read")
    result = tool("run", net, tmp_path / "in", "--out", tmp_path / "out", "-q")
    assert result.exit_code == 1
    assert "bad.png is not a picture that can be read" in result.stderr
    assert "1 of 5 pictures could not be used" in result.stderr
    assert "GIF" not in result.stderr
    said = tool("run", net, tmp_path / "in").stderr
    assert f"note: pictures of these kinds are not read: {tmp_path / 'in' / 'c.GIF'}\n" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg.png", "a.png.png", "b.png", "d.png"]


def test_that_another_engine_takes_the_place_of_opencv_is_said(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenCV 5 has no readNetFromCaffe."""
    monkeypatch.delattr(cv2.dnn, "readNetFromCaffe")
    path = picture(tmp_path / "x.png")
    said = tool("run", net, path)
    assert said.exit_code == 0
    assert "the engine embedded, which is slow: OpenCV 4" in said.stderr
    assert "does not read Caffe files" in said.stderr
    assert tool("run", net, path, "--engine", "embedded").stderr == ""
    assert "does not read Caffe files" in tool("run", net, path, "--engine", "opencv").stderr


def test_a_classifier_tells_its_best_classes(tmp_path: Path) -> None:
    converted(tmp_path, CLASSIFIER)
    (tmp_path / "names").write_text("a\nb\nc\nd\ne\nf\n")
    path = picture(tmp_path / "x.png")
    words = ("run", tmp_path / "net", path, "--names", tmp_path / "names", "--top", "3")
    lines = run(*words).stdout.splitlines()
    scores = [float(line.split()[0]) for line in lines[1:4]]
    assert scores == sorted(scores, reverse=True)
    found = json.loads(run(*words, "--json", "-o", tmp_path / "out.png").stdout)
    assert [f"{one['score']:.5f}  {one['name']}" for one in found["classes"]] == [line.strip() for line in lines[1:4]]


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (np.full((9, 11), 90, np.uint8), "grey"),
        (np.full((9, 11, 4), 90, np.uint8), "alpha"),
        (np.full((9, 11, 3), 900, np.uint16), "16 bits"),
        (np.full((1, 1, 3), 90, np.uint8), "one pixel"),
        (np.full((1, 400, 3), 90, np.uint8), "one row"),
    ],
)
def test_odd_pictures_are_taken(image: np.ndarray, kind: str, net: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), image)
    run("run", net, tmp_path / "x.png", "--out", tmp_path / "out.png")


def refused(*words: object, code: int = 2) -> str:
    result = tool("run", *words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    return result.stderr


def test_wrong_usage_is_answered_before_anything_is_read(net: Path, tmp_path: Path) -> None:
    one, two = (picture(tmp_path / name) for name in ("one.png", "two.png"))
    (tmp_path / "empty").mkdir()
    assert "did you mean" in refused(tmp_path / "nett", one)
    assert "did you mean" in refused(net, tmp_path / "onne.png")
    assert "end it with / for a folder" in refused(net, one, "--out", tmp_path / "x.jpg")
    assert "there are 2 pictures; name a folder" in refused(net, one, two, "--out", tmp_path / "x.png")
    assert "it is a file, and the pictures need a folder" in refused(net, one, "--out", f"{two}/")
    assert "two.png is not a folder, but a file" in refused(net, one, "--out", two / "x.png", code=1)
    assert "holds no picture" in refused(net, tmp_path / "empty")
    assert "would be written to" in refused(net, one, one, "--out", tmp_path / "out")
    (tmp_path / "mine.png").write_text("precious")
    assert "already exists" in refused(net, one, "--out", tmp_path / "mine.png", code=1)
    assert "is read, and cannot be written too" in refused(net, one, "--out", one, code=1)
    assert "has 2 names, the net 2" not in refused(net, one, "--names", one, code=1)
    assert (tmp_path / "mine.png").read_text() == "precious"


BODY = """[net]
width=64
height=48
channels=3
[convolutional]
filters=12
size=3
stride=8
pad=1
activation=leaky
[convolutional]
filters=24
size=1
activation=linear
[yolo]
mask=0,1,2
num=3
anchors=10,14, 23,27, 37,58
classes=3
"""


@needs_darknet
def test_it_prints_what_darknet_prints(tmp_path: Path) -> None:
    """`darknet detector test`: a line for each class of each box, with the score in per cent."""
    converted(tmp_path, BODY)
    (tmp_path / "data").symlink_to(SHARE / "data")
    (tmp_path / "names").write_text("cat\ndog\nbird\n")
    (tmp_path / "my.data").write_text("classes=3\nnames=names\n")
    path = picture(tmp_path / "x.png", (90, 61))
    words = [
        "darknet",
        "detector",
        "test",
        "my.data",
        "tiny.cfg",
        "tiny.weights",
        str(path),
        "-thresh",
        "0.31",
        "-out",
        "drawn",
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    theirs = Counter(re.findall(r"(cat|dog|bird): (\d+)%", done.stdout))
    result = run("run", tmp_path / "net", path, "--json", "--threshold", "0.31", "--names", tmp_path / "names")
    ours = Counter((one["name"], f"{100 * one['score']:.0f}") for one in json.loads(result.stdout)["objects"])
    assert ours == theirs
    assert ours.total() > 10
