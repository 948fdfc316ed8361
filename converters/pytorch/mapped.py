"""Where a tensor's bytes lie in a file that torch has mapped, so that a writer can copy them without loading them.

The mapping is private: whoever writes to such a tensor, through whatever view, gets pages of his own. The kernel tells
which pages those are (Linux, Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 62 swapped, 61 of a file), so no
change that was made after loading can be missed. Elsewhere no tensor is known to lie in a file.
"""

from __future__ import annotations

import mmap
import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from msgspec import Struct

from caffe_ir.blob import FileSpan

_MAPS, _PAGES = Path("/proc/self/maps"), Path("/proc/self/pagemap")
_ENTRY = 8
"""Bytes that the kernel has for each page."""
_PRESENT, _SWAPPED, _OF_A_FILE = (np.uint64(1 << bit) for bit in (63, 62, 61))


class Mapping(Struct, frozen=True, kw_only=True):
    """Addresses from `start` to `end` that show the bytes of a file from `offset` on."""

    start: int
    end: int
    offset: int
    path: Path


class MappedFiles:
    """The files that this process had mapped when this was made."""

    def __init__(self) -> None:
        self._mappings = list(_mappings())
        self._starts = [mapping.start for mapping in self._mappings]

    def span(self, tensor: torch.Tensor) -> FileSpan | None:
        """Where the numbers of a contiguous float32 tensor lie in a file; None where they do not, or were changed."""
        if tensor.dtype != torch.float32 or tensor.device.type != "cpu" or not tensor.is_contiguous():
            return None
        start = tensor.data_ptr()
        place = bisect_right(self._starts, start) - 1
        if place < 0 or start + tensor.nbytes > self._mappings[place].end or not _untouched(start, tensor.nbytes):
            return None
        mapping = self._mappings[place]
        return FileSpan(path=mapping.path, offset=mapping.offset + start - mapping.start)


def _mappings() -> Iterator[Mapping]:
    """By address. A file that was deleted or replaced since it was mapped is none that can be read again."""
    known: dict[str, Path | None] = {}
    try:
        lines = os.fsdecode(_MAPS.read_bytes()).splitlines()
    except OSError:
        return
    for line in lines:
        addresses, _, offset, device, inode, *path = line.split(maxsplit=5)
        if not path or not path[0].startswith("/"):
            continue
        if path[0] not in known:
            known[path[0]] = _still(path[0], device, int(inode))
        if (file := known[path[0]]) is not None:
            start, end = (int(address, 16) for address in addresses.split("-"))
            yield Mapping(start=start, end=end, offset=int(offset, 16), path=file)


def _still(path: str, device: str, inode: int) -> Path | None:
    """The path, if it still leads to the file that was mapped."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    major, minor = (int(part, 16) for part in device.split(":"))
    return Path(path) if (found.st_ino, found.st_dev) == (inode, os.makedev(major, minor)) else None


def _untouched(start: int, length: int) -> bool:
    """Whether every page is as the file has it: not there yet, or there and of the file."""
    first, last = start // mmap.PAGESIZE, (start + length - 1) // mmap.PAGESIZE
    size = _ENTRY * (last - first + 1)
    try:
        with open(_PAGES, "rb", buffering=0) as pages:
            pages.seek(_ENTRY * first)
            entries = np.frombuffer(pages.read(size), np.uint64)
    except OSError:
        return False
    own = (entries & _SWAPPED != 0) | ((entries & _PRESENT != 0) & (entries & _OF_A_FILE == 0))
    return entries.nbytes == size and not own.any()
