"""A decoder for one net as a file of its own, in Python with numpy or in C99, made of two templates and heads.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from converters.decode.decode import check_decodable
from converters.decode.facts import Facts, HeadFacts
from converters.decode.nms import GREEDY_BETA, measure_of
from converters.decode.yolo import SIDES

Language = Literal["python", "c"]
ENDINGS: Mapping[Language, str] = {"python": ".decoder.py", "c": ".decoder.c"}
MARK = "Written by tocaffe."
"""Stands in the files, by which a later run knows them as ours."""
_BLOCK = re.compile(r"^//@ (?!end$)([\w ]+)\n(.*?)^//@ end\n", re.MULTILINE | re.DOTALL)


def standalone(facts: Facts, stem: str, language: Language) -> str:
    """The text of a decoder for the net that is called `stem`. Raises ConversionError where there can be none."""
    check_decodable(facts)
    nms = facts.heads[-1].nms
    measure_of(nms)
    distance = nms.kind in ("greedynms", "diounms")
    beta = GREEDY_BETA if nms.kind == "greedynms" or nms.beta is None else nms.beta
    tags = {"distance" if distance else "iou", *(head.type for head in facts.heads)}
    words = {
        "NET": _plain(stem),
        "SOURCE": _plain(f"{stem}.heads.json"),
        "PREFIX": _identifier(stem),
        "MARK": MARK,
        "THRESHOLD": repr(nms.score_threshold),
        "NMS": repr(nms.threshold),
        "BETA": repr(beta),
        "DISTANCE_COMMENT": " less the distance of the centres over the hull's diagonal" if distance else "",
        "CLASSES": str(max(head.classes for head in facts.heads)),
    }
    own = _python(facts) if language == "python" else _c(facts)
    text = Path(__file__).with_name(f"decoder.{'py' if language == 'python' else 'c'}.in").read_text(encoding="utf-8")
    text = _BLOCK.sub(lambda block: block[2] if tags & set(block[1].split()) else "", text)
    for key, value in {**words, **own}.items():
        text = text.replace("{{" + key + "}}", value)
    return text


def _facts(facts: Facts, head: HeadFacts) -> dict[str, bool | int | float]:
    """What both languages say of a head in numbers."""
    to_do = head.to_do
    return {
        "num": head.num,
        "classes": head.classes,
        "rows": head.grid[0],
        "columns": head.grid[1],
        "logistic_xy": "x" in to_do.logistic,
        "logistic_sigma": "x_sigma" in to_do.logistic,
        "logistic_objectness": "objectness" in to_do.logistic,
        "logistic_classes": "classes" in to_do.logistic,
        "softmax": bool(to_do.softmax),
        "coords": head.coords,
        "background": head.background,
        "new_coords": head.new_coords,
        "transposed": head.transposed,
        "square_root": head.square_root,
        "letterbox": facts.input.fit == "letterbox" and head.type != "detection",
        "scale_xy": head.scale_x_y if to_do.scale_x_y else 1.0,
        "shift_xy": -0.5 * (head.scale_x_y - 1) if to_do.scale_x_y else 0.0,
        "point": SIDES.get(head.point, 0.0),
    }


def _anchors(head: HeadFacts) -> list[float]:
    """Width and height of each box's anchor, in its order."""
    pairs = [head.anchors[2 * place : 2 * place + 2] for place in head.mask]
    return [number for pair in pairs for number in pair]


def _ends(head: HeadFacts) -> list[int]:
    return list(map(int, np.cumsum(head.tree)))


# ---- Python --------------------------------------------------------------------------------------------------------


def _python(facts: Facts) -> dict[str, str]:
    return {
        "BLOBS": repr([str(head.blob) for head in facts.heads]),
        "FIRST_BLOB": _plain(str(facts.heads[0].blob)),
        "TABLES": "\n".join(["HEADS = [", *(_python_head(facts, head) for head in facts.heads), "]"]),
        "CALLS": "\n".join(_python_call(place, head) for place, head in enumerate(facts.heads)),
    }


def _python_head(facts: Facts, head: HeadFacts) -> str:
    pairs: dict[str, object] = {
        **_facts(facts, head),
        "network": head.network[::-1],
        "gaussian": head.type == "Gaussian_yolo",
        "parents": list(head.parents),
        "ends": _ends(head),
    }
    lines = [f'        "{key}": {value!r},' for key, value in pairs.items()]
    anchors = repr(np.reshape(_anchors(head), (-1, 2)).tolist())
    return "\n".join(["    {", *lines, f'        "anchors": np.array({anchors}, np.float32),', "    },"])


def _python_call(place: int, head: HeadFacts) -> str:
    function = "yolo" if head.type == "Gaussian_yolo" else head.type
    return f"    found.append({function}(HEADS[{place}], blobs[BLOBS[{place}]], least, picture_height, picture_width))"


# ---- C -------------------------------------------------------------------------------------------------------------


def _c(facts: Facts) -> dict[str, str]:
    return {
        "BLOB_NAMES": ", ".join(_plain(str(head.blob)) for head in facts.heads),
        "TABLES": "\n\n".join("\n".join(_c_head(facts, place, head)) for place, head in enumerate(facts.heads)),
        "CALLS": "\n".join(_c_call(place, head) for place, head in enumerate(facts.heads)),
    }


def _c_head(facts: Facts, place: int, head: HeadFacts) -> Iterator[str]:
    shape = f"{head.num} boxes in {head.grid[0]} x {head.grid[1]} cells, {head.classes} classes"
    yield f"/* {_plain(head.name)}, of the blob {_plain(str(head.blob))}: {shape} */"
    tables = {"anchors": ("float", [_float(one) for one in _anchors(head)])}
    if head.tree:
        tables["parents"] = ("int", list(map(str, head.parents)))
        tables["ends"] = ("int", list(map(str, _ends(head))))
    fields = {key: _number(value) for key, value in _facts(facts, head).items()}
    for name, (kind, numbers) in tables.items():
        if numbers:
            yield f"static const {kind} {name}_{place}[] = {{"
            yield from _rows(numbers)
            yield "};"
            fields[name] = f"{name}_{place}"
    width, height = head.network[::-1]
    fields["network"] = f"{{{width}, {height}}}"
    fields["groups"] = str(len(head.tree))
    yield f"static const struct head head_{place} = {{"
    yield from (f"    .{key} = {value}," for key, value in fields.items())
    yield "};"


def _c_call(place: int, head: HeadFacts) -> str:
    if head.type in ("yolo", "Gaussian_yolo"):
        return f"    yolo(&to, &head_{place}, blobs[{place}], {int(head.type == 'Gaussian_yolo')});"
    return f"    {head.type}(&to, &head_{place}, blobs[{place}]);"


def _number(value: bool | int | float) -> str:
    return _float(value) if isinstance(value, float) else str(int(value))


def _float(value: float) -> str:
    """A literal of the float32 next to the number."""
    text = repr(float(np.float32(value)))
    return f"{text}f"


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
