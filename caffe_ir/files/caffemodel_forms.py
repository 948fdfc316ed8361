"""What a file of weights holds for each layer as it stands there, whether or not that fits a net, or itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from caffe_ir.files import caffemodel_hdf5
from caffe_ir.files.caffemodel_file import in_either_form
from caffe_ir.files.caffemodel_index import StoredLayer, blob_fields, in_layers, layer_fields
from caffe_ir.files.wire import Field, WireFile
from caffe_ir.targets.stored import StoredBlob


class StoredForm(Struct, frozen=True, kw_only=True):
    """A layer of a file of weights, with its type where the form of the file names it.

    `old` where it is one of the `layers` of before 2014; `times` is how often it stands there.
    """

    name: str
    type_name: str | None
    blobs: tuple[StoredBlob, ...]
    old: bool = False
    times: int = 1


class WeightsFile(Struct, frozen=True, kw_only=True):
    """The layers of a file of weights by name; of one that stands there twice the last, which counts in Caffe."""

    layers: Mapping[str, StoredForm]
    hdf5: bool

    @property
    def old(self) -> bool:
        return any(layer.old for layer in self.layers.values())


def read_forms(path: str | Path) -> WeightsFile:
    """What a file of weights holds. Raises ConversionError where it cannot be read or is none."""
    return in_either_form(Path(path), hdf5=_of_hdf5, binary=_of_binary)


def _of_hdf5(path: Path) -> WeightsFile:
    return WeightsFile(layers=_by_name(map(_whole, caffemodel_hdf5.read_index(path))), hdf5=True)


def _of_binary(path: Path) -> WeightsFile:
    return WeightsFile(layers=_by_name(in_layers(path, _layer)), hdf5=False)


def _by_name(layers: Iterable[StoredForm]) -> Mapping[str, StoredForm]:
    found = list(layers)
    times = Counter(layer.name for layer in found)
    return {
        layer.name: StoredForm(
            name=layer.name,
            type_name=layer.type_name,
            blobs=layer.blobs,
            old=layer.old,
            times=times[layer.name],
        )
        for layer in found
    }


def _whole(layer: StoredLayer) -> StoredForm:
    blobs = tuple(StoredBlob(shape=blob.shape, count=blob.count) for blob in layer.blobs)
    return StoredForm(name=layer.name, type_name=None, blobs=blobs)


def _layer(data: WireFile, layer: Field, modern: bool) -> StoredForm:
    name, kind, fields = layer_fields(data, layer, modern=modern)
    blobs = tuple(map(partial(_blob, data), fields))
    return StoredForm(name=name, type_name=kind if modern else None, blobs=blobs, old=not modern)


def _blob(data: WireFile, field: Field) -> StoredBlob:
    found = blob_fields(data, field)
    if found.raw and not found.numbers:
        return StoredBlob(shape=found.shape, count=found.raw // 2, numbers="half", legacy=found.legacy)
    single = found.numbers == 1 and found.width == 4
    return StoredBlob(
        shape=found.shape,
        count=found.numbers,
        numbers="double" if found.width == 8 else "float",
        legacy=found.legacy,
        alone=data.float32(found.runs[4][0].start) if single else None,
    )
