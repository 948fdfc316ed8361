"""The net under construction: what a section's handler reads its inputs from and puts its layers into."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Blob, Shape
from caffe_ir.error_kinds.darknet import SECTION_INPUT, SECTION_OPTION, UNKNOWN_ACTIVATION
from caffe_ir.error_kinds.kind import Kind
from caffe_ir.errors import ConversionError, NoteKind, Origin, Problem, Problems
from caffe_ir.layer import Layer
from caffe_ir.layers import Flatten, Reshape
from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.darknet.activations import ACTIVATIONS, DEFAULTS, choose
from converters.darknet.batch_norm import BatchNormForm
from converters.darknet.classifier import Classifier
from converters.darknet.header import Dialect
from converters.darknet.heads import Head, UnknownHead
from converters.darknet.section import Section
from converters.darknet.weights import WeightsFile

INPUT = "data"

# Layers are called after their section and its place: conv_12. Kinds that are not listed keep their own name.
SHORT_NAMES = {"convolutional": "conv", "deconvolutional": "deconv", "Gaussian_yolo": "gaussian_yolo"}


def layer_name(section: Section) -> str:
    """The name of a section's first layer and of its value."""
    return f"{SHORT_NAMES.get(section.kind, section.kind)}_{section.index}"


class Value(Struct, frozen=True, kw_only=True):
    """What a section computes: a blob, as many values as Darknet counts by image, and (channels, height, width).

    A flat value has no `chw`: Darknet then says width = height = channels = 0, and only a layer that takes a vector
    can read it. A [connected] layer's value has one place and can be read as either.
    """

    blob: str
    count: int
    chw: tuple[int, int, int] | None
    why_flat: str = ""
    """What made a vector of it where its section seems to make an image."""


class LostError(Exception):
    """A section reads a value that could not be made; the reason has been reported already."""


class Filters(Struct, frozen=True, kw_only=True):
    """The arrays of a convolution, as another one shares them: weights, biases, and scales, means and variances."""

    weights: Blob
    biases: Blob
    norm: tuple[Blob, Blob, Blob] | None


