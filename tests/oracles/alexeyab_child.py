"""The process that holds a libdarknet.so of AlexeyAB's; run as a file by `alexeyab.py`, never imported by a test.

What his detector does with a picture (detector.c, test_detector), for each of many. The structures and functions are
those of his include/darknet.h, named by their order and types alone.
"""

from __future__ import annotations

import json
import sys
from ctypes import CDLL, POINTER, Structure, byref, c_char_p, c_float, c_int, c_void_p
from pathlib import Path
from typing import Any

import numpy as np


class Image(Structure):
    _fields_ = [("w", c_int), ("h", c_int), ("c", c_int), ("data", POINTER(c_float))]


class Detection(Structure):
    _fields_ = [
        ("bbox", c_float * 4),
        ("classes", c_int),
        ("best_class_idx", c_int),
        ("prob", POINTER(c_float)),
        ("mask", POINTER(c_float)),
        ("objectness", c_float),
        ("sort_class", c_int),
        ("uc", POINTER(c_float)),
        ("points", c_int),
        ("embeddings", POINTER(c_float)),
        ("embedding_size", c_int),
        ("sim", c_float),
        ("track_id", c_int),
    ]


def functions(path: str) -> Any:
    library = CDLL(path)
    found: dict[str, tuple[Any, list[Any]]] = {
        "load_network_custom": (c_void_p, [c_char_p, c_char_p, c_int, c_int]),
        "load_image_color": (Image, [c_char_p, c_int, c_int]),
        "resize_image": (Image, [Image, c_int, c_int]),
        "letterbox_image": (Image, [Image, c_int, c_int]),
        "free_image": (None, [Image]),
        "network_predict_ptr": (c_void_p, [c_void_p, POINTER(c_float)]),
        "network_width": (c_int, [c_void_p]),
        "network_height": (c_int, [c_void_p]),
        "get_network_boxes": (
            POINTER(Detection),
            [c_void_p, c_int, c_int, c_float, c_float, c_void_p, c_int, POINTER(c_int), c_int],
        ),
        "do_nms_sort": (None, [POINTER(Detection), c_int, c_int, c_float]),
        "diounms_sort": (None, [POINTER(Detection), c_int, c_int, c_float, c_int, c_float]),
        "free_detections": (None, [POINTER(Detection), c_int]),
    }
    for name, (result, arguments) in found.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def rows(boxes: Any, count: int, threshold: float) -> np.ndarray:
    """Each box as x, y, w, h, objectness and the probabilities of all classes.

    A tree of classes leaves some that are not above the threshold; his detector draws none of them (image.c,
    get_actual_detections), so they are zero here.
    """
    found = [
        [*one.bbox, one.objectness, *np.ctypeslib.as_array(one.prob, (one.classes,))]
        for one in (boxes[place] for place in range(count))
    ]
    table = np.array(found, np.float32) if found else np.zeros((0, 5), np.float32)
    table[:, 5:] *= table[:, 5:] > np.float32(threshold)
    return table


def main() -> None:
    order = json.loads(Path(sys.argv[1]).read_text())
    darknet = functions(order["library"])
    net = darknet.load_network_custom(order["cfg"].encode(), order["weights"].encode(), 0, 1)
    width, height = darknet.network_width(net), darknet.network_height(net)
    sizes = []
    for place, case in enumerate(order["cases"]):
        image = darknet.load_image_color(case["picture"].encode(), 0, 0)
        letter = int(case["fit"] == "letterbox")
        sized = (darknet.letterbox_image if letter else darknet.resize_image)(image, width, height)
        given = np.ctypeslib.as_array(sized.data, (3, height, width)).copy()
        darknet.network_predict_ptr(net, sized.data)
        count = c_int()
        boxes = darknet.get_network_boxes(net, image.w, image.h, case["threshold"], 0.5, None, 1, byref(count), letter)
        before = rows(boxes, count.value, case["threshold"])
        if count.value and order["kind"]:
            classes = boxes[0].classes
            darknet.diounms_sort(boxes, count, classes, order["nms"], order["kind"], order["beta"])
        elif count.value:
            darknet.do_nms_sort(boxes, count, boxes[0].classes, order["nms"])
        for name, array in (("input", given), ("boxes", before), ("kept", rows(boxes, count.value, case["threshold"]))):
            np.save(Path(order["folder"], f"{place}.{name}.npy"), array)
        sizes.append((image.h, image.w))
        darknet.free_detections(boxes, count)
        darknet.free_image(image)
        darknet.free_image(sized)
    Path(order["folder"], "sizes").write_text(json.dumps(sizes))


if __name__ == "__main__":
    main()
