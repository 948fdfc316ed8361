"""Weights as HDF5, the other form that Caffe reads: of any size, where the binary form ends at 2^31 - 1 bytes.

A group `data` holds a group for each layer, and that its blobs as datasets `0`, `1` ...; a blob that an earlier layer
owns is not written again (net.cpp of BVLC Caffe, ToHDF5 and CopyTrainedLayersFromHDF5). Caffe distinguishes the two
forms by the first bytes.

h5py lays the file out; the numbers themselves go where it left room for them as they go into the binary form.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.error_kinds.caffe import HDF5_NAME, NOT_A_CAFFEMODEL
from caffe_ir.errors import ConversionError, Origin, Problem, Problems
from caffe_ir.extras import require
from caffe_ir.file_kinds import HDF5_SIGNATURE
from caffe_ir.files.caffemodel import Frame
from caffe_ir.files.caffemodel_index import MOST_AXES, StoredLayer
from caffe_ir.files.hdf5_chunks import check_chunks, check_unpacked
from caffe_ir.net import Net

_H5PY_RAISES = (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, ArithmeticError)
_PLACE = re.compile("0|[1-9][0-9]{0,5}")
_DEFLATED = 1032
"""So many bytes at most come out of one that is deflated (zlib.net/zlib_tech.html)."""
_CHUNK = 1 << 20
"""Bytes of a chunk that may be empty: h5py takes no larger ones where it is left the choice."""


def is_hdf5(path: str | Path) -> bool:
    """Whether a file begins as HDF5 does. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE


def frames(net: Net) -> list[Frame]:
    """The file, piece by piece: bytes as they are, and blobs whose float32 numbers belong between them.

    Raises ConversionError where h5py is not installed, and for the names that Caffe cannot find in such a file.
    """
    h5py = _h5py()
    _refuse_names(net)
    with tempfile.TemporaryFile() as room:  # as long as the file will be, and empty: it takes no room on the disk
        with h5py.File(room, "w", libver="earliest") as file:
            data = h5py.h5g.create(file.id, b"data")
            places = sorted(_laid_out(h5py, data, net), key=lambda place: place[0])
        pieces: list[Frame] = []
        room.seek(0)
        for offset, blob in places:
            pieces += (room.read(offset - room.tell()), blob)
            room.seek(offset + 4 * blob.count)
        return [*pieces, room.read()]


def read_index(path: str | Path) -> list[StoredLayer]:
    """The layers that the file has weights for, without those that an earlier layer owns.

    Raises ConversionError where it is no such file.
    """
    path = Path(path)
    with _of_this_file(path), _h5py().File(path, "r") as file:
        return [_layer(path, name, group) for name, group in _members(path, file["data"])]


@contextmanager
def _of_this_file(path: Path) -> Iterator[None]:
    """Turn what h5py raises on a damaged file into a ConversionError; it has no exception of its own."""
    try:
        yield
    except _H5PY_RAISES as error:
        raise _refused(path, str(error).strip("'\"") or type(error).__name__) from error


def _refused(path: Path, why: str) -> ConversionError:
    origin = Origin(layer=path.name, file=str(path))
    what = "this is HDF5 without the weights of a Caffe net, or it is cut off"
    return ConversionError(Problem(kind=NOT_A_CAFFEMODEL, what=what, why=why, origin=origin))


def _h5py() -> ModuleType:
    require("a file of weights in HDF5", "h5py")
    import h5py

    found: ModuleType = h5py
    return found


def _refuse_names(net: Net) -> None:
    problems = Problems()
    for node in net.nodes:
        if node.blobs and "/" in node.name:
            why = "a slash divides groups in HDF5, and Caffe would leave the layer without weights and say nothing"
            problems.add(
                f"{node.name} cannot be the name of a layer in HDF5", why=why, origin=node.origin, kind=HDF5_NAME
            )
    problems.raise_if_any()


