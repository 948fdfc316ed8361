"""What a target does not read as Caffe does: limits of layers, neighbours, whole nets, spellings and names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from keyword import iskeyword
from typing import Any, Literal

from msgspec import Struct

from caffe_ir.float32 import in_float32
from caffe_ir.layer import Layer, Shapes
from caffe_ir.net import Net
from caffe_ir.node import Node

Evidence = Literal["run", "source", "document"]
"""How a limit is known: run by us, read in the importer's source code, or stated in a document or report."""
Effect = Literal["refused", "wrong", "other form", "slow"]
"""What a target makes of a layer that it does not compute as it should, the worst first."""
EFFECTS: tuple[Effect, ...] = ("refused", "wrong", "other form", "slow")


class Case(Struct, frozen=True, kw_only=True):
    """Something that a target does not read as Caffe does.

    `silent`: it reads it and computes something else, without a message. `other_form`: it computes the same and gives
    it in other rows, which the program behind it has to know. `slow`: it computes it rightly, and another form many
    times faster. `source` is the trial, file or document that shows it; `evidence` says which of these it
    is, where that differs from the rest of the target's. `of_weights`: it is due to the weights as Caffe writes them;
    who has a file of them asks for what that holds (caffe_ir/targets/stored.py).
    """

    silent: bool = False
    other_form: bool = False
    slow: bool = False
    of_weights: bool = False
    source: str = ""
    evidence: Evidence | None = None

    @property
    def effect(self) -> Effect:
        if self.other_form:
            return "other form"
        return "slow" if self.slow else "wrong" if self.silent else "refused"


class Limit(Case, frozen=True, kw_only=True):
    """A case of one layer type that the target reads.

    `unless`: where the net around the layer lets the target compute it rightly all the same. Whoever has the net asks
    for it; a layer that is chosen without it keeps the limit.
    """

    unless: Callable[[Net, Node], bool] = lambda net, node: False

    @property
    def title(self) -> str:
        """The case in a few words, for a list of limits."""
        raise NotImplementedError

    def broken(self, layer: Layer, bottoms: Shapes, images: int) -> str:
        """What is wrong with the layer on bottoms of these shapes; empty where the limit is kept.

        `images` is how many the net takes at once.
        """
        raise NotImplementedError


class Only(Limit, frozen=True, kw_only=True):
    """A field may have these values and no others."""

    field: str
    values: tuple[object, ...]

    @property
    def title(self) -> str:
        return f"{self.field} other than {', '.join(map(str, self.values))}"

    def broken(self, layer: Layer, bottoms: Shapes, images: int) -> str:
        value = getattr(layer, self.field)
        known = in_float32(value) in in_float32(self.values)
        return "" if known else f"{self.field} is {value}, where only {list(self.values)} is known"


class AtMost(Limit, frozen=True, kw_only=True):
    """A field, or each number of a tuple, may not exceed a number."""

    field: str
    most: float

    @property
    def title(self) -> str:
        return f"{self.field} above {self.most}"

    def broken(self, layer: Layer, bottoms: Shapes, images: int) -> str:
        value = getattr(layer, self.field)
        over = max(value, default=0) > self.most if isinstance(value, tuple) else value > self.most
        return f"{self.field} is {value}, and {self.most} is the most" if over else ""


class Never(Limit, frozen=True, kw_only=True):
    """A case that the layer and the shapes of its bottoms decide; `text` says in a sentence what is not possible."""

    text: str
    where: Callable[[Any, Shapes], bool]

    @property
    def title(self) -> str:
        return self.text

    def broken(self, layer: Layer, bottoms: Shapes, images: int) -> str:
        return self.text if self.where(layer, bottoms) else ""


class OfImages(Limit, frozen=True, kw_only=True):
    """A case that the number of images which the net takes at once decides as well, the last argument of `where`."""

    text: str
    where: Callable[[Any, Shapes, int], bool]

    @property
    def title(self) -> str:
        return self.text

    def broken(self, layer: Layer, bottoms: Shapes, images: int) -> str:
        return self.text if self.where(layer, bottoms, images) else ""


class Pair(Case, frozen=True, kw_only=True):
    """Two neighbours: a layer of the type `second` that reads what one of the type `first` writes, in some cases."""

    first: type[Layer]
    second: type[Layer]
    text: str
    where: Callable[[Any, Any, Shapes], bool] = lambda first, second, bottoms: True
    """Of both layers and the shapes of the second one's bottoms."""
    apart: bool = False
    """A view between the two, and the target computes them as Caffe does."""


class NetLimit(Case, frozen=True, kw_only=True):
    """A case that the whole net decides: `where` gives the nodes that break it."""

    text: str
    where: Callable[[Net], Iterable[Node]]
    apart: bool = False
    """A view in front of the node, and the target computes it as Caffe does."""
    places: Callable[[Net, Node], Iterable[int]] = lambda net, node: (0,)
    """The bottoms of the node in front of which that view has to stand."""
    of_flatten: bool = False
    """A Reshape in the place of the Flattens behind which the node stands, and the target computes it as Caffe does."""
    of_maxima: bool = False
    """Its nodes are Poolings: the largest of shifted maps in their place, and the target computes it as Caffe does."""


class Spelling(Case, frozen=True, kw_only=True):
    """One of several ways to write a layer type in a file, of one meaning in Caffe, that a target does not read so.

    `where` is asked with the fields of the layer's parameters as the file sets them, with its tops as `top`, and with
    the shapes of its bottoms as `bottom` and its letters as `text`, which are not known everywhere.
    """

    type_name: str
    text: str
    where: Callable[[Mapping[str, Any]], bool]


class Names(Case, frozen=True, kw_only=True):
    """What the names of layers and blobs must be: of at most `most` characters (0: any number); where `plain`,
    identifiers that are no Python keywords, with the `joined` signs counted as letters; without blanks.

    With `small_ends` what writes an output has no capitals in its name. With `ends_only` that holds for the inputs and
    outputs of the net alone, with `layers_only` for layers and not for blobs.
    """

    most: int = 0
    plain: bool = False
    blanks: bool = True
    joined: str = ""
    ends_only: bool = False
    layers_only: bool = False
    small_ends: bool = False

    @property
    def title(self) -> str:
        whose = "names of inputs and outputs" if self.ends_only else "names of layers" if self.layers_only else "names"
        long = f"of more than {self.most} characters" if self.most else ""
        signs = " ".join(("_", *self.joined))
        odd = f"with characters other than letters, digits and {signs}, with a digit first, or a Python keyword"
        odd = odd if self.plain else ""
        blank = "" if self.blanks else "with blanks"
        small = ", or with capitals, where the layer writes an output" if self.small_ends else ""
        return f"{whose} {' or '.join(part for part in (long, odd, blank) if part)}{small}"

    def broken(self, name: str) -> bool:
        if self.most and len(name) > self.most:
            return True
        return (self.plain and not self._is_plain(name)) or (not self.blanks and " " in name)

    def _is_plain(self, name: str) -> bool:
        plain = "".join("_" if sign in self.joined else sign for sign in name)
        return plain.isidentifier() and not iskeyword(plain.lower())
