"""[yolo], [Gaussian_yolo], [region], [detection] and [iseg]: what ends a net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from caffe_ir.layers import Concat, Sigmoid, Slice
from caffe_ir.layers.source import DetectionHead, GaussianYoloHead, RegionHead, YoloHead
from caffe_ir.layers.source import UnknownHead as UnknownHeadLayer
from converters.darknet.build import Build, Handler, Value
from converters.darknet.heads import Head, UnknownHead
from converters.darknet.section import Section
from converters.darknet.sections.head_options import (
    anchors_of,
    check_channels,
    head_of_a_fork,
    input_size,
    pairs_of_anchors,
    suppression,
)
from converters.darknet.sections.softmax import groups_of, tree_parents
from converters.decode import heads as decoded
from converters.decode.heads import Part, ToDo

Yolo = TypeVar("Yolo", decoded.YoloHead, decoded.GaussianHead)

MOST_ANCHORS = 1 << 16
"""Nets have some ten; a larger number is a typing error, for which no memory would be enough."""


def yolo(section: Section, build: Build) -> Value:
    """yolo_layer.c, forward_yolo_layer; AlexeyAB adds scale_x_y and new_coords."""
    source = build.previous
    x = build.image(source)
    read = _yolo_map(section, build, decoded.YoloHead, 5)
    if isinstance(read, UnknownHead):
        return _unknown(build, x, read)
    if build.dialect == "alexeyab":
        new_coords, scale = section.int("new_coords", 0) != 0, section.float("scale_x_y", 1)
        to_do = ToDo(logistic=() if new_coords else read.to_do.logistic, scale_x_y=scale != 1)
        read = replace(read, scale_x_y=scale, new_coords=new_coords, to_do=to_do)
    build.heads.append(Head(map=read, raw=build.previous_name, dialect=build.dialect))
    layer = YoloHead(
        anchors=read.anchors,
        mask=read.mask,
        classes=read.classes,
        scale_x_y=read.scale_x_y,
        new_coords=read.new_coords,
    )
    return build.result(build.add(layer, x))


def gaussian_yolo(section: Section, build: Build) -> Value:
    """AlexeyAB's gaussian_yolo_layer.c, forward_gaussian_yolo_layer."""
    source = build.previous
    x = build.image(source)
    read = _yolo_map(section, build, decoded.GaussianHead, 9)
    if isinstance(read, UnknownHead):
        return _unknown(build, x, read)
    scale = section.float("scale_x_y", 1)
    logistic: tuple[Part, ...] = ("x", "x_sigma", "y", "y_sigma", "w_sigma", "h_sigma", "objectness", "classes")
    to_do, point = ToDo(logistic=logistic, scale_x_y=scale != 1), section.text("yolo_point", "center")
    read = replace(read, scale_x_y=scale, point=point, to_do=to_do)
    build.heads.append(Head(map=read, raw=build.previous_name, dialect=build.dialect))
    layer = GaussianYoloHead(anchors=read.anchors, mask=read.mask, classes=read.classes, scale_x_y=scale)
    return build.result(build.add(layer, x))


def region(section: Section, build: Build) -> Value:
    """region_layer.c, forward_region_layer. One with a tree of classes stays the map that it reads."""
    source = build.previous
    (c, h, w), x = build.chw(source), build.image(source)
    num, classes, coords = build.size("num", 1), build.size("classes", 20), build.size("coords", 4, least=2)
    anchors = anchors_of(section, build, num)
    if c > num * (coords + 1 + classes) and c % num == 0:
        mask = tuple(range(num))
        return _unknown(build, x, head_of_a_fork(build, num, coords + 1, classes, anchors=anchors, mask=mask))
    check_channels(build, c, num, coords + 1 + classes, "num")
    original = build.dialect == "darknet"
    parents = tree_parents(section, build)
    softmax = section.int("softmax", 0) != 0 or parents != ()  # the layer takes that of the tree whatever softmax says
    background = original and section.int("background", 0) != 0
    of_rest: tuple[Part, ...] = () if background else ("objectness",)
    if original and not softmax:
        of_rest = (*of_rest, "classes")
    of_softmax: tuple[Part, ...] = ("objectness", "classes") if background else ("classes",)
    read = decoded.RegionHead(
        name=build.name,
        blob=None,
        network=input_size(build),
        classes=classes,
        num=num,
        coords=coords,
        anchors=anchors,
        anchor_unit="cells",
        mask=tuple(range(num)),
        grid=(h, w),
        background=background,
        to_do=ToDo(
            logistic=("x", "y", *of_rest) if original else (*of_rest, "x", "y"), softmax=of_softmax if softmax else ()
        ),
        tree=groups_of(parents),
        parents=parents,
        dialect=build.dialect,
        nms=suppression(section, build),
    )
    later: tuple[Part, ...] = () if original else ("x", "y")
    build.heads.append(
        Head(map=read, raw=build.previous_name, later=later, transposed=not original, dialect=build.dialect)
    )
    if not original and section.int("classfix", 0) == -1:
        build.note("assumed", "classfix=-1: AlexeyAB's detector takes no box of objectness below 0.5, heads.json any")
    if read.tree:
        text = "Darknet's CPU code gives no numbers for a tree of classes: the net ends at the map before it"
        build.note("assumed", text, "tree")
        return source
    if coords > 4 and original:
        build.note("assumed", "coordinates beyond the fourth stay as they are; GPU code takes a logistic of them")
    layer = RegionHead(
        anchors=anchors,
        num=num,
        classes=classes,
        coords=coords,
        softmax=softmax,
        background=background,
        logistic_xy=original,
        logistic_classes=original,
        transposed=not original,
    )
    return build.result(build.add(layer, x))


