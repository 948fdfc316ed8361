"""What a net was made from: the tensors of a checkpoint by their names there."""

from __future__ import annotations

from msgspec import Struct, field

from caffe_ir.blob import Blob, Shape


class TensorsBehind(Struct, kw_only=True):
    """The tensors of a checkpoint that a net was made with, by their names there."""

    used: dict[str, Blob] = field(default_factory=dict)
    """Those that the net depends on, in float64."""
    computed_from: set[str] = field(default_factory=set)
    """Those whose numbers stand in the net otherwise than as a blob: in fields, or in weights that were computed."""
    unused: tuple[str, ...] = ()
    same: dict[str, str] = field(default_factory=dict)
    """Names of tensors that are another one's very numbers, with its name."""

    def shape(self, name: str) -> Shape:
        """The shape of one that the net depends on."""
        return self.used[name].shape
