"""A decoder for one net as a file of its own, in Python with numpy or in C99, made of two templates and heads.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from converters.decode.decode import check_decodable
from converters.decode.facts import Facts
from converters.decode.heads import SsdHead
from converters.decode.nms import GREEDY_BETA, measure_of
from converters.decode.standalone_c import c_words
from converters.decode.standalone_numbers import plain
from converters.decode.standalone_python import python_words
from converters.decode.template import filled

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
        "NET": plain(stem),
        "SOURCE": plain(f"{stem}.heads.json"),
        "PREFIX": identifier(stem),
        "MARK": MARK,
        "THRESHOLD": repr(nms.score_threshold),
        "NMS": repr(nms.threshold),
        "BETA": repr(beta),
        "DISTANCE_COMMENT": " less the distance of the centres over the hull's diagonal" if distance else "",
        "CANDIDATES": str(nms.candidates),
        "MOST": str(nms.most),
        "CLASSES": str(max(head.classes for head in facts.heads)),
    }
    own = python_words(facts) if language == "python" else c_words(facts)
    return filled(f"decoder.{'py' if language == 'python' else 'c'}.in", tags, {**words, **own})


def identifier(stem: str) -> str:
    """A name for C and Python."""
    name = re.sub(r"\W", "_", stem, flags=re.ASCII)
    return f"net_{name}" if not name or name[0].isdigit() else name