def _laid_out(h5py: Any, data: Any, net: Net) -> Iterator[tuple[int, Blob]]:
    """A dataset for every blob, with room for its numbers and none of them yet: where they belong, and the blob."""
    options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    options.set_layout(h5py.h5d.CONTIGUOUS)
    options.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    options.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    options.set_obj_track_times(False)  # or two runs would differ
    owned: set[str] = set()
    for node in net.nodes:
        if not node.blobs:
            continue
        group = h5py.h5g.create(data, node.name.encode())
        for place, blob in enumerate(node.blobs):
            name = node.param_names[place] if place < len(node.param_names) else ""
            if name in owned:
                continue
            owned.update({name} if name else ())
            space = h5py.h5s.create_simple(blob.shape) if blob.shape else h5py.h5s.create(h5py.h5s.SCALAR)
            dataset = h5py.h5d.create(group, str(place).encode(), h5py.h5t.IEEE_F32LE, space, options)
            if blob.count:
                yield dataset.get_offset(), blob


def _members(path: Path, group: Any) -> Iterator[tuple[str, Any]]:
    """What a group holds by itself; a link may lead to other places, and into other files."""
    h5py = _h5py()
    if not isinstance(group, h5py.Group):
        raise _refused(path, "data is not a group")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _refused(path, f"{name} is a link to another place")
        yield name, group[name]


def _layer(path: Path, name: str, group: Any) -> StoredLayer:
    blobs = {_place(path, name, one): _blob(path, name, one, dataset) for one, dataset in _members(path, group)}
    places = tuple(sorted(blobs))
    return StoredLayer(name=name, type="", blobs=tuple(blobs[place] for place in places), places=places)


def _place(path: Path, layer: str, name: str) -> int:
    if _PLACE.fullmatch(name) is None:
        raise _refused(path, f"{layer} holds {name}, which is the number of no blob")
    return int(name)


def _blob(path: Path, layer: str, place: str, dataset: Any) -> Blob:
    """The blob that a dataset is, unread. What it claims to hold is compared with what there is of it."""
    name = f"{layer}/{place}"
    if not isinstance(dataset, _h5py().Dataset) or dataset.shape is None or dataset.dtype.kind not in "fiu":
        raise _refused(path, f"{name} holds no numbers")
    shape, width = tuple(dataset.shape), dataset.dtype.itemsize
    if len(shape) > MOST_AXES or max(shape, default=0) >= 1 << 31:
        raise _refused(path, f"{name} has a shape that no blob of Caffe's has")
    if dataset.is_virtual or dataset.external:
        raise _refused(path, f"{name} has its numbers in other files")
    size, offset = path.stat().st_size, dataset.id.get_offset()
    if offset is not None and offset + width * prod(shape) > size:
        raise _refused(path, f"{name} ends at byte {offset + width * prod(shape):,} of {size:,}")
    if offset is not None and dataset.dtype == np.dtype("<f4"):
        return Blob.in_file(path, offset, shape)
    stored, chunk = min(dataset.id.get_storage_size(), size), prod(dataset.chunks or ())
    if width * max(prod(shape), chunk) > _DEFLATED * stored + _CHUNK:
        raise _refused(path, f"{name} claims {prod(shape):,} numbers, and the file has {stored:,} bytes of them")
    if dataset.chunks is not None:
        try:
            check_chunks(dataset, size)
        except ValueError as error:
            raise _refused(path, f"{name}: {error}") from None
    return Blob.computed(shape, partial(_read, path, layer, place))


def _read(path: Path, layer: str, place: str) -> Array:
    """The numbers of a dataset in another form than a blob in a file has: compressed, in chunks, as doubles ..."""
    with _of_this_file(path), _h5py().File(path, "r") as file, np.errstate(over="ignore", invalid="ignore"):
        dataset = file["data"][layer][place]
        if dataset.chunks is not None:
            check_unpacked(dataset)
        return np.asarray(dataset, np.float32)
