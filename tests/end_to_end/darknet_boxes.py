"""Boxes in generated pictures: by the Caffe files in OpenCV, prepared and decoded by us, and by Darknet's own program.

Seeded weights give thousands of boxes of middling scores, so the threshold is laid into a gap between two scores: what
is left to rounding is then no more than a box among hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.passes.base import Head, Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert, heads_json
from converters.decode import Detection, Facts, detections, facts_of
from converters.pictures.preparation import Preparation, prepared
from converters.pictures.reading import read_picture
from converters.run.session import session
from converters.verify.engine import CaffeFiles
from tests.converters.decode.written_decoders import Decode
from tests.oracles.darknet_detections import Case, Detected
from tests.oracles.darknet_detections import detections as by_darknet
from tests.oracles.seeded_weights import write_weights

SIZES = [(60, 91), (120, 77), (64, 64), (33, 200), (201, 35), (480, 640), (11, 17), (321, 199), (100, 101), (96, 64)]
"""Rows and columns: portrait and landscape, odd and even, larger and smaller than the nets."""
SATURATED = 0.999
"""Scores from here on lie too close to each other for a threshold between them."""
WANTED = 120
"""Scores above the threshold, before suppression, in a picture."""


class Compared(Struct, frozen=True, kw_only=True):
    """The objects of some pictures beside those of Darknet.

    Seeded weights also give boxes thinner than a pixel of the picture, whose IoU is rounding: `thin` are those, and
    `edge` is the largest difference of a place of theirs, in parts of the picture, `stretch` the same in parts of their
    own side where that is longer than the picture's. `overlap` is the least IoU of the others.
    """

    ours: int
    theirs: int
    unpaired: int
    thin: int
    edge: float
    stretch: float
    overlap: float
    score: float

    @property
    def same(self) -> bool:
        """Some boxes, equal counts, IoU above 0.999, scores to 1e-4, thin boxes to a hundredth of a pixel of 640.

        What is left is float32: in yolov1-tiny 9.1e-6 of the picture, with Winograd's transform 1.14e-5. A side is the
        exponential of a number of the map, whose error is thus relative to the side: of one that is 13 times as long as
        the picture, a hundredth of a pixel is 13 times as much.
        """
        return (
            self.ours == self.theirs > 0
            and not self.unpaired
            and self.overlap > 0.999
            and self.score <= 1e-4
            and self.stretch < 0.01 / 640
        )


def pictures(folder: Path, count: int) -> list[Path]:
    """Pictures of soft noise with some hard shapes, written to the folder."""
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
    """A Darknet net of seeded weights, and the Caffe files made of it; the header says whose Darknet wrote it."""

    def __init__(
        self, folder: Path, text: str, *, head: Head = "raw", header: tuple[int, int, int] = (0, 2, 0)
    ) -> None:
        self.cfg, self.weights = folder / "net.cfg", folder / "net.weights"
        self.cfg.write_text(text)
        write_weights(self.cfg, self.weights, seed=1, header=header)
        model = convert(self.cfg, self.weights)
        made = lower(model.net, CAFFE, Options(head=head))
        written = write(made, folder / "net", CAFFE)
        files = CaffeFiles(
            net=read(written.prototxt, written.caffemodel), prototxt=written.prototxt, caffemodel=written.caffemodel
        )
        self.facts: Facts = facts_of(heads_json(model, made).encode(), folder / "net.heads.json")
        self._run = session("opencv", files, [str(one.blob) for one in self.facts.heads])

    def forward(self, picture: Path) -> tuple[Mapping[str, Array], tuple[int, int]]:
        """The blobs of the heads as OpenCV computes them, and the picture's height and width."""
        image = read_picture(picture, 3)
        fit = self.facts.input.fit
        feeds = {"data": prepared(image, (1, 3, *self.facts.input.size), Preparation(fit=fit))}
        _, height, width = image.shape
        return {name: np.array(blob) for name, blob in self._run(feeds).items()}, (height, width)

    def threshold(self, blobs: Mapping[str, Array], size: tuple[int, int]) -> float:
        """Within the widest gap among the scores around the one that leaves so many."""
        apart = replace(self.facts.heads[-1], nms=replace(self.facts.heads[-1].nms, threshold=2.0, candidates=WANTED))
        all_stay = replace(self.facts, heads=(*self.facts.heads[:-1], apart))
        most, found = WANTED, list[float]()
        for least in (0.5, 0.2, 0.05, 0.001):
            scores = (one.score for one in detections(all_stay, blobs, size, threshold=least))
            found = [score for score in scores if score < SATURATED]
            if len(found) >= most:
                break
        most = min(most, len(found))
        gaps = np.subtract(found[most // 2 : most - 1], found[most // 2 + 1 : most])
        place = most // 2 + int(np.argmax(gaps))
        return (found[place] + found[place + 1]) / 2


Reference = Callable[[Path, Path, Sequence[Case]], list[Detected]]
"""A Darknet's boxes of some pictures, of a cfg and its weights."""


def compared(
    net: Net, given: Sequence[Path], reference: Reference = by_darknet, decode: Decode | None = None
) -> Compared:
    """The objects that both find in the pictures; ours by `decode`, in its place by converters.decode."""
    answers = [net.forward(picture) for picture in given]
    limits = [net.threshold(*answer) for answer in answers]
    fit = net.facts.input.fit
    assert fit != "crop"
    cases = [Case(picture=one, fit=fit, threshold=limit) for one, limit in zip(given, limits, strict=True)]
    found = []
    for (blobs, size), limit, theirs in zip(answers, limits, reference(net.cfg, net.weights, cases), strict=True):
        assert theirs.size == size
        ours = decode(blobs, size, limit) if decode else detections(net.facts, blobs, size, threshold=limit)
        found.append(_beside(ours, theirs))
    return Compared(
        ours=sum(one.ours for one in found),
        theirs=sum(one.theirs for one in found),
        unpaired=sum(one.unpaired for one in found),
        thin=sum(one.thin for one in found),
        edge=max(one.edge for one in found),
        stretch=max(one.stretch for one in found),
        overlap=min(one.overlap for one in found),
        score=max(one.score for one in found),
    )


def _beside(ours: list[Detection], theirs: Detected) -> Compared:
    """Each object beside that one of Darknet's of its class and nearly its score which overlaps it most."""
    rest = _of_darknet(theirs)
    count, unpaired, thin, edge, stretch, overlap, score = len(rest), 0, 0, 0.0, 0.0, 1.0, 0.0
    for one in ours:
        near = [other for other in rest if other.category == one.category and abs(other.score - one.score) <= 1e-4]
        if not near:
            unpaired += 1
            continue
        best = max(near, key=lambda other: _overlap(one, other))
        rest.remove(best)
        score = max(score, abs(best.score - one.score))
        if min(one.place[2] * theirs.size[1], one.place[3] * theirs.size[0]) < 1:
            thin += 1
            apart = np.abs(np.subtract(one.place, best.place))
            edge = max(edge, float(apart.max()))
            stretch = max(stretch, float((apart / np.maximum((1, 1, *best.place[2:]), 1)).max()))
        else:
            overlap = min(overlap, _overlap(one, best))
    return Compared(
        ours=len(ours), theirs=count, unpaired=unpaired, thin=thin, edge=edge, stretch=stretch, overlap=overlap,
        score=score,
    )  # fmt: skip


def _of_darknet(theirs: Detected) -> list[Detection]:
    """Each class of each box that Darknet kept."""
    return [
        Detection(category=int(category), score=float(row[5 + category]), place=tuple(map(float, row[:4])))  # type: ignore[arg-type]
        for row in theirs.kept
        for category in np.flatnonzero(row[5:])
    ]


def _overlap(one: Detection, other: Detection) -> float:
    (ax, ay, aw, ah), (bx, by, bw, bh) = one.place, other.place
    across = min(ax + aw / 2, bx + bw / 2) - max(ax - aw / 2, bx - bw / 2)
    down = min(ay + ah / 2, by + bh / 2) - max(ay - ah / 2, by - bh / 2)
    shared = max(across, 0) * max(down, 0)
    return shared / (aw * ah + bw * bh - shared)
