"""What every layer type is: parameters, weights, shapes and meaning, declared once in one class.

A layer type is a frozen msgspec.Struct: what a dataclass is, without Python compiling methods for a hundred types at
every start. Its fields carry the names of caffe.proto's fields; the text and the binary form
follow from them. A field without a default is always written, one with a default only where it differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import NODEFAULT, Struct

from caffe_ir.blob import Array, Shape
from caffe_ir.errors import ShapeError
from caffe_ir.float32 import in_float32

if TYPE_CHECKING:
    from typing_extensions import Self

Shapes = tuple[Shape, ...]
LONG, FIRST = 32, 3
"""A list of more numbers is shown by the first ones."""


class Layer(Struct, frozen=True, kw_only=True):
    """Base of every layer type; which of them a reader of files knows, its target says."""

    param: ClassVar[str] = ""
    """The field of LayerParameter that holds this layer's parameters; empty where it has none."""
    in_place: ClassVar[bool] = False
    """Right when its top overwrites its first bottom (facts measured in BVLC Caffe)."""
    is_view: ClassVar[bool] = False
    """Its tops share memory with its bottom in Caffe, so nothing downstream may overwrite them in place."""
    bottoms: ClassVar[tuple[int, int]] = (1, 1)
    """The smallest and the largest number of bottoms."""
    sizes_read: ClassVar[frozenset[int]] = frozenset()
    """The places of the bottoms of which it reads the size, and no number."""

    variant: ClassVar[str] = ""
    """The field that distinguishes this class from another of the same type in a file; empty for the usual one."""

    @classmethod
    def declared(cls) -> dict[str, Any]:
        """The fields of the type and their defaults; NODEFAULT stands for none."""
        names, defaults = cls.__struct_fields__, cls.__struct_defaults__
        return dict(zip(names, (NODEFAULT,) * (len(names) - len(defaults)) + defaults, strict=True))

    @classmethod
    def type_name(cls) -> str:
        """Caffe's name of the type, which is the class's own."""
        return cls.__name__

    @property
    def works_in_place(self) -> bool:
        """Whether the layer, as it is, is right where its top overwrites its first bottom."""
        return self.in_place

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        """The shapes of the weights, in Caffe's order, for bottoms of these shapes."""
        return ()

    def infer(self, bottoms: Shapes) -> Shapes:
        """The shapes of the tops. Raises ShapeError on what Caffe would refuse."""
        raise NotImplementedError

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        """The tops in numpy, in the dtype of the bottoms (float32 or float64); `blobs` come in the same dtype."""
        raise NotImplementedError

    def spelled(self) -> dict[str, Any]:
        """The fields to write, by their names in caffe.proto, as plain numbers, booleans, strings (enums) and lists."""
        return {
            name: getattr(self, name)
            for name, default in self.declared().items()
            if default is NODEFAULT or in_float32(getattr(self, name)) != in_float32(default)
        }

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        """The layer that a file spells so; `spelled` holds only fields that the file sets. Raises ValueError."""
        unknown = sorted(set(spelled) - cls.declared().keys())
        if unknown:
            raise ValueError(f"{cls.type_name()} has no meaning here for {', '.join(unknown)}")
        return cls(**spelled)

    def placed(self, bottoms: Shapes, tops: int) -> Layer:
        """This layer as a file means it at its place: what it leaves to the shapes of the bottoms or to its tops."""
        return self

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in self.spelled().items())
        return f"{self.type_name()}({shown})"


def _shown(value: object) -> str:
    """A field in a message: of a long list of numbers the first ones, and how many there are."""
    if not isinstance(value, list | tuple) or len(value) <= LONG:
        return str(value)
    first = ", ".join(map(str, value[:FIRST]))
    return f"({first}, ... {len(value)} numbers)"


def same_shape(bottoms: Shapes) -> Shapes:
    """Shapes of a layer whose single top has the shape of its bottom."""
    return (bottoms[0],)


def require(condition: bool, reason: str) -> None:
    """Raise ShapeError(reason) unless the condition holds."""
    if not condition:
        raise ShapeError(reason)


def axis_index(axis: int, ndim: int) -> int:
    """`axis` counted from the front, as Caffe's CanonicalAxisIndex (blob.hpp) does. Raises ShapeError."""
    require(-ndim <= axis < ndim, f"axis {axis} does not exist in a blob of {ndim} axes")
    return axis + ndim if axis < 0 else axis
