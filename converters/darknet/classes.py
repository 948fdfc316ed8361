"""With which number of classes a cfg would ask for just the bytes that a weights file has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from converters.darknet.cfg import Cfg
from converters.darknet.section import Option, Section

Sized = Callable[[Cfg], int | None]
"""How many bytes of arrays a cfg asks for; None where it cannot be built."""

_WIDTHS: Mapping[str, str] = {"convolutional": "filters", "connected": "output"}
_BEHIND = frozenset({"avgpool", "softmax", "dropout", "cost", "activation", "logistic", "empty"})
"""What may follow the layer of a classifier that has a channel for each class."""


class _Change(Struct, frozen=True, kw_only=True):
    """Options of sections, by their index and key, for so many classes."""

    options: Mapping[tuple[int, str], int]

    def __str__(self) -> str:
        told = dict.fromkeys(
            f"{key}={value}" for (_, key), value in sorted(self.options.items(), key=lambda one: one[0][1])
        )
        return " and ".join(told)


def fitting_classes(cfg: Cfg, sizes: Collection[int], sized: Sized) -> str:
    """The options with which the cfg asks for one of these sizes, as `classes=20 and filters=75`; '' if none does.

    The size grows by the same for each class: two trials give the number, a third one proves it.
    """
    for change in (_of_heads, _of_classifier):
        first, second = (_sized(cfg, change(cfg, classes), sized) for classes in (1, 2))
        if first is None or second is None or second <= first:
            continue
        for size in sizes:
            classes, rest = divmod(size - first, second - first)
            proposed = change(cfg, classes + 1)
            if rest == 0 and classes >= 0 and _sized(cfg, proposed, sized) == size and not _is_there(cfg, proposed):
                return str(proposed)
    return ""


def _of_heads(cfg: Cfg, classes: int) -> _Change:
    """Each head's classes, and the filters of the section before it."""
    options: dict[tuple[int, str], int] = {}
    for before, head in zip(cfg.sections, cfg.sections[1:], strict=False):
        count, key = _values(head, classes), _WIDTHS.get(before.kind)
        if count is not None and key is not None:
            options[head.index, "classes"] = classes
            options[before.index, key] = count
    return _Change(options=options)


def _values(head: Section, classes: int) -> int | None:
    """How many channels or values a head reads."""
    num = head.int("num", 1)
    if head.kind in ("yolo", "Gaussian_yolo"):
        boxes = len(head.ints("mask", tuple(range(min(num, 1 << 10)))))
        return boxes * ((5 if head.kind == "yolo" else 9) + classes)
    if head.kind == "region":
        return num * (head.int("coords", 4) + 1 + classes)
    return head.int("side", 7) ** 2 * (5 * num + classes) if head.kind == "detection" else None


def _of_classifier(cfg: Cfg, classes: int) -> _Change:
    """The width of the last section with weights, where what follows keeps the number of channels."""
    behind = list(takewhile(lambda section: section.kind in _BEHIND, reversed(cfg.sections)))
    place = len(cfg.sections) - 1 - len(behind)
    key = _WIDTHS.get(cfg.sections[place].kind) if place >= 0 else None
    if key is None or not any(section.kind == "softmax" for section in behind):
        return _Change(options={})
    return _Change(options={(cfg.sections[place].index, key): classes})


def _sized(cfg: Cfg, change: _Change, sized: Sized) -> int | None:
    return sized(replace(cfg, sections=tuple(_changed(cfg, change)))) if change.options else None


def _changed(cfg: Cfg, change: _Change) -> Iterator[Section]:
    """The sections as if the options stood in them; they remember nothing of what was read of the first ones."""
    own: dict[int, dict[str, Option]] = {}
    for (index, key), value in change.options.items():
        own.setdefault(index, {})[key] = Option(value=str(value), line=cfg.sections[index].line)
    for section in cfg.sections:
        yield replace(section, options={**section.options, **own.get(section.index, {})}, _asked=set(), _odd={})


def _is_there(cfg: Cfg, change: _Change) -> bool:
    return all(cfg.sections[index].int(key, -1) == value for (index, key), value in change.options.items())
