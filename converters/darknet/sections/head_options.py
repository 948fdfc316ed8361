"""What the options of a detection head say: its anchors, its boxes, how those are suppressed."""

from __future__ import annotations

from collections.abc import Sequence

from converters.darknet.build import Build
from converters.darknet.heads import UnknownHead
from converters.darknet.section import Section
from converters.decode.heads import Suppression


def head_of_a_fork(
    build: Build, boxes: int, known: int, classes: int, *, anchors: tuple[float, ...], mask: tuple[int, ...]
) -> UnknownHead:
    """A head with more values to a box than the `known` ones and the classes."""
    c, h, w = build.chw(build.previous)
    values, section = c // boxes, build.section.written
    text = f"{values} values for each of {boxes} boxes, where Darknet's own {section} has {known} and classes={classes}"
    text += ": taken for the head of a fork, which only its program can decode; if it is none, "
    build.note("warning", f"{text}classes={values - known} would fit")
    return UnknownHead(
        name=build.name,
        section=section,
        raw=build.previous_name,
        num=boxes,
        values=values,
        anchors=anchors,
        mask=mask,
        grid=(h, w),
        network=input_size(build),
    )


def pairs_of_anchors(section: Section, build: Build, mask: Sequence[int], total: int) -> int:
    """How many pairs of anchors a head has: `num`, or as many as its mask reaches where the cfg gives that many.

    cspx-p7-mish.cfg of AlexeyAB's has num=16 with 20 pairs and masks up to 19; the layer's output needs no anchors.
    """
    reached = max(mask, default=-1) + 1
    given = len(section.floats("anchors", until_hash=build.dialect == "alexeyab")) // 2
    wrong = [place for place in mask if not 0 <= place < max(total, given)]
    build.require(not wrong, f"mask has {wrong}, there are only num={total} anchors", key="mask")
    if reached > total:
        text = f"mask reaches anchor {reached - 1}, but num={total}: Darknet's boxes read memory beyond its anchors"
        build.note("warning", f"{text}; heads.json has all that the cfg gives", "mask")
    return max(total, reached)


def input_size(build: Build) -> tuple[int, int]:
    """Height and width of the net's input."""
    _, height, width = build.source.chw or (0, 1, 1)
    return height, width


def check_channels(build: Build, channels: int, boxes: int, values: int, key: str) -> None:
    """Raises ConversionError, at the option `key`, unless so many boxes of so many values fill the channels."""
    what = f"{boxes} boxes of {values} values are {boxes * values} channels, not {channels}"
    why = f"filters= before, or {key}= or classes= here, are wrong"
    build.require(channels == boxes * values, what, why=why, key=key)


def anchors_of(section: Section, build: Build, num: int) -> tuple[float, ...]:
    """Darknet's are 0.5 where the cfg gives too few (yolo_layer.c, make_yolo_layer); more than 2 num are not used."""
    given: Sequence[float] = section.floats("anchors", until_hash=build.dialect == "alexeyab")
    if len(given) > 2 * num:
        build.note("warning", f"{len(given)} numbers in anchors, only 2 x {num} are used", "anchors")
    elif len(given) < 2 * num:
        build.note("warning", f"{len(given)} numbers in anchors, the rest of 2 x {num} is 0.5", "anchors")
    return tuple(given[: 2 * num]) + (0.5,) * (2 * num - len(given))


def suppression(section: Section, build: Build) -> Suppression:
    """What `detector test` does (detector.c): .5 in the original, .25 in AlexeyAB's; nms .45 in both."""
    if build.dialect == "darknet":
        return Suppression(kind="default", threshold=0.45, score_threshold=0.5)
    kind, beta = section.text("nms_kind", "default"), section.float("beta_nms", 0.6)
    return Suppression(kind=kind, threshold=0.45, beta=beta, score_threshold=0.25)
