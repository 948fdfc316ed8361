"""OpenCV's dnn module, 4.x: reads a pair of Caffe files by itself (5.x no longer does)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, TypeVar

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.extras import fault_of
from caffe_ir.layer import Layer
from caffe_ir.layers import DetectionOutput
from caffe_ir.net import Net
from converters.verify.engine import CaffeFiles, Engine, EngineFailed, Forward, place_of, stopping_layer
from converters.verify.source import Feeds, inputs_of

T = TypeVar("T")
# Blobs fetched by one forward pass; all of a large net at once would not fit into memory.
_BYTES_AT_ONCE = 128 << 20
# Weights that OpenCV may keep a second time for Winograd's transform, which makes them several times larger.
_BYTES_TO_TRANSFORM = 100 << 20


def _missing() -> str:
    if fault := fault_of("cv2"):
        return f"OpenCV {fault.what}; {fault.hint}"
    import cv2

    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        # Where another package brought OpenCV 5, as ultralytics does, pip takes the requirement for satisfied.
        install = "pip install --force-reinstall --no-deps 'opencv-python-headless>=4.11,<5'"
        return f"OpenCV {cv2.__version__} does not read Caffe files: {install}"
    return ""


def _title() -> str:
    import cv2

    return f"OpenCV {cv2.__version__} (dnn, CPU)"


def _blobs(files: CaffeFiles, wanted: Sequence[str], feeds: Feeds) -> Iterator[Array | None]:
    """The net's outputs as OpenCV runs it, with layers joined; all other blobs one layer at a time.

    Where layers are joined OpenCV 4 gives unwritten memory for a blob that a Concat reads. A net that has run joined
    does not come apart again, so there are two.
    """
    _refuse_names(files)
    try:
        last = _outputs(files, [blob for blob in wanted if blob in files.net.outputs], feeds)
        opened = _opened(files, feeds)
        opened.enableFusion(False)
        opened.enableWinograd(False)
        for part in _parts(files.net, wanted):
            inner = [blob for blob in part if blob not in last]
            found = {**last, **dict(zip(inner, _forward(opened, files.net, inner), strict=True))}
            yield from (found[blob] for blob in part)
    except Exception as error:
        raise EngineFailed(_told(files, error)) from error


def _kept_open(files: CaffeFiles) -> Forward:
    """The net as OpenCV runs it by itself."""
    _refuse_names(files)
    opened = _of_opencv(files, lambda: _opened(files, {}))

    def forward(wanted: Sequence[str], feeds: Feeds) -> list[Array | None]:
        def run() -> list[Array | None]:
            _feed(opened, feeds)
            return _forward(opened, files.net, wanted)

        return _of_opencv(files, run)

    return forward


def _of_opencv(files: CaffeFiles, work: Callable[[], T]) -> T:
    import cv2

    try:
        return work()
    except cv2.error as error:
        raise EngineFailed(_told(files, error)) from error


def _refuse_names(files: CaffeFiles) -> None:
    """OpenCV ends the process with a segmentation fault where the name of a file is not UTF-8."""
    for path in (files.prototxt, files.caffemodel):
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise EngineFailed(f"OpenCV opens no file whose name is not UTF-8: {path}") from None


def _outputs(files: CaffeFiles, blobs: Sequence[str], feeds: Feeds) -> dict[str, Array | None]:
    if not blobs:
        return {}
    return dict(zip(blobs, _forward(_joined(files, feeds), files.net, blobs), strict=True))


def _joined(files: CaffeFiles, feeds: Feeds) -> Any:
    opened = _opened(files, feeds)
    opened.enableWinograd(4 * sum(blob.count for node in files.net.nodes for blob in node.blobs) <= _BYTES_TO_TRANSFORM)
    return opened


def _forward(opened: Any, net: Net, blobs: Sequence[str]) -> list[Array | None]:
    """OpenCV calls an output by its layer; it keeps only the first of several tops, the others are overwritten."""
    places = [place_of(net, blob) for blob in blobs]
    layers = [layer for layer, place in places if place == 0]
    found = dict(zip(layers, opened.forward(layers), strict=True)) if layers else {}
    return [_in_caffes_order(net.node(layer).layer, found[layer]) if place == 0 else None for layer, place in places]


def _in_caffes_order(layer: Layer, array: Array) -> Array:
    """What a layer gives, which OpenCV's module has copied, with detections as Caffe lists them.

    OpenCV orders those of an image by score alone, and adds rows of zeros up to keep_top_k; Caffe orders them by class
    first, and has a row of -1 for each image where there are none at all (detection_output_layer.cpp).
    """
    if not isinstance(layer, DetectionOutput):
        return array
    rows = array.reshape(-1, 7)
    images = len(rows) // layer.keep_top_k
    rows = rows[(rows != 0).any(axis=1)]
    order = np.lexsort((-rows[:, 2], rows[:, 1], rows[:, 0]))
    nothing = [[image, *(-1,) * 6] for image in range(images)]
    return np.array(rows[order] if len(rows) else nothing, array.dtype).reshape(1, 1, -1, 7)


def _opened(files: CaffeFiles, feeds: Feeds) -> Any:
    import cv2

    opened = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
    opened.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    _feed(opened, feeds)
    return opened


def _feed(opened: Any, feeds: Feeds) -> None:
    for name, array in feeds.items():
        opened.setInput(np.ascontiguousarray(array, np.float32), name)


def _parts(net: Net, wanted: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for blob in wanted:
        part.append(blob)
        size += 4 * prod(net.shapes[blob])
        if size > _BYTES_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _told(files: CaffeFiles, error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    layer = stopping_layer(files, _runs)
    return f"OpenCV cannot run {layer}: {said}" if layer else f"OpenCV cannot run the net: {said}"


def _runs(files: CaffeFiles) -> bool:
    """Whether OpenCV runs a net to its end."""
    import cv2

    zeros = {name: np.zeros(shape, np.float32) for name, shape in inputs_of(files.net).items()}
    try:
        _outputs(files, files.net.outputs, zeros)
    except cv2.error:
        return False
    return True


OPENCV = Engine(name="opencv", missing=_missing, title=_title, blobs=_blobs, opened=_kept_open, at_once=2)
"""Its threads wait for each other behind every layer: a second net has work meanwhile."""
