"""STEM.opencv.py: a program that runs the net on one picture with OpenCV 4, prepared as `convert run` does it.

OpenCV's own resizing (and so blobFromImage) is neither Darknet's, which aligns the corners (image.c, resize_image), nor
Pillow's, which torchvision uses; so the program has the former in numpy, and takes the latter from Pillow.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from converters.side_files.subject import Subject

_FILE = '''\
"""Written by tocaffe from {title}.input.json: the net on one picture, with OpenCV 4.

    python {title}.opencv.py PICTURE
"""

import sys
from pathlib import Path

import cv2
import numpy as np
{imports}
HEIGHT, WIDTH = {height}, {width}
MEAN = np.array({mean!r}, np.float32)
SCALE = np.array({scale!r}, np.float32)


{functions}


def prepared(picture):
    """The input (N, C, H, W), of the bytes that cv2.imread gives."""
    values = (fitted(picture){order} - MEAN) * SCALE
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None].repeat({batch}, 0))


if __name__ == "__main__":
    here = Path(__file__).parent
    net = cv2.dnn.readNetFromCaffe(str(here / {prototxt!r}), str(here / {caffemodel!r}))
    net.setInput(prepared(cv2.imread(sys.argv[1], cv2.{flag})), {input!r})
    names = net.getUnconnectedOutLayersNames()
    for name, blob in zip(names, net.forward(names)):
        print(name, blob.shape, "from", blob.min(), "to", blob.max())
'''
_ALIGNED = '''\
def resized(values, height, width):
    """Linear along the rows, then down the columns, with the corners aligned, as Darknet does it."""
    for axis, size in ((1, width), (0, height)):
        count = values.shape[axis]
        place = np.arange(size, dtype=np.float32) * (np.float32(count - 1) / np.float32(max(size - 1, 1)))
        low = np.minimum(place.astype(int), count - 1)
        part = (place - low).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = values.take(low, axis) * (1 - part) + values.take(np.minimum(low + 1, count - 1), axis) * part
    return values


def fitted(picture):
    """The picture in the size of the input (H, W, C), values from 0 to 255."""
    values = picture.astype(np.float32).reshape(*picture.shape[:2], -1)
    rows, columns = values.shape[:2]
'''
_FITTED = {
    "stretch": """\
    return resized(values, HEIGHT, WIDTH)""",
    "letterbox": """\
    if np.float32(WIDTH) / np.float32(columns) < np.float32(HEIGHT) / np.float32(rows):
        height, width = max(rows * WIDTH // columns, 1), WIDTH
    else:
        height, width = HEIGHT, max(columns * HEIGHT // rows, 1)
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    field = np.full((HEIGHT, WIDTH, values.shape[2]), {fill}, np.float32)
    field[top : top + height, left : left + width] = resized(values, height, width)
    return field""",
    "crop": """\
    height, width = (rows * WIDTH // columns, WIDTH) if columns < rows else (WIDTH, columns * WIDTH // rows)
    top, left = int((height - HEIGHT) / 2), int((width - WIDTH) / 2)
    down = np.clip(np.arange(top, top + HEIGHT), 0, height - 1)
    across = np.clip(np.arange(left, left + WIDTH), 0, width - 1)
    return resized(values, height, width)[down][:, across]""",
}
_PILLOWS = '''\
def fitted(picture):
    """The picture in the size of the input (H, W, C), values from 0 to 255, as torchvision does it."""
    rows, columns = picture.shape[:2]
{place}
    image = Image.fromarray(picture).resize((width, height), Image.Resampling.{kernel})
    part = np.asarray(image)[top : top + HEIGHT, left : left + WIDTH]
    return part.reshape(HEIGHT, WIDTH, -1).astype(np.float32)'''
_PILLOWS_BOX = '''\
def fitted(picture):
    """The picture in the size of the input (H, W, C), values from 0 to 255: its proportions kept, by Pillow."""
    rows, columns = picture.shape[:2]
    if np.float32(WIDTH) / np.float32(columns) < np.float32(HEIGHT) / np.float32(rows):
        height, width = max(rows * WIDTH // columns, 1), WIDTH
    else:
        height, width = HEIGHT, max(columns * HEIGHT // rows, 1)
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    image = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.{kernel}))
    field = np.full((HEIGHT, WIDTH, image.size // (height * width)), {fill}, np.float32)
    field[top : top + height, left : left + width] = image.reshape(height, width, -1)
    return field'''
_WHOLE = """\
    height, width, top, left = HEIGHT, WIDTH, 0, 0"""
_MIDDLE = """\
    height = {side} if rows <= columns else int({side} * rows / columns)
    width = int({side} * columns / rows) if rows <= columns else {side}
    top, left = round((height - HEIGHT) / 2), round((width - WIDTH) / 2)"""


def opencv(subject: Subject) -> Mapping[str, str]:
    """The file by its ending."""
    described = subject.description
    height, width = subject.size
    if described.kernel is not None and described.fit == "letterbox":
        functions = _PILLOWS_BOX.format(kernel=described.kernel.upper(), fill=described.fill)
    elif described.kernel is not None:
        side = described.shorter_side
        functions = _PILLOWS.format(
            kernel=described.kernel.upper(), place=_WHOLE if side is None else _MIDDLE.format(side=side)
        )
    else:
        functions = _ALIGNED + _FITTED[described.fit].format(fill=described.fill)
    text = _FILE.format(
        title=subject.title,
        imports="from PIL import Image\n" if described.kernel is not None else "",
        height=height,
        width=width,
        mean=_rounded(subject.mean),
        scale=_rounded(subject.scale),
        functions=functions,
        order="[:, :, ::-1]" if described.order == "RGB" else "",
        batch=subject.shape[0],
        prototxt=f"{subject.name}.prototxt",
        caffemodel=f"{subject.name}.caffemodel",
        flag="IMREAD_GRAYSCALE" if subject.channels == 1 else "IMREAD_COLOR",
        input=subject.input,
    )
    return {".opencv.py": text}


def _rounded(numbers: list[float]) -> list[float]:
    """The shortest numbers that are the same ones in float32."""
    return [float(str(np.float32(one))) for one in numbers]