def detection(section: Section, build: Build) -> Value:
    """YOLO v1: the vector as it is, but for softmax (detection_layer.c, forward_detection_layer)."""
    source = build.previous
    side, num, classes = build.size("side", 7), build.size("num", 1), build.size("classes", 1)
    coords = section.int("coords", 1)
    build.require(coords == 4, f"coords={coords}", why="a box has 4 coordinates", key="coords")
    wanted = side**2 * (classes + 5 * num)
    what = f"{side} x {side} cells of {num} boxes and {classes} classes are {wanted} values, not {source.count}"
    build.require(source.count == wanted, what)
    softmax = section.int("softmax", 0) != 0
    read = decoded.DetectionHead(
        name=build.name,
        blob=None,
        network=input_size(build),
        classes=classes,
        num=num,
        coords=coords,
        anchors=(),
        anchor_unit="",
        mask=(),
        grid=(side, side),
        to_do=ToDo(softmax=("classes",) if softmax else ()),
        square_root=section.int("sqrt", 0) != 0,
        nms=suppression(section, build),
    )
    build.heads.append(Head(map=read, raw=build.previous_name, dialect=build.dialect))
    layer = DetectionHead(side=side, num=num, classes=classes, softmax=softmax)
    return build.flat(build.add(layer, build.vector(source)))


def iseg(section: Section, build: Build) -> Value:
    """Logistic on the planes of the classes, all others as they are (iseg_layer.c). The original's only."""
    source = build.previous
    (c, _, _), x = build.chw(source), build.image(source)
    classes, others = build.size("classes", 20), build.size("ids", 32, least=0)
    build.require(c == classes + others, f"classes={classes} and ids={others} are not {c} channels")
    if not others:
        return build.result(build.add(Sigmoid(), x))
    planes, rest = build.add_many(Slice(slice_point=(classes,)), x, 2, "planes")
    return build.result(build.add(Concat(axis=1), build.add(Sigmoid(), planes, suffix="logistic"), rest))


def _unknown(build: Build, x: str, head: UnknownHead) -> Value:
    build.unknown_heads.append(head)
    return build.result(build.add(UnknownHeadLayer(boxes=head.num, values=head.values), x))


def _yolo_map(section: Section, build: Build, kind: type[Yolo], values: int) -> Yolo | UnknownHead:
    """What a head of AlexeyAB's or of the original's is, or, where its boxes have more values, somebody else's."""
    c, h, w = build.chw(build.previous)
    classes, total = build.size("classes", 20), build.size("num", 1)
    build.require(total <= MOST_ANCHORS, f"num={total} is more than {MOST_ANCHORS} anchors", key="num")
    until_hash = build.dialect == "alexeyab"
    mask = section.ints("mask", tuple(range(total)), until_hash=until_hash)
    pairs = pairs_of_anchors(section, build, mask, total)
    anchors, boxes = anchors_of(section, build, pairs), len(mask)
    if c > boxes * (values + classes) and c % boxes == 0:
        return head_of_a_fork(build, boxes, values, classes, anchors=anchors, mask=mask)
    check_channels(build, c, boxes, values + classes, "mask")
    return kind(
        name=build.name,
        blob=None,
        network=input_size(build),
        classes=classes,
        num=len(mask),
        coords=4,
        anchors=anchors,
        anchor_unit="pixels",
        mask=mask,
        grid=(h, w),
        to_do=ToDo(logistic=("x", "y", "objectness", "classes")),
        nms=suppression(section, build),
    )


HANDLERS: Mapping[str, Handler] = {
    "yolo": yolo,
    "Gaussian_yolo": gaussian_yolo,
    "region": region,
    "detection": detection,
    "iseg": iseg,
}
