"""Forms that are a chain of layers on x, each reading the one before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from caffe_ir.forms.form import Form, exact
from caffe_ir.layer import Layer
from caffe_ir.layers import Eltwise
from caffe_ir.replacement import Replacement

TIMES_X: Literal["times x"] = "times x"
"""What the chain has so far, multiplied with x."""
SQUARED: Literal["squared"] = "squared"
"""What the chain has so far, multiplied with itself."""
Step = Layer | Literal["times x", "squared"]
Chain = tuple[Step, ...]


def chained(name: str, chain: Callable[[Layer], Chain | None], loss: Callable[[Layer], float] = exact) -> Form:
    """The form that writes what `chain` gives for a layer; where that is None the form does not apply."""

    def build(new: Replacement) -> str:
        steps = chain(new.old.layer)
        if steps is None:
            return f"it is not a way to write {new.old.layer}"
        current = new.old.bottom
        for step in steps:
            layer, bottoms, suffix = _link(step, current, new.old.bottom)
            current = new.add(suffix, layer, *bottoms)
        spelled = ", ".join(step if isinstance(step, str) else step.type_name() for step in steps)
        new.note(f"{new.old.layer} -> {spelled}")
        return ""

    return Form(name=name, build=build, loss=loss)


def _link(step: Step, current: str, x: str) -> tuple[Layer, tuple[str, ...], str]:
    """The layer of a step, what it reads, and the suffix of its name."""
    if isinstance(step, Layer):
        return step, (current,), step.type_name().lower()
    other = x if step == TIMES_X else current
    return Eltwise(operation="PROD"), (current, other), "product" if step == TIMES_X else "square"
