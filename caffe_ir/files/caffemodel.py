"""The weights file, framed by hand: protobuf's bytes to the letter, without protobuf's copies.

A caffemodel is a NetParameter message (facts of caffe.proto: name = 1, layer = 100; in a layer name = 1, type = 2,
blobs = 7; in a blob data = 5, packed, and shape = 7). Handing a hundred million floats to protobuf costs minutes and
gigabytes; here the lengths are worked out from the shapes, and the numbers go from file to file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from caffe_ir.blob import Blob, became_shorter, cannot_read
from caffe_ir.errors import ConversionError
from caffe_ir.net import Net
from caffe_ir.node import Node

LARGEST = 2**31 - 1
"""Caffe's reader gives up beyond this many bytes (io.cpp: SetTotalBytesLimit(INT_MAX))."""

_BUFFER = 1 << 20
"""Bytes; they stay in the processor's cache between reading and writing."""

Frame = bytes | Blob
Watch = Callable[[Blob, "memoryview[int]"], None]
"""Shown a blob that is copied from another file, and some of its numbers as bytes, while they are at hand."""


def frames(net: Net) -> list[Frame]:
    """The file, piece by piece: bytes as they are, and blobs whose float32 numbers belong between them."""
    pieces: list[Frame] = []
    text = bytearray(_text(1, net.name))
    stored = (node for node in net.nodes if node.blobs or not node.param_names)  # one without weights would be refused
    for frame in chain.from_iterable(map(_layer, stored)):
        if isinstance(frame, bytes):
            text += frame
        else:
            pieces += (bytes(text), frame)
            text.clear()
    return [*pieces, bytes(text)]


def size(pieces: Sequence[Frame]) -> int:
    """The length of the file in bytes."""
    return sum(len(frame) if isinstance(frame, bytes) else 4 * frame.count for frame in pieces)


def stream(
    pieces: Sequence[Frame],
    file: BinaryIO,
    progress: Callable[[int], None] = lambda count: None,
    watch: Watch | None = None,
) -> None:
    """Write the file. Weights that lie in another file go through one small buffer.

    `progress` is called with the bytes written since the last call. Raises OSError where the file cannot be written,
    and ConversionError where a source
    is gone or has become shorter.
    """
    buffer = memoryview(bytearray(_BUFFER))
    with ExitStack() as opened:
        sources: dict[Path, BufferedReader] = {}
        for frame in pieces:
            if isinstance(frame, bytes):
                file.write(frame)
                progress(len(frame))
            elif frame.span is not None:
                path = frame.span.path
                if path not in sources:
                    sources[path] = opened.enter_context(_opened(path))
                sources[path].seek(frame.span.offset)
                _copy(sources[path], frame, file, buffer, progress, watch)
            else:
                numbers = np.ascontiguousarray(frame.load(), "<f4")
                file.write(numbers.reshape(-1).view(np.uint8).data)
                progress(numbers.nbytes)


def _opened(path: Path) -> BufferedReader:
    try:
        return open(path, "rb")
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None


def _copy(
    source: BufferedReader,
    blob: Blob,
    file: BinaryIO,
    buffer: memoryview[int],
    progress: Callable[[int], None],
    watch: Watch | None,
) -> None:
    """The bytes of the blob, from where `source` stands.

    The kernel's own copy_file_range takes twice as long here: weights seldom begin at the same place of a page in both
    files, and then it fills every page in two steps.
    """
    count = 4 * blob.count
    while count:
        chunk = buffer[:count]
        if source.readinto(chunk) < len(chunk):  # a buffered file fills it unless it ends
            raise ConversionError(became_shorter(source.name))
        file.write(chunk)
        if watch is not None:
            watch(blob, chunk)
        progress(len(chunk))
        count -= len(chunk)


def _layer(node: Node) -> Iterator[Frame]:
    head = _text(1, node.name) + _text(2, node.layer.type_name())
    blobs = [(_blob_head(blob), blob, _shape(blob)) for blob in node.blobs]
    bodies = [len(start) + 4 * blob.count + len(shape) for start, blob, shape in blobs]
    length = len(head) + sum(len(_head(7, body)) + body for body in bodies)
    yield _head(100, length) + head
    for (start, blob, shape), body in zip(blobs, bodies, strict=True):
        yield _head(7, body) + start
        if blob.count:
            yield blob
        yield shape


def _blob_head(blob: Blob) -> bytes:
    return _head(5, 4 * blob.count) if blob.count else b""


def _shape(blob: Blob) -> bytes:
    dims = b"".join(_varint(dim) for dim in blob.shape)
    # A blob without axes has no shape field at all: it is what Caffe writes, and an empty one is refused elsewhere.
    return _bytes(7, _bytes(1, dims)) if dims else b""


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _bytes(field: int, content: bytes) -> bytes:
    return _head(field, len(content)) + content


def _head(field: int, length: int) -> bytes:
    """The tag of a length-delimited field (wire type 2) and its length."""
    return _varint(field << 3 | 2) + _varint(length)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
