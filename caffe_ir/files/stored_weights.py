"""Which numbers of a caffemodel Caffe gives to which layer of a net (net.cpp, CopyTrainedLayersFrom)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod

from msgspec import Struct

from caffe_ir.blob import Blob, Shape, shape_text
from caffe_ir.error_kinds.caffe import BLOBS_DO_NOT_FIT
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.caffemodel_index import StoredLayer
from caffe_ir.layer import Shapes
from caffe_ir.node import Node


class _Held(Struct, frozen=True):
    """A blob as the file has it; `legacy` where its shape is the four old numbers."""

    blob: Blob
    legacy: bool


class StoredWeights(Struct, frozen=True, kw_only=True):
    """The numbers of a file by layer, and by the name under which layers share them (`param { name }`).

    `owners_only` says that shared ones stand with one layer alone, as in HDF5; else each layer has all of its own.
    """

    layers: Mapping[str, Mapping[int, _Held]]
    shared: Mapping[str, _Held]
    owners_only: bool

    def of(self, node: Node, shapes: Shapes) -> tuple[Blob, ...]:
        """The weights of a node, which takes some of these shapes. Raises ConversionError where Caffe would stop.

        So it does where Caffe would run the layer on its fillers instead, without a message. What another layer has is
        taken in the shape that the node has for it (`share_mode: PERMISSIVE`).
        """
        own = self.layers.get(node.name)
        shared = dict(self._shared(node, shapes))
        if own is None and len(shared) < len(shapes):
            what, why = f"the caffemodel has no weights for {node.name}", "Caffe would run it on its fillers"
            raise ConversionError(Problem(kind=BLOBS_DO_NOT_FIT, what=what, why=why, origin=node.origin))
        if own is not None and not self.owners_only and len(own) != len(shapes):
            shared = {}
        stand = {**shared, **(own or {})}
        if stand.keys() != set(range(len(shapes))) or not all(
            _fits(held, shapes[place]) for place, held in (own or {}).items()
        ):
            had = ", ".join(shape_text(stand[place].blob.shape) for place in sorted(stand)) or "none"
            what = f"{node.name} takes weights {', '.join(map(shape_text, shapes))}; the caffemodel has {had}"
            raise ConversionError(Problem(kind=BLOBS_DO_NOT_FIT, what=what, origin=node.origin))
        found = {**stand, **shared}
        return tuple(found[place].blob.reshaped(shape) for place, shape in enumerate(shapes))

    def _shared(self, node: Node, shapes: Shapes) -> Iterator[tuple[int, _Held]]:
        """What layers have under the names of a node's weights, by place; another count Caffe refuses to share."""
        for place, (name, shape) in enumerate(zip(node.param_names, shapes, strict=False)):
            if name in self.shared and self.shared[name].blob.count == prod(shape):
                yield place, self.shared[name]


def stored_weights(stored: Iterable[StoredLayer], param_names: Mapping[str, tuple[str, ...]]) -> StoredWeights:
    """The weights as they are when the whole file has been copied; `param_names` are those of the net's layers.

    Of a layer that stands there twice the last one stays, and of weights that layers share those written last.
    """
    layers: dict[str, Mapping[int, _Held]] = {}
    shared: dict[str, _Held] = {}
    owners_only = False
    for layer in stored:
        places = range(len(layer.blobs)) if layer.places is None else layer.places
        held = {place: _Held(blob, layer.legacy) for place, blob in zip(places, layer.blobs, strict=True)}
        layers[layer.name] = held
        owners_only |= layer.places is not None
        for place, name in enumerate(param_names.get(layer.name, ())):
            if name and place in held:
                shared[name] = held[place]
    return StoredWeights(layers=layers, shared=shared, owners_only=owners_only)


def _fits(held: _Held, wanted: Shape) -> bool:
    """Blob::ShapeEquals (blob.cpp): exact, or the four old numbers aligned to the right."""
    if not held.legacy:
        return held.blob.shape == wanted
    return len(wanted) <= 4 and held.blob.shape == (1,) * (4 - len(wanted)) + wanted
