"""A list of a target's rules as its documents have them, held against the target's data."""

from __future__ import annotations

from collections.abc import Sequence

from caffe_ir.layer import Layer, Shapes
from caffe_ir.targets.target import Target

Rule = tuple[Layer, Shapes, str]
"""A layer on bottoms of such shapes, and what the target does: `ok`, `refused`, `wrong` or `slow`."""


def broken(target: Target, rules: Sequence[Rule]) -> list[str]:
    """The rules that the data contradict."""
    return [
        f"{layer} on {shapes}: {found}, not {wanted}"
        for layer, shapes, wanted in rules
        if (found := _effect(target, layer, shapes)) != wanted
    ]


def _effect(target: Target, layer: Layer, shapes: Shapes) -> str:
    verdict = target.verdict(layer, shapes)
    return verdict.effect if verdict else "ok"
