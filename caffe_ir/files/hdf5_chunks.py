"""The chunks of a dataset in HDF5, checked before its library reads them.

The library trusts what a damaged file says of them: a chunk of 0 bytes with a checksum ends the process, one that
becomes shorter than it should is read beyond its end. Compression is deflate here; others (LZF, szip, plugins) are in
no HDF5 library that Caffe is built with as a rule. https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html, section III.A.1
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from math import ceil, prod
from typing import Any

MOST_CHUNKS = 1 << 20
_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
_CHECKSUM_BYTES = 4
_READ = {_DEFLATE: "deflate", _SHUFFLE: "shuffle", _CHECKSUM: "fletcher32"}


def check_chunks(dataset: Any, size: int) -> None:
    """Raise ValueError where the chunks of an h5py dataset cannot be what a file of `size` bytes holds."""
    filters, length = _filters(dataset), _length(dataset)
    if other := next((number for number in filters if number not in _READ), None):
        raise ValueError(f"it is packed by HDF5's filter {other}; Caffe reads {', '.join(_READ.values())}")
    most = prod(ceil(whole / part) for whole, part in zip(dataset.shape, dataset.chunks, strict=True))
    if most > MOST_CHUNKS:
        raise ValueError(f"it has {most:,} chunks, and at most {MOST_CHUNKS:,} are read")
    for chunk in _chunks(dataset, most):
        fewest = 1 if _DEFLATE in _used(filters, chunk.filter_mask) else length
        fewest += _CHECKSUM_BYTES * _used(filters, chunk.filter_mask).count(_CHECKSUM)
        if chunk.size < fewest or not 0 < chunk.byte_offset <= size - chunk.size:
            raise ValueError(f"it has a chunk of {chunk.size:,} bytes at byte {chunk.byte_offset:,} of {size:,}")


def check_unpacked(dataset: Any) -> None:
    """Raise ValueError where a compressed chunk becomes another number of bytes than a chunk has."""
    filters, length = _filters(dataset), _length(dataset)
    if _DEFLATE not in filters:
        return
    for chunk in _chunks(dataset, MOST_CHUNKS):
        mask, content = dataset.id.read_direct_chunk(chunk.chunk_offset)
        for number in reversed(_used(filters, mask)):
            if number == _CHECKSUM:
                content = content[:-_CHECKSUM_BYTES]
            elif number == _DEFLATE:
                content = _inflated(content, length + _CHECKSUM_BYTES)
        if len(content) != length:
            raise ValueError(f"it has a chunk that becomes {len(content):,} bytes instead of {length:,}")


def _filters(dataset: Any) -> Sequence[int]:
    """The numbers of the filters, in the order in which they were applied."""
    options = dataset.id.get_create_plist()
    return [options.get_filter(place)[0] for place in range(options.get_nfilters())]


def _used(filters: Sequence[int], mask: int) -> list[int]:
    """Those that were applied to a chunk: a filter that made it no smaller was left out."""
    return [number for place, number in enumerate(filters) if not mask >> place & 1]


def _length(dataset: Any) -> int:
    return prod((int(dataset.dtype.itemsize), *map(int, dataset.chunks)))


def _chunks(dataset: Any, most: int) -> list[Any]:
    found: list[Any] = []

    def one(chunk: Any) -> bool | None:
        found.append(chunk)
        return True if len(found) > most else None  # which ends the walk

    dataset.id.chunk_iter(one)
    if len(found) > most:
        raise ValueError(f"it has more than its {most:,} chunks")
    return found


def _inflated(content: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, most)
    except zlib.error as error:
        raise ValueError(str(error)) from None
