"""What a form is worth at its place: what it built, its cost, whom it breaks, and what float32 loses by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from msgspec import Struct

from caffe_ir.errors import Note
from caffe_ir.forms import Form
from caffe_ir.layer import Layer, Shapes
from caffe_ir.node import Node
from caffe_ir.replacement import Replacement
from caffe_ir.targets import COMPILERS, CONVERTERS, WIDESPREAD
from caffe_ir.targets.target import Target

Breaks = Mapping[str, int]
"""Other targets that do not compute a form, by name: REFUSED, or WRONG where they get it wrong in silence; SELDOM
where an old converter refuses it that the files are not for, or a compiler. Of several layers the least
counts: what is refused is not computed wrongly."""
SELDOM, REFUSED, WRONG = 0, 1, 2
AS_IT_IS = Form(name="as it is", build=lambda new: "")


class Share(Struct, frozen=True):
    """What a layer is of all of its kind in the net: one of so many, with so much of the numbers that they make."""

    layers: float
    numbers: float

    @property
    def work(self) -> float:
        """What it is of their work: half of it is being called, half what is moved."""
        return (self.layers + self.numbers) / 2


Priced = tuple[float, Breaks, float]
"""The cost in nanoseconds, the other targets that it breaks, and what float32 loses."""


class Choice(Struct, frozen=True, kw_only=True):
    """A form at its place: what it built, its cost in nanoseconds, and the other targets that it breaks."""

    form: Form
    new: Replacement
    cost: float
    breaks: Breaks
    loss: float
    """What float32 loses by it and by the forms of what it built."""
    kept: bool = False
    """The layer stays as it is."""

    @property
    def priced(self) -> Priced:
        return self.cost, self.breaks, self.loss

    @property
    def held(self) -> int:
        """The numbers in the blobs that it makes itself, views and what is overwritten left out."""
        made = (node for node in self.new.nodes if not node.layer.is_view and not node.in_place)
        return sum(prod(shape) for node in made for shape in self.new.shapes_of(node.tops))

    @property
    def added(self) -> int:
        """The numbers in the weights that it writes, beyond those that the layer has."""
        return 0 if self.kept else max(0, in_weights(self.new.nodes) - in_weights([self.new.old]))

    def commit(self) -> None:
        """Put what was built in the place of the layer."""
        if not self.kept:
            self.new.commit()

    def notes(self) -> list[Note]:
        """What to say of it: the form's own words, or its name."""
        if self.kept or self.new.notes or not self.new.nodes:
            return self.new.notes
        old = self.new.old
        return [Note(kind="lowered", text=f"{old.layer} -> {self.form.name}", origin=old.origin)]


def broken(layer: Layer, bottoms: Shapes, images: int, target: Target) -> Breaks:
    """Which other targets do not compute a layer on bottoms of these shapes, in a net that takes so many images."""
    breaks = dict[str, int]()
    converters = REFUSED if target.for_converters else SELDOM
    for others, refused in ((WIDESPREAD, REFUSED), (CONVERTERS, converters), (COMPILERS, SELDOM)):
        for other in others:
            verdict = other.verdict(layer, bottoms, images)
            if other is not target and verdict and verdict.is_fault:
                breaks[other.name] = WRONG if verdict.silent or _may_be_left_out(layer, other) else refused
    return breaks


def _may_be_left_out(layer: Layer, other: Target) -> bool:
    """Whether a reader leaves out a layer of a type that it lacks, should it be written in place."""
    return layer.works_in_place and other.leaves_out is not None and type(layer) not in other.layers


def in_weights(nodes: Iterable[Node]) -> int:
    """The numbers in the weights of layers."""
    return sum(prod(blob.shape) for node in nodes for blob in node.blobs)


def of_both(first: Breaks, second: Breaks) -> dict[str, int]:
    """Which targets do not compute a net of two parts."""
    return {name: min(first.get(name, WRONG), second.get(name, WRONG)) for name in first.keys() | second.keys()}
