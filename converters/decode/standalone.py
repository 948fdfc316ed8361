"""A decoder for one net as a file of its own, in Python with numpy or in C99, made of two templates and heads.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from converters.decode.decode import check_decodable
from converters.decode.facts import Facts
from converters.decode.heads import AnchorHead, AnyHead, BoxesHead, DflHead, RegionHead, SsdHead
from converters.decode.nms import GREEDY_BETA, measure_of
from converters.decode.template import filled
from converters.decode.yolo import SIDES

Language = Literal["python", "c"]
ENDINGS: Mapping[Language, str] = {"python": ".decoder.py", "c": ".decoder.c"}
MARK = "Written by tocaffe."
"""Stands in the files, by which a later run knows them as ours."""


def standalone(facts: Facts, stem: str, language: Language) -> str:
    """The text of a decoder for the net that is called `stem`. Raises ConversionError where there can be none."""
    check_decodable(facts)
    nms = facts.heads[-1].nms
    measure_of(nms)
    distance = nms.kind in ("greedynms", "diounms")
    beta = GREEDY_BETA if nms.kind == "greedynms" or nms.beta is None else nms.beta
    limits = {"best_class": nms.best_class, "candidates": nms.candidates, "most": nms.most}
    tags = {"distance" if distance else "iou", *(head.type for head in facts.heads)}
    tags.update(tag for tag, limit in limits.items() if limit)
    if any(isinstance(head, SsdHead) and head.levels for head in facts.heads):
        tags.add("levels")
    words = {
        "NET": _plain(stem),
        "SOURCE": _plain(f"{stem}.heads.json"),
        "PREFIX": _identifier(stem),
        "MARK": MARK,
        "THRESHOLD": repr(nms.score_threshold),
        "NMS": repr(nms.threshold),
        "BETA": repr(beta),
        "DISTANCE_COMMENT": " less the distance of the centres over the hull's diagonal" if distance else "",
        "CANDIDATES": str(nms.candidates),
        "MOST": str(nms.most),
        "CLASSES": str(max(head.classes for head in facts.heads)),
    }
    own = _python(facts) if language == "python" else _c(facts)
    return filled(f"decoder.{'py' if language == 'python' else 'c'}.in", tags, {**words, **own})


def _facts(facts: Facts, head: AnyHead) -> dict[str, bool | int | float]:
    """What both languages say of a head in numbers."""
    letterbox = facts.input.fit == "letterbox" and head.type != "detection"
    common = {"classes": head.classes, "letterbox": letterbox}
    if isinstance(head, DflHead):
        return {**common, **_of_dfl(head)}
    if isinstance(head, BoxesHead):
        own = {"boxes": head.count, "objectness": head.objectness, "transposed": head.transposed}
        return {**common, **own}
    return {**common, **(_of_ssd(head) if isinstance(head, SsdHead) else _of_anchors(head))}


def _of_anchors(head: AnchorHead) -> dict[str, bool | int | float]:
    to_do = head.to_do
    found: dict[str, bool | int | float] = {
        "num": head.num,
        "rows": head.grid[0],
        "columns": head.grid[1],
        "logistic_xy": "x" in to_do.logistic,
        "logistic_wh": "w" in to_do.logistic,
        "logistic_sigma": "x_sigma" in to_do.logistic,
        "logistic_objectness": "objectness" in to_do.logistic,
        "logistic_classes": "classes" in to_do.logistic,
        "coords": head.coords,
        "new_coords": head.new_coords,
        "square_root": head.square_root,
        "scale_xy": head.scale_x_y if to_do.scale_x_y else 1.0,
        "shift_xy": -0.5 * (head.scale_x_y - 1) if to_do.scale_x_y else 0.0,
        "point": SIDES.get(head.point, 0.0),
    }
    if head.type in ("region", "detection"):
        found.update(softmax=bool(to_do.softmax), background=head.background)
    if isinstance(head, RegionHead):
        found.update(transposed=head.transposed, scores_alone=head.scores_alone)
        found.update(last_likely=head.dialect == "alexeyab")
    return found


def _of_dfl(head: DflHead) -> dict[str, bool | int | float]:
    return {
        "grid_rows": head.grid[0],
        "grid_columns": head.grid[1],
        "first": head.first,
        "cells": head.cells,
        "reg_max": head.reg_max,
        "classes_from": 4 * head.reg_max if head.scores_blob is None else 0,
        "stride": head.stride,
        "logistic_classes": "classes" in head.to_do.logistic,
    }


def _of_ssd(head: SsdHead) -> dict[str, bool | int | float]:
    return {
        "count": head.count,
        "softmax": bool(head.to_do.softmax),
        "logistic_classes": "classes" in head.to_do.logistic,
        "background": head.background,
        "clip": head.clip,
        "limited": head.exponent_limit is not None,
    }


def _names(facts: Facts) -> list[str]:
    """The blobs that are read, each once, in the order in which the C function takes them."""
    return list(dict.fromkeys(str(blob) for head in facts.heads for blob, _ in head.reads))


def _arguments(facts: Facts, head: AnyHead) -> list[int]:
    """The places of the head's blobs among them; a function of two takes one twice that holds both."""
    places = [_names(facts).index(str(blob)) for blob, _ in head.reads]
    return places * 2 if isinstance(head, DflHead) and len(places) == 1 else places


def _anchors(head: AnchorHead) -> list[float]:
    """Width and height of each box's anchor, in its order."""
    pairs = [head.anchors[2 * place : 2 * place + 2] for place in head.mask]
    return [number for pair in pairs for number in pair]


