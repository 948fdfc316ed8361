"""One layer of a net with what it reads and writes."""

from __future__ import annotations

from msgspec import Struct

from caffe_ir.blob import Blob
from caffe_ir.errors import Origin
from caffe_ir.layer import Layer


class Node(Struct, frozen=True, kw_only=True, eq=False):
    """One layer of a net: its type with parameters, what it reads and writes, its weights, and where it comes from."""

    name: str
    layer: Layer
    bottoms: tuple[str, ...] = ()
    tops: tuple[str, ...] = ()
    blobs: tuple[Blob, ...] = ()
    origin: Origin
    in_place: bool = False
    param_names: tuple[str, ...] = ()
    """Names under which the weights are shared between layers (Caffe's `param { name }`); none where they are not.

    A layer with names and without `blobs` has weights that no file holds: a layer before it writes them at every run
    (caffe_ir/shared_memory.py).
    """

    @property
    def top(self) -> str:
        """The only top."""
        (top,) = self.tops
        return top

    @property
    def bottom(self) -> str:
        """The only bottom."""
        (bottom,) = self.bottoms
        return bottom

    def __str__(self) -> str:
        weights = " ".join(str(list(blob.shape)) for blob in self.blobs)
        arrow = f"{', '.join(self.bottoms)} -> {', '.join(self.tops)}"
        marks = f"{' in place' if self.in_place else ''}{' | ' + weights if weights else ''}"
        return f"{self.name}: {self.layer} {arrow}{marks}"
