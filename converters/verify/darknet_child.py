"""The process that holds libdarknet.so: its error() aborts and its file_error() exits with 0. Run as a file.

usage: python darknet_child.py LIBRARY CFG WEIGHTS INPUT.f32 OUTPUT.f32 LAYERS IMAGES

Writes the outputs of all layers one after the other; standard output says how many numbers each has, -1 where Darknet
does not tell (get_network_image_layer knows only layers that have a width, a height and channels).
"""

from __future__ import annotations

import ctypes
import json
import os
import sys

import numpy as np


class _Image(ctypes.Structure):
    """darknet.h, image."""

    _fields_ = (("w", ctypes.c_int), ("h", ctypes.c_int), ("c", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_float)))


def main(library: str, cfg: str, weights: str, source: str, result: str, layers: int, images: int) -> None:
    """Run the net once. Darknet prints to standard output, so that is kept for the last line alone."""
    told = os.dup(1)
    os.dup2(2, 1)
    darknet = _library(library)
    net = darknet.load_network(os.fsencode(cfg), os.fsencode(weights), 0)
    x = np.fromfile(source, np.float32)
    last = darknet.network_predict(net, x.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
    sizes = []
    with open(result, "wb") as sink:
        for layer in range(layers):
            image = darknet.get_network_image_layer(net, layer)
            count = image.w * image.h * image.c * images if image.data else -1
            sizes.append(count)
            if count > 0:
                address = ctypes.addressof(image.data.contents)
                sink.write(memoryview((ctypes.c_float * count).from_address(address)))
    del last
    os.write(told, json.dumps(sizes).encode())
    os._exit(0)


def _library(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    library.load_network.restype = ctypes.c_void_p
    library.load_network.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int)
    library.network_predict.restype = ctypes.POINTER(ctypes.c_float)
    library.network_predict.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_float))
    library.get_network_image_layer.restype = _Image
    library.get_network_image_layer.argtypes = (ctypes.c_void_p, ctypes.c_int)
    return library


if __name__ == "__main__":
    library, cfg, weights, source, result, layers, images = sys.argv[1:]
    main(library, cfg, weights, source, result, int(layers), int(images))