class Build(Struct, kw_only=True):
    """What is known half way through a cfg. `section` is the one whose handler runs."""

    net: Net
    weights: WeightsFile
    dialect: Dialect
    batch_norm_form: BatchNormForm
    lenient: bool
    folders: tuple[Path, ...]
    section: Section
    problems: Problems = field(default_factory=Problems)
    values: list[Value | None] = field(default_factory=list)
    """What each section before this one made; None where it could not be made."""
    names: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """How many bytes of the weights, after their header, the sections take up to each one."""
    filters: dict[int, Filters] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)
    """Sections whose value a later [route] or [shortcut] cannot read, though the next section can; and why."""
    heads: list[Head] = field(default_factory=list)
    unknown_heads: list[UnknownHead] = field(default_factory=list)
    classifiers: dict[int, Classifier] = field(default_factory=dict)
    """What each [softmax] is, should it end the net."""
    views: dict[tuple[str, Shape], str] = field(default_factory=dict)
    """Blobs that hold another one under another shape."""
    source: Value

    # ---- telling --------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return layer_name(self.section)

    def origin(self, key: str | None = None) -> Origin:
        return replace(self.section.origin(key), layer=self.name)

    def note(self, kind: NoteKind, text: str, key: str | None = None) -> None:
        self.net.note(kind, text, self.origin(key))

    def refusal(
        self, what: str, *, why: str = "", hint: str = "", key: str | None = None, kind: Kind = SECTION_OPTION
    ) -> ConversionError:
        """The exception to raise where the section cannot be converted."""
        why = "; ".join(filter(None, (self.section.misread(key), why)))
        return ConversionError(Problem(kind=kind, what=what, why=why, hint=hint, origin=self.origin(key)))

    def require(
        self, holds: bool, what: str, *, why: str = "", key: str | None = None, kind: Kind = SECTION_OPTION
    ) -> None:
        """Raise ConversionError unless the condition holds."""
        if not holds:
            raise self.refusal(what, why=why, key=key, kind=kind)

    def made(self, sections: Sequence[Section]) -> list[Section]:
        """Those of the sections that made their value, and so have read all options that they know."""
        return [section for section, value in zip(sections, self.values, strict=True) if value is not None]

    # ---- reading --------------------------------------------------------------------------------------------------

    def size(self, key: str, default: int, least: int = 1) -> int:
        """An option that counts something. Raises ConversionError where it is less than `least`."""
        value = self.section.int(key, default)
        self.require(value >= least, f"{key}={value} is less than {least}", key=key)
        return value

    @property
    def previous_name(self) -> str:
        """The name of the value before this section's."""
        return self.names[-1] if self.names else INPUT

    @property
    def previous(self) -> Value:
        """What the section before this one made, or the net's input. Raises LostError."""
        value = self.values[-1] if self.values else self.source
        if value is None:
            raise LostError
        return value

    def referenced(self, key: str, indices: Sequence[int]) -> list[Value]:
        """The values of other sections; a negative index counts back. Raises ConversionError and LostError."""
        here = self.section.index
        places = [index if index >= 0 else here + index for index in indices]
        for index, place in zip(indices, places, strict=True):
            counted = f"{key}={index}" if index >= 0 else f"{key}={index} (section {place})"
            self.require(place >= 0, f"{counted} points before the first section", key=key, kind=SECTION_INPUT)
            self.require(place != here, f"{counted} points at this very section", key=key, kind=SECTION_INPUT)
            why = "only what came before has a value"
            self.require(
                place < here,
                f"{counted} points behind this section, number {here}",
                why=why,
                key=key,
                kind=SECTION_INPUT,
            )
            self.require(
                place not in self.unreadable, f"{counted}: {self.unreadable.get(place)}", key=key, kind=SECTION_INPUT
            )
        values = [value for value in (self.values[place] for place in places) if value is not None]
        if len(values) < len(places):
            raise LostError
        return values

    def chw(self, value: Value) -> tuple[int, int, int]:
        """Channels, height and width. Raises ConversionError where the value is flat, as Darknet refuses it."""
        if value.chw is None:
            what = f"{self.section.written} needs an image, but what it reads is a flat vector of {value.count} values"
            hint = "are these the right layers, and an input size that all strides divide?" if value.why_flat else ""
            raise self.refusal(what, why=value.why_flat, hint=hint, kind=SECTION_INPUT)
        return value.chw

    def image(self, value: Value) -> str:
        """The value as a blob (N, C, H, W). Raises ConversionError where it is flat."""
        return self.viewed(value.blob, self.chw(value))

    def vector(self, value: Value) -> str:
        """The value as a blob (N, K)."""
        return self.viewed(value.blob, (value.count,))

    def viewed(self, blob: str, shape: Shape) -> str:
        """A blob under another shape, given without the axis of the images."""
        if self.net.shapes[blob][1:] == shape:
            return blob
        made = self.views.get((blob, shape))
        if made is not None:
            return made
        layer: Layer = Flatten() if len(shape) == 1 else Reshape(shape=(0, *shape))
        wanted = f"{self.name}_{'flat' if len(shape) == 1 else 'view'}"
        view = self.add(layer, blob, suffix=self.net.fresh_name(wanted).removeprefix(f"{self.name}_"))
        self.views[blob, shape] = view
        return view

    # ---- building -------------------------------------------------------------------------------------------------

    def array(self, shape: Shape, what: str) -> Blob:
        """The next array of the weights file."""
        return self.weights.read(shape, origin=self.origin(), what=what)

    def add(self, layer: Layer, *bottoms: str, blobs: Sequence[Blob] = (), suffix: str = "") -> str:
        """Append a layer of one top; returns the top. The section's main layer has no suffix."""
        name = f"{self.name}_{suffix}" if suffix else self.name
        node = Node(name=name, layer=layer, bottoms=bottoms, tops=(name,), blobs=tuple(blobs), origin=self.origin())
        return self.net.append(node).top

    def add_many(self, layer: Layer, bottom: str, tops: int, suffix: str = "") -> tuple[str, ...]:
        """Append a layer of several tops; returns them."""
        name = f"{self.name}_{suffix}" if suffix else self.name
        names = tuple(f"{name}_{number}" for number in range(tops))
        node = Node(name=name, layer=layer, bottoms=(bottom,), tops=names, origin=self.origin())
        return self.net.append(node).tops

    def batch_norm(self, blob: str, gamma: Blob, beta: Blob, mean: Blob, variance: Blob, suffix: str = "bn") -> str:
        """Normalise each channel as this Darknet does."""
        layer = SourceBatchNorm(form=self.batch_norm_form.form, eps=self.batch_norm_form.eps)
        return self.add(layer, blob, blobs=(gamma, beta, mean, variance), suffix=suffix)

    def activated(self, blob: str, *, main: bool = False) -> str:
        """Apply the section's activation. Raises ConversionError where a section of the user's own has an unknown one.

        In Darknet's sections that was reported already, when the cfg was looked through, and nothing is applied.
        With `main` the activation is all that the section does, so that it gets the section's own name.
        """
        name = self.section.text("activation", DEFAULTS.get(self.section.kind, "linear"))
        chosen = choose(name, self.section.kind, self.dialect, lenient=self.lenient)
        if chosen.refused and self.section.kind not in DEFAULTS:
            raise self.refusal(
                chosen.refused, why=chosen.why, hint=chosen.hint, key="activation", kind=UNKNOWN_ACTIVATION
            )
        if chosen.assumed:
            self.note("assumed", chosen.assumed, "activation")
        if chosen.warning:
            self.note("warning", chosen.warning, "activation")
        for place, layer in enumerate(chosen.layers):
            suffix = f"{name if name in ACTIVATIONS else 'relu'}{place or ''}"
            blob = self.add(layer, blob, suffix="" if main and place == 0 else suffix)
        return blob

    def result(self, blob: str) -> Value:
        """The value that a blob holds: an image, or one place where it is (N, K)."""
        _, *rest = self.net.shapes[blob]
        c, h, w = rest if len(rest) == 3 else (rest[0], 1, 1)
        return Value(blob=blob, count=math.prod(rest), chw=(c, h, w))

    def flat(self, blob: str, why: str = "") -> Value:
        """The same for a section that makes a vector of which Darknet knows no width, height and channels."""
        return Value(blob=blob, count=math.prod(self.net.shapes[blob][1:]), chw=None, why_flat=why)


Handler = Callable[[Section, Build], Value]
"""Appends a section's layers to the net and returns its value. Raises ConversionError with what stands against it."""
