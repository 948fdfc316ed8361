"""What Caffe's own layers have in common: how a file spells them, and which blobs Caffe can hold."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import NODEFAULT

from caffe_ir.blob import Shape
from caffe_ir.layer import Layer, require

if TYPE_CHECKING:
    from typing_extensions import Self

MANY = 2**31 - 1
"""As many bottoms as one likes; also the most values in a blob and the most a dimension can be (an int of C)."""
MOST_AXES = 32


class CaffeLayer(Layer, frozen=True, kw_only=True):
    """A layer type of BVLC Caffe."""

    ignored: ClassVar[frozenset[str]] = frozenset()
    """Fields that a file may set and that change nothing about what the layer computes at inference."""

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        """The layer that a file spells so; `ignored` fields are passed over. Raises ValueError."""
        missing = [name for name, default in cls.declared().items() if default is NODEFAULT and name not in spelled]
        if missing:
            raise ValueError(f"{cls.type_name()} needs {', '.join(missing)}")
        return super().parsed(
            {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in spelled.items()
                if name not in cls.ignored
            }
        )


def usable(shape: Shape) -> Shape:
    """The shape, if a Caffe blob can have it and be read (blob.cpp, Reshape). Raises ShapeError."""
    require(len(shape) <= MOST_AXES, f"{len(shape)} axes, where a blob has {MOST_AXES} at most")
    require(all(size > 0 for size in shape), f"the result would be of shape {shape}")
    require(prod(shape) <= MANY, f"{prod(shape)} values are more than a blob can hold")
    return shape


def pop_alias(spelled: Mapping[str, Any], name: str, alias: str) -> dict[str, Any]:
    """The fields with an old alias renamed. Raises ValueError where both spellings are given, as Caffe refuses that."""
    fields = dict(spelled)
    if alias not in fields:
        return fields
    if name in fields:
        raise ValueError(f"{name} and {alias} are given, which mean the same")
    fields[name] = fields.pop(alias)
    return fields
