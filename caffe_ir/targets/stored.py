"""What a caffemodel holds for a layer, and the cases in which targets read it otherwise than Caffe, or as Caffe does.

Caffe's own rules are those of Net::CopyTrainedLayersFrom (net.cpp) and Blob::ShapeEquals (blob.cpp): as many blobs as
the layer has, each of exactly its shape, or of the four old numbers aligned to the right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Literal

from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.layer import Layer, Shapes
from caffe_ir.layers import BatchNorm, Convolution, Deconvolution
from caffe_ir.targets.limits import Case, Evidence

Numbers = Literal["float", "double", "half"]
"""The field of BlobProto that has the numbers: `data`, `double_data`, or `raw_data`, which OpenCV adds."""


class StoredBlob(Struct, frozen=True, kw_only=True):
    """A blob as the file has it: its shape, None where it says none, and how many numbers there are.

    `legacy` where the shape is the four old numbers; `alone` is the number where there is but one.
    """

    shape: Shape | None
    count: int
    numbers: Numbers = "float"
    legacy: bool = False
    alone: float | None = None

    @property
    def fits_itself(self) -> bool:
        """Whether there are as many numbers as the shape says."""
        return self.count == prod(self.shape or ())

    def fits(self, wanted: Shape) -> bool:
        """Whether Caffe takes it for a blob of a shape (Blob::ShapeEquals)."""
        if not self.legacy:
            return (self.shape or ()) == wanted
        return len(wanted) <= 4 and self.shape == (1,) * (4 - len(wanted)) + wanted


class Stored(Struct, frozen=True, kw_only=True):
    """What a file of weights holds for a layer: `blobs` is None where it has no such layer.

    `wanted` are the shapes that Caffe's layer has. `type_name` is the file's, None where its form names no types;
    `times` is how often the layer stands there.
    """

    layer: Layer
    wanted: Shapes
    blobs: tuple[StoredBlob, ...] | None
    type_name: str | None = None
    times: int = 1

    def pairs(self) -> Iterator[tuple[StoredBlob, Shape]]:
        """The blobs with the shapes that they should have, as far as there are both."""
        return zip(self.blobs or (), self.wanted, strict=False)


class WeightsCase(Struct, frozen=True, kw_only=True):
    """A way in which a file may hold a layer's weights; `text` says it in a few words."""

    text: str
    where: Callable[[Stored], bool]

    def of(self, *kinds: type[Layer]) -> WeightsCase:
        """The same of layers of these types alone."""
        names = ", ".join(kind.type_name() for kind in kinds)
        return WeightsCase(
            text=f"{self.text} ({names})",
            where=lambda stored: isinstance(stored.layer, kinds) and self.where(stored),
        )

    def but(self, *kinds: type[Layer]) -> WeightsCase:
        """The same of all layers but of these types."""
        names = ", ".join(kind.type_name() for kind in kinds)
        return WeightsCase(
            text=f"{self.text} (but for {names})",
            where=lambda stored: not isinstance(stored.layer, kinds) and self.where(stored),
        )


class WeightsLimit(Case, frozen=True, kw_only=True):
    """A case of the weights that a target does not read as it should."""

    case: WeightsCase


def refused(*cases: WeightsCase, source: str, evidence: Evidence | None = None) -> tuple[WeightsLimit, ...]:
    """Limits beyond which a target refuses the files, or crashes."""
    return tuple(WeightsLimit(case=case, source=source, evidence=evidence) for case in cases)


def silent(*cases: WeightsCase, source: str, evidence: Evidence | None = None) -> tuple[WeightsLimit, ...]:
    """Limits beyond which a target computes something else without a message."""
    return tuple(WeightsLimit(case=case, source=source, evidence=evidence, silent=True) for case in cases)


def _any(of_blob: Callable[[StoredBlob, Shape], bool]) -> Callable[[Stored], bool]:
    return lambda stored: any(of_blob(blob, wanted) for blob, wanted in stored.pairs())


def _without_ones(shape: Shape) -> Shape:
    """A shape without the axes of one cell in front."""
    return shape[1:] and _without_ones(shape[1:]) if shape[:1] == (1,) else shape


def _reshaped(blob: StoredBlob, wanted: Shape) -> bool:
    shape = blob.shape or ()
    return blob.fits_itself and not blob.fits(wanted) and _without_ones(shape) != _without_ones(wanted)


