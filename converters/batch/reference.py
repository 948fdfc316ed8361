"""The reference of a manifest's keys, made of the declarations that they are read by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from converters.batch.options import KINDS, OPTIONS
from converters.options import Declared, declared
from converters.options.stated import wanted

_TITLES = {"darknet": "Darknet", "pytorch": "PyTorch"}


EXAMPLE = """\
[defaults]
output = "caffe/{name}"

[yolov3]
cfg = "yolov3.cfg"
weights = "yolov3.weights"

[resnet]
factory = "nets.py:resnet"
weights = "resnet.pth"
input = "1x3x224x224"
fold_bn = true
"""


def sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The keys under their titles, each with what it says, what it may be, and what it is if nothing is said."""
    shown: set[str] = set()
    for kind in KINDS:
        keys = [one.name for one in declared(kind) if one.name in OPTIONS and one.name not in shown]
        if rows := [(key, _explained(OPTIONS[key])) for key in keys]:
            yield getattr(kind, "TITLE", ""), rows
        shown |= set(keys)


def _explained(one: Declared) -> str:
    facts = [_form(one)]
    if one.default not in (None, "", (), {}) and "[default:" not in one.option.help:
        facts.append(f"default: {_spelled(one.default)}")
    if len(one.option.sources) == 1:
        facts.append(f"{_TITLES[one.option.sources[0]]} only")
    if one.option.own:
        facts.append("not under [defaults]")
    return f"{one.option.help}  [{'; '.join(facts)}]"


def _form(one: Declared) -> str:
    if not one.choices:
        return wanted(one)
    choices = [
        *map(_spelled, one.choices),
        *([one.option.metavar] if one.option.grammar and one.option.metavar else []),
    ]
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_spelled, value))
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
