"""From a picture to boxes: the Caffe files in OpenCV, prepared and decoded by us, and Darknet's own program.

Seeded weights give thousands of boxes of middling scores, so the threshold is laid into a gap between two scores: what
is left to rounding is then no more than a box among hundreds.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert, heads_json
from converters.decode import Detection, Facts, detections, facts_of
from converters.pictures.preparation import Preparation, prepared
from converters.pictures.reading import read_picture
from converters.verify.engine import CaffeFiles
from converters.verify.opencv_engine import OPENCV
from tests.oracles.darknet import SHARE, needs_darknet
from tests.oracles.darknet_detections import Case, Detected
from tests.oracles.darknet_detections import detections as by_darknet
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink

pytestmark = needs_darknet
NETS = ("yolov1-tiny", "yolov2-voc", "yolov2-tiny", "yolov3", "yolov3-tiny")
SIZES = [(60, 91), (120, 77), (64, 64), (33, 200), (201, 35), (480, 640), (11, 17), (321, 199), (100, 101), (96, 64)]
"""Rows and columns: portrait and landscape, odd and even, larger and smaller than the nets."""
WANTED = 120
"""Scores above the threshold, before suppression, in a picture."""


def drawn(folder: Path, count: int) -> list[Path]:
    """Pictures of soft noise with some hard shapes."""
    made = []
    for place in range(count):
        rng, (rows, columns) = np.random.default_rng(place), SIZES[place % len(SIZES)]
        noise = rng.integers(0, 256, (rows // 9 + 2, columns // 9 + 2, 3), np.uint8)
        image = cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC)
        for _ in range(4):
            corner, size = rng.integers(0, (columns, rows)), rng.integers(5, 60, 2)
            colour = tuple(int(one) for one in rng.integers(0, 256, 3))
            cv2.rectangle(image, corner.tolist(), (corner + size).tolist(), colour, -1)
        made.append(folder / f"{place}.png")
        cv2.imwrite(str(made[-1]), image)
    return made


class Net:
    """A Darknet net, and the Caffe files that were made of it."""

    def __init__(self, folder: Path, text: str, *, head: str = "raw", header: tuple[int, int, int] = (0, 2, 0)) -> None:
        self.cfg, self.weights = folder / "net.cfg", folder / "net.weights"
        self.cfg.write_text(text)
        write_weights(self.cfg, self.weights, seed=1, header=header)
        model = convert(self.cfg, self.weights)
        made = lower(model.net, CAFFE, Options(head=head))  # type: ignore[arg-type]
        written = write(made, folder / "net", CAFFE)
        net = read(written.prototxt, written.caffemodel)
        self.files = CaffeFiles(net=net, prototxt=written.prototxt, caffemodel=written.caffemodel)
        self.facts: Facts = facts_of(heads_json(model, made).encode(), folder / "net.heads.json")

    def forward(self, picture: Path):
        """The blobs of the heads as OpenCV computes them, and the picture's height and width."""
        image = read_picture(picture, 3)
        feeds = {"data": prepared(image, (1, 3, *self.facts.input.size), Preparation(fit=self.facts.input.fit))}
        names = [str(head.blob) for head in self.facts.heads]
        ordered = sorted(names, key=self.files.net.outputs.index)
        return dict(zip(ordered, list(OPENCV.blobs(self.files, ordered, feeds)), strict=True)), image.shape[1:]

    def threshold(self, blobs: dict[str, np.ndarray], size: tuple[int, int]) -> float:
        """Within the widest gap among the scores around the one that leaves so many."""
        apart = replace(self.facts.heads[-1], nms=replace(self.facts.heads[-1].nms, threshold=2.0))
        all_stay = replace(self.facts, heads=(*self.facts.heads[:-1], apart))
        scores = [one.score for one in detections(all_stay, blobs, size, threshold=0.001)]
        most = min(WANTED, len(scores))
        gaps = np.subtract(scores[most // 2 : most - 1], scores[most // 2 + 1 : most])
        place = most // 2 + int(np.argmax(gaps))
        return (scores[place] + scores[place + 1]) / 2


def pairs(theirs: np.ndarray) -> list[Detection]:
    """Each class of each box that Darknet kept, the best first."""
    found = [
        Detection(category=category, score=float(row[5 + category]), place=tuple(map(float, row[:4])))  # type: ignore[arg-type]
        for row in theirs
        for category in np.flatnonzero(row[5:])
    ]
    return sorted(found, key=lambda one: -one.score)


def iou(one: Detection, other: Detection) -> float:
    (ax, ay, aw, ah), (bx, by, bw, bh) = one.place, other.place
    across = min(ax + aw / 2, bx + bw / 2) - max(ax - aw / 2, bx - bw / 2)
    down = min(ay + ah / 2, by + bh / 2) - max(ay - ah / 2, by - bh / 2)
    shared = max(across, 0) * max(down, 0)
    return shared / (aw * ah + bw * bh - shared)


def assert_same(ours: list[Detection], theirs: Detected, score: float = 1e-4) -> None:
    """Equal counts, and for each object one of the same class, score and place.

    Seeded weights also give boxes that are thinner than a pixel of the picture, whose IoU is rounding: for those the
    edges are compared, to a hundred-thousandth of the picture.
    """
    rest = pairs(theirs.kept)
    assert len(ours) == len(rest)
    for one in ours:
        near = [other for other in rest if other.category == one.category and abs(other.score - one.score) <= score]
        best = max(near, key=lambda other: iou(one, other))
        thin = min(one.place[2] * theirs.size[1], one.place[3] * theirs.size[0]) < 1
        assert iou(one, best) > 0.999 or (thin and np.abs(np.subtract(one.place, best.place)).max() < 1e-5)
        rest.remove(best)


def compared(net: Net, pictures: list[Path]) -> int:
    """How many objects there were in all."""
    answers = [net.forward(picture) for picture in pictures]
    limits = [net.threshold(*answer) for answer in answers]
    fit = net.facts.input.fit
    assert fit != "crop"
    cases = [Case(picture=one, fit=fit, threshold=limit) for one, limit in zip(pictures, limits, strict=True)]
    count = 0
    for (blobs, size), limit, theirs in zip(answers, limits, by_darknet(net.cfg, net.weights, cases), strict=True):
        ours = detections(net.facts, blobs, size, threshold=limit)
        assert theirs.size == size
        assert_same(ours, theirs)
        count += len(ours)
    return count


@pytest.mark.parametrize(
    ("name", "head"), [*((name, "raw") for name in NETS), ("yolov2-tiny", "activated"), ("yolov3-tiny", "activated")]
)
def test_the_boxes_are_darknets(name: str, head: str, tmp_path: Path) -> None:
    net = Net(tmp_path, shrink((SHARE / "cfg" / f"{name}.cfg").read_text()), head=head)
    assert compared(net, drawn(tmp_path, 3)) > 60


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_the_boxes_of_fifty_pictures_are_darknets(name: str, tmp_path: Path) -> None:
    net = Net(tmp_path, shrink((SHARE / "cfg" / f"{name}.cfg").read_text(), width=1 / 4))
    assert compared(net, drawn(tmp_path, 50)) > 1000
