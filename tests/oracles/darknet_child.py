"""The process that holds libdarknet.so; run as a file by `darknet.py`, never imported by a test.

usage: python darknet_child.py JOBS.json HEADER LIBRARY

The library is loaded once and every job runs in a fork of its own, because Darknet's error() aborts, its file_error()
exits with status 0 and some layers crash. A job has succeeded when, and only when, its `result` file is there.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any

import cffi
import numpy as np

# The functions used, in the header's own spelling; the header also declares the types that cffi must lay out.
FUNCTIONS = (
    "load_network", "set_batch_network", "network_predict", "save_weights",
    "load_image_color", "letterbox_image", "resize_image", "get_network_boxes", "do_nms_sort", "do_nms_obj",
)  # fmt: skip
RECURRENT = ("rnn", "gru", "lstm", "crnn")

_TYPE = re.compile(
    r"^(?:typedef\s+(?:struct|enum)\s*\w*\s*\{[^{}]*\}\s*\w+;"
    r"|struct\s+\w+\s*\{[^{}]*\};"
    r"|(?:typedef\s+)?struct\s+\w+(?:\s+\w+)?;)",
    re.MULTILINE,
)
_FUNCTION_POINTER = re.compile(r"\w+\s*\(\*\s*(\w+)\)\s*\([^()]*\);")


def declarations(header: str) -> str:
    """The C declarations of `darknet.h` that cffi can read: all types, as built without GPU, and FUNCTIONS.

    Function pointers become `void *` (same size): they name `struct layer` by value inside `struct layer`.
    """
    plain = _FUNCTION_POINTER.sub(r"void *\1;", without_preprocessor(header))
    found = _TYPE.findall(plain)
    for name in FUNCTIONS:
        prototype = re.search(rf"^[\w \*]*\b{name}\([^()]*\);", plain, re.MULTILINE)
        if prototype is None:
            raise ValueError(f"darknet.h declares no {name}()")
        found.append(prototype.group())
    return "\n".join(found)


def without_preprocessor(header: str) -> str:
    """The header with every `#ifdef NAME` block left out (GPU, CUDNN, OPENCV, __cplusplus) and no `#` line."""
    kept: list[str] = []
    depth = 0
    for line in header.splitlines():
        directive = line.strip()
        if not directive.startswith("#"):
            if depth == 0:
                kept.append(line)
            continue
        word = directive[1:].strip()
        if word.startswith("ifdef") or (depth and word.startswith("if")):
            depth += 1
        elif depth and word.startswith("endif"):
            depth -= 1
    return "\n".join(kept)


def main(jobs_path: str, header_path: str, library_path: str) -> None:
    """Run every job of the file, each in a fork."""
    ffi = cffi.FFI()
    ffi.cdef(declarations(Path(header_path).read_text()))
    library = ffi.dlopen(library_path)
    for job in json.loads(Path(jobs_path).read_text()):
        pid = os.fork()
        if pid == 0:
            _run_and_leave(ffi, library, job)
        _, status = os.waitpid(pid, 0)
        Path(job["status"]).write_text(str(os.waitstatus_to_exitcode(status)))


def _run_and_leave(ffi: Any, library: Any, job: dict[str, Any]) -> None:
    with open(job["stderr"], "wb") as log, open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        _run(ffi, library, job)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _run(ffi: Any, library: Any, job: dict[str, Any]) -> None:
    weights = job["weights"].encode() or ffi.NULL
    net = library.load_network(job["cfg"].encode(), weights, 0)
    if job["kind"] == "resave":
        library.save_weights(net, job["values"].encode())
        layers: list[dict[str, Any]] = []
    elif job["kind"] == "detect":
        layers = [_detected(ffi, library, net, case) for case in job["cases"]]
    else:
        layers = _forward(ffi, library, net, np.load(job["input"]), Path(job["values"]))
    Path(job["result"]).write_text(json.dumps(layers))


def _forward(ffi: Any, library: Any, net: Any, x: np.ndarray[Any, Any], values: Path) -> list[dict[str, Any]]:
    kinds = [_type_name(ffi, net.layers[i]) for i in range(net.n)]
    if any(kind in RECURRENT for kind in kinds):
        raise ValueError("a recurrent layer has no single forward to compare with")
    wanted = (net.c, net.h, net.w) if net.c * net.h * net.w else (net.inputs, 1, 1)
    if x.shape[1:] != wanted:
        raise ValueError(f"the net takes (c, h, w) = {wanted}, the input is {x.shape[1:]}")
    library.set_batch_network(net, len(x))
    library.network_predict(net, ffi.cast("float *", x.ctypes.data))
    layers = []
    with values.open("wb") as sink:
        for i, kind in enumerate(kinds):
            layer = net.layers[i]
            if layer.output == ffi.NULL:
                raise ValueError(f"layer {i} ({kind}) has no output buffer")
            sink.write(ffi.buffer(layer.output, len(x) * layer.outputs * 4))
            layers.append({"type_name": kind, "shape": _shape(layer, len(x))})
    return layers


def _detected(ffi: Any, library: Any, net: Any, case: dict[str, Any]) -> dict[str, Any]:
    """What detector.c, test_detector, does with a picture (for [detection]: yolo.c, test_yolo), but for the drawing."""
    picture = library.load_image_color(case["picture"].encode(), 0, 0)
    fit = library.letterbox_image if case["fit"] == "letterbox" else library.resize_image
    sized = fit(picture, net.w, net.h)
    library.set_batch_network(net, 1)
    library.network_predict(net, sized.data)
    if case["output"]:
        given = np.load(case["output"]).astype(np.float32).ravel()
        ffi.memmove(net.layers[net.n - 1].output, given.tobytes(), given.nbytes)
    for name, pointer, count in (
        ("input", sized.data, net.c * net.h * net.w),
        *((f"layer{i}", net.layers[i].output, net.layers[i].outputs) for i in case["layers"]),
    ):
        np.save(f"{case['folder']}/{name}.npy", np.frombuffer(ffi.buffer(pointer, 4 * count), np.float32))
    number = ffi.new("int *")
    width, height = (net.w, net.h) if case["fit"] == "stretch" else (picture.w, picture.h)
    if _type_name(ffi, net.layers[net.n - 1]) == "detection":
        width, height = 1, 1  # its boxes are multiplied by these, whatever `relative` says
    boxes = library.get_network_boxes(net, width, height, case["threshold"], 0.5, ffi.NULL, 1, number)
    classes = net.layers[net.n - 1].classes
    np.save(f"{case['folder']}/boxes.npy", _rows(boxes, number[0], classes))
    nms = library.do_nms_obj if case["nms"] == "by objectness" else library.do_nms_sort
    nms(boxes, number[0], classes, 0.45)
    np.save(f"{case['folder']}/kept.npy", _rows(boxes, number[0], classes))
    return {"width": picture.w, "height": picture.h}


def _rows(boxes: Any, count: int, classes: int) -> np.ndarray[Any, Any]:
    """x, y, w, h, objectness, and the classes' probabilities of each box."""
    rows = []
    for place in range(count):
        box = boxes[place]
        scores = [box.prob[category] for category in range(classes)]
        rows.append([box.bbox.x, box.bbox.y, box.bbox.w, box.bbox.h, box.objectness, *scores])
    return np.array(rows, np.float32)


def _type_name(ffi: Any, layer: Any) -> str:
    # An unsigned C enum comes back as an int.
    name: str = ffi.typeof("LAYER_TYPE").elements[int(layer.type)]
    return name.lower()


def _shape(layer: Any, batch: int) -> list[int]:
    """What the layer's own out_* fields say, or flat where they do not describe `outputs` (softmax, route, cost...)."""
    if layer.out_c * layer.out_h * layer.out_w == layer.outputs:
        return [batch, layer.out_c, layer.out_h, layer.out_w]
    return [batch, layer.outputs]


if __name__ == "__main__":
    main(*sys.argv[1:])