def _ends(head: AnchorHead) -> list[int]:
    return list(map(int, np.cumsum(head.tree)))


# ---- Python --------------------------------------------------------------------------------------------------------


def _python(facts: Facts) -> dict[str, str]:
    return {
        "BLOBS": repr(_names(facts)),
        "FIRST_BLOB": _plain(_names(facts)[0]),
        "TABLES": "\n".join(["HEADS = [", *(_python_head(facts, head) for head in facts.heads), "]"]),
        "CALLS": "\n".join(_python_call(facts, place, head) for place, head in enumerate(facts.heads)),
    }


def _python_head(facts: Facts, head: AnyHead) -> str:
    pairs: dict[str, object] = {**_facts(facts, head), "network": head.network[::-1]}
    table: tuple[str, Sequence[float], int] | None = None
    if isinstance(head, AnchorHead):
        pairs.update(gaussian=head.type == "Gaussian_yolo", parents=list(head.parents), ends=_ends(head))
        table = ("anchors", _anchors(head), 2)
    if isinstance(head, SsdHead):
        pairs.update(variances=head.variances, exponent_limit=head.exponent_limit)
        if head.levels:
            pairs.update(levels=list(head.levels), level_candidates=head.level_candidates)
        table = ("priors", head.priors, 4)
    lines = [f'        "{key}": {value!r},' for key, value in pairs.items()]
    if table is not None:
        key, numbers, width = table
        rows = ", ".join(f"[{', '.join(map(str, row))}]" for row in np.reshape(numbers, (-1, width)).astype(np.float32))
        lines.append(f'        "{key}": np.array([{rows}], np.float32),')
    return "\n".join(["    {", *lines, "    },"])


def _python_call(facts: Facts, place: int, head: AnyHead) -> str:
    function = "yolo" if head.type == "Gaussian_yolo" else head.type
    arrays = ", ".join(f"blobs[BLOBS[{one}]]" for one in _arguments(facts, head))
    return f"    found.append({function}(HEADS[{place}], {arrays}, least, picture_height, picture_width))"


# ---- C -------------------------------------------------------------------------------------------------------------


def _c(facts: Facts) -> dict[str, str]:
    return {
        "BLOB_NAMES": ", ".join(map(_plain, _names(facts))),
        "TABLES": "\n\n".join("\n".join(_c_head(facts, place, head)) for place, head in enumerate(facts.heads)),
        "CALLS": "\n".join(_c_call(facts, place, head) for place, head in enumerate(facts.heads)),
    }


def _c_head(facts: Facts, place: int, head: AnyHead) -> Iterator[str]:
    blobs = ", ".join(_plain(str(blob)) for blob, _ in head.reads)
    yield f"/* {_plain(head.name)}, of {blobs}: {_size(head)}, {head.classes} classes */"
    fields = {key: _number(value) for key, value in _facts(facts, head).items()}
    tables: dict[str, tuple[str, list[str]]] = {}
    if isinstance(head, AnchorHead):
        tables["anchors"] = ("float", [_float(one) for one in _anchors(head)])
        if head.tree:
            tables["parents"] = ("int", list(map(str, head.parents)))
            tables["ends"] = ("int", list(map(str, _ends(head))))
            fields["groups"] = str(len(head.tree))
    if isinstance(head, SsdHead):
        tables["priors"] = ("float", [_float(one) for one in head.priors])
        fields["exponent_limit"] = repr(head.exponent_limit or 0.0)
        if head.levels:
            tables["levels"] = ("int", list(map(str, head.levels)))
            fields["level_candidates"] = str(head.level_candidates)
        fields["variances"] = f"{{{', '.join(map(repr, head.variances))}}}"
    for name, (kind, numbers) in tables.items():
        if numbers:
            yield f"static const {kind} {name}_{place}[] = {{"
            yield from _rows(numbers)
            yield "};"
            fields[name] = f"{name}_{place}"
    width, height = head.network[::-1]
    fields["network"] = f"{{{width}, {height}}}"
    yield f"static const struct head head_{place} = {{"
    yield from (f"    .{key} = {value}," for key, value in fields.items())
    yield "};"


def _size(head: AnyHead) -> str:
    if isinstance(head, BoxesHead | SsdHead):
        return f"{head.count} boxes"
    boxes = "a box" if isinstance(head, DflHead) else f"{head.num} boxes"
    return f"{boxes} in each of {head.grid[0]} x {head.grid[1]} cells"


def _c_call(facts: Facts, place: int, head: AnyHead) -> str:
    function = "yolo" if head.type == "Gaussian_yolo" else head.type
    arrays = ", ".join(f"blobs[{one}]" for one in _arguments(facts, head))
    last = f", {int(head.type == 'Gaussian_yolo')}" if function == "yolo" else ""
    return f"    {function}(&to, &head_{place}, {arrays}{last});"


def _number(value: bool | int | float) -> str:
    return _float(value) if isinstance(value, float) else str(int(value))


def _float(value: float) -> str:
    """A literal of the float32 next to the number."""
    return f"{np.float32(value)!s}f"


def _rows(numbers: Sequence[str], width: int = 12) -> Iterator[str]:
    for begin in range(0, len(numbers), width):
        yield f"    {', '.join(numbers[begin : begin + width])},"


# ---- names ---------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """The text without what would end a comment or a string."""
    return re.sub(r"[^\w .,:+/()-]", "_", text).replace("*/", "__").replace("/*", "__")


def _identifier(stem: str) -> str:
    """A name for C and Python."""
    name = re.sub(r"\W", "_", stem, flags=re.ASCII)
    return f"net_{name}" if not name or name[0].isdigit() else name
