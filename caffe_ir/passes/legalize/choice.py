"""What a form is worth at its place: what it built, its cost, whom it breaks, and what float32 loses by it."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from msgspec import Struct

from caffe_ir.errors import Note
from caffe_ir.forms import Form
from caffe_ir.layer import Layer, Shapes
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CHIPS, CONVERTERS, WIDESPREAD
from caffe_ir.targets.target import Target

Breaks = Mapping[str, int]
"""Other targets that do not compute a form, by name: REFUSED, or WRONG where they get it wrong in silence; UNCOUNTED
where an old converter refuses it that the files are not for, or a compiler for chips. Of several layers the least
counts: what is refused is not computed wrongly."""
UNCOUNTED, REFUSED, WRONG = 0, 1, 2
AS_IT_IS = Form(name="as it is", build=lambda new: "")

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
    def repeated(self) -> int:
        """The numbers in weights that it writes for several layers, in all of these but the first."""
        names, count = set[str](), 0
        for node in self.new.nodes:
            for name, blob in zip(node.param_names, node.blobs, strict=False):
                count += prod(blob.shape) if name in names else 0
                names.add(name)
        return count

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
    converters = REFUSED if target.for_converters else UNCOUNTED
    for others, refused in ((WIDESPREAD, REFUSED), (CONVERTERS, converters), (CHIPS, UNCOUNTED)):
        verdicts = {other.name: other.verdict(layer, bottoms, images) for other in others if other is not target}
        faults = {name: verdict for name, verdict in verdicts.items() if verdict and verdict.is_fault}
        breaks.update({name: WRONG if verdict.silent else refused for name, verdict in faults.items()})
    return breaks


def of_both(first: Breaks, second: Breaks) -> dict[str, int]:
    """Which targets do not compute a net of two parts."""
    return {name: min(first.get(name, WRONG), second.get(name, WRONG)) for name in first.keys() | second.keys()}