def _padded(blob: StoredBlob, wanted: Shape) -> bool:
    shape = blob.shape or ()
    return not blob.fits(wanted) and _without_ones(shape) == _without_ones(wanted)


def _lacks_factor(stored: Stored) -> bool:
    return isinstance(stored.layer, BatchNorm) and len(stored.blobs or ()) == 2


def _count(stored: Stored) -> int:
    return len(stored.blobs or ())


NO_LAYER = WeightsCase(
    text="the file has no weights for the layer", where=lambda stored: bool(stored.wanted) and stored.blobs is None
)
NO_BLOBS = WeightsCase(
    text="the file has the layer without blobs", where=lambda stored: bool(stored.wanted) and stored.blobs == ()
)
NO_FACTOR = WeightsCase(text="a BatchNorm of two blobs, without its factor", where=_lacks_factor)
FEWER = WeightsCase(
    text="fewer blobs than the layer has",
    where=lambda stored: 0 < _count(stored) < len(stored.wanted) and not _lacks_factor(stored),
)
MORE = WeightsCase(text="more blobs than the layer has", where=lambda stored: _count(stored) > len(stored.wanted))
UNASKED_BIAS = WeightsCase(
    text="a bias where bias_term is false",
    where=lambda stored: _count(stored) > len(stored.wanted) and getattr(stored.layer, "bias_term", True) is False,
)
OTHER_AXES = WeightsCase(text="a blob of other axes than the layer's", where=_any(_reshaped))
PADDED_AXES = WeightsCase(text="a shape that differs by axes of one cell", where=_any(_padded))
ONE_FOR_NONE = WeightsCase(
    text="a shared slope of one axis",
    where=_any(lambda blob, wanted: wanted == () and blob.shape == (1,) and not blob.legacy),
)
OTHER_COUNT = WeightsCase(
    text="other numbers than the blob's shape has cells, or the layer needs",
    where=_any(lambda blob, wanted: blob.numbers != "half" and blob.count != prod(wanted)),
)
NO_SHAPE = WeightsCase(
    text="a blob without a shape", where=_any(lambda blob, wanted: blob.shape is None and blob.count > 0)
)
SHAPELESS = WeightsCase(
    text="a blob of several numbers without a shape",
    where=_any(lambda blob, wanted: blob.shape is None and blob.count > 1),
)
EMPTY_SHAPE = WeightsCase(
    text="a blob of a shape without axes that is written out", where=_any(lambda blob, wanted: blob.shape == ())
)
LEGACY = WeightsCase(text="a shape of the four old numbers", where=_any(lambda blob, wanted: blob.legacy))
DOUBLE = WeightsCase(text="double_data", where=_any(lambda blob, wanted: blob.numbers == "double"))
HALF = WeightsCase(text="raw_data of half precision", where=_any(lambda blob, wanted: blob.numbers == "half"))
TWICE = WeightsCase(text="the layer stands twice in the file", where=lambda stored: stored.times > 1)
NO_SCALE = WeightsCase(
    text="a BatchNorm whose factor is 0",
    where=lambda stored: (
        isinstance(stored.layer, BatchNorm) and any(blob.alone == 0 for blob in (stored.blobs or ())[2:3])
    ),
)
OTHER_TYPE = WeightsCase(
    text="another type, or none, than the prototxt has",
    where=lambda stored: bool(stored.blobs) and stored.type_name not in (None, stored.layer.type_name()),
)
OTHER_KERNEL = OTHER_AXES.of(Convolution, Deconvolution)

_LIKE_CAFFE = "net.cpp, CopyTrainedLayersFrom; blob.cpp, ShapeEquals"
_MISFITS = (NO_BLOBS, NO_FACTOR, FEWER, MORE, OTHER_AXES, PADDED_AXES, OTHER_COUNT, SHAPELESS, HALF)
CAFFES = (*refused(*_MISFITS, source=_LIKE_CAFFE), *silent(NO_LAYER, source=f"{_LIKE_CAFFE}: it runs on its fillers"))
"""The limits of Caffe itself and of its forks."""
UNTRIED = refused(
    NO_LAYER, *_MISFITS, DOUBLE, source="Caffe refuses it, and this reader was not tried", evidence="document"
)
"""What is said of readers that nobody tried: a file that Caffe itself does not take, or runs on fillers."""
