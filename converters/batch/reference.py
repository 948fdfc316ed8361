"""The reference of a manifest's keys, made of the declarations that they are read by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from converters.batch.options import KINDS, OPTIONS
from converters.options import Declared, declared
from converters.options.stated import wanted

_TITLES = {"darknet": "Darknet", "pytorch": "PyTorch", "caffe": "Caffe"}


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

[shufflenet]
prototxt = "shufflenet.prototxt"
caffemodel = "shufflenet.caffemodel"
target = ["ncnn", "mnn"]
output = "{target}/{name}"
"""


class Key(Struct, frozen=True, kw_only=True):
    """A key of a manifest in words: what it says, what it may be, and what it is if nothing is said."""

    name: str
    help: str
    form: str
    default: str = ""
    only: str = ""
    """The sources whose models alone have it."""
    own: bool = False
    """It belongs to one model, and cannot stand under [defaults]."""

    def __str__(self) -> str:
        facts = [self.form]
        facts += [f"default: {self.default}"] if self.default else []
        facts += [f"{self.only} only"] if self.only else []
        facts += ["not under [defaults]"] if self.own else []
        return f"{self.help}  [{'; '.join(facts)}]"


def sections() -> Iterator[tuple[str, list[Key]]]:
    """All keys, each once, under the titles of what declares them."""
    shown: set[str] = set()
    for kind in KINDS:
        names = [one.name for one in declared(kind) if one.name in OPTIONS and one.name not in shown]
        if names:
            yield getattr(kind, "TITLE", ""), [_key(OPTIONS[name]) for name in names]
        shown |= set(names)


def _key(one: Declared) -> Key:
    sources = one.option.sources
    unsaid = one.default in (None, "", (), {}) or "[default:" in one.option.help
    return Key(
        name=one.name,
        help=one.option.help,
        form=_form(one),
        default="" if unsaid else _spelled(one.default),
        only="" if len(sources) == len(_TITLES) else " and ".join(_TITLES[source] for source in sources),
        own=one.option.own,
    )


def _form(one: Declared) -> str:
    if not one.choices:
        return wanted(one)
    choices = [
        *map(_spelled, one.choices),
        *([one.option.metavar] if one.option.grammar and one.option.metavar else []),
    ]
    return " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_spelled, value))
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
