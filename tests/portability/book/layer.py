"""A layer of a file as its text spells it, with the shapes around it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from caffe_ir.proto import caffe_pb2

Shape = tuple[int, ...]


class Layer(Struct, kw_only=True):
    """A layer of a file: its message, the shapes of what it reads and writes, who wrote what it reads, its blobs."""

    message: Any
    bottoms: Sequence[Shape]
    tops: Sequence[Shape]
    writers: Sequence[Any]
    """The messages of the layers that wrote its bottoms last."""
    inputs: Collection[str]
    """The blobs that come from outside."""
    blobs: Sequence[Any]

    @property
    def type(self) -> str:
        return str(self.message.type)

    @property
    def fields(self) -> Any:
        """The message of its parameters; an empty one where it has none."""
        for field, value in self.message.ListFields():
            if field.name.endswith("_param"):
                return value
        return caffe_pb2.PowerParameter()

    def says(self, field: str) -> bool:
        """Whether the file sets a field of the parameters."""
        message = self.fields
        known = message.DESCRIPTOR.fields_by_name.get(field)
        if known is None:
            return False
        return bool(len(getattr(message, field))) if known.is_repeated else bool(message.HasField(field))

    def value(self, field: str, default: Any = None) -> Any:
        """A field as it is set, else the default given here."""
        if not self.says(field):
            return default
        value = getattr(self.fields, field)
        known = self.fields.DESCRIPTOR.fields_by_name[field]
        if known.enum_type is not None:
            return known.enum_type.values_by_number[value].name
        return tuple(value) if known.is_repeated else value

    def pair(self, name: str, short: str, default: int) -> tuple[int, int]:
        """Rows and columns of a window."""
        if self.says(f"{short}_h") or self.says(f"{short}_w"):
            return self.value(f"{short}_h", 0), self.value(f"{short}_w", 0)
        value = self.value(name, default)
        if isinstance(value, tuple):
            return value[0], value[-1]
        return value, value

    @property
    def kernel(self) -> tuple[int, int]:
        if self.value("global_pooling", False):
            return self.bottoms[0][2], self.bottoms[0][3]
        return self.pair("kernel_size", "kernel", 1)

    @property
    def before(self) -> Sequence[str]:
        """The types of the layers that wrote its bottoms."""
        return [writer.type for writer in self.writers]

    @property
    def stride(self) -> tuple[int, int]:
        return self.pair("stride", "stride", 1)

    @property
    def pad(self) -> tuple[int, int]:
        return self.pair("pad", "pad", 0)

    @property
    def dilation(self) -> tuple[int, int]:
        return self.pair("dilation", "dilation", 1)

    @property
    def in_place(self) -> bool:
        return list(self.message.bottom) == list(self.message.top) != []

    @property
    def ndim(self) -> int:
        return len(self.bottoms[0])
