"""What the nets are run on: seeded noise, arrays from a file, or a picture prepared as the net's user would."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Shape
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.extras import install
from converters.verify.source import Feeds

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
ARRAYS = (".npy", ".npz")
Fit = Literal["letterbox", "stretch"]


class Preparation(Struct, frozen=True, kw_only=True):
    """How a picture becomes an input: (values 0..255 - mean) * scale, each channel by itself, RGB unless `bgr`.

    letterbox keeps its proportions and fills up with grey; both fits are Darknet's own.
    """

    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1 / 255,)
    bgr: bool = False
    fit: Fit = "letterbox"


def noise(shapes: Mapping[str, Shape], seed: int, whole: Container[str] = ()) -> Feeds:
    """Normally distributed numbers, the same ones for the same seed; 0 and 1 for the inputs that take whole numbers."""
    rng = np.random.default_rng(seed)
    drawn = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return {name: (array > 0 if name in whole else array).astype(np.float32) for name, array in drawn.items()}


def scaled(feeds: Feeds, size: float, whole: Container[str] = ()) -> Feeds:
    """The inputs so many times larger; those that take whole numbers as they are."""
    return {name: array if name in whole else array * np.float32(size) for name, array in feeds.items()}


def from_file(path: Path, shapes: Mapping[str, Shape], preparation: Preparation) -> Feeds:
    """The inputs that a file holds: a picture or an .npy for a net of one input, or an .npz with arrays by name.

    Raises ConversionError.
    """
    suffix = path.suffix.lower()
    if suffix not in (*ARRAYS, *PICTURES):
        raise _refused(path, "is neither an array (.npy, .npz) nor a picture (.jpg, .png, .bmp, .webp)")
    if suffix == ".npz":
        return _archive(path, shapes)
    if len(shapes) != 1:
        raise _refused(path, f"is one input, the net takes {len(shapes)}: {', '.join(shapes)}", hint="give an .npz")
    ((name, shape),) = shapes.items()
    array = _single(path) if suffix == ".npy" else picture(path, shape, preparation)
    return {name: _shaped(path, name, array, shape)}


def _archive(path: Path, shapes: Mapping[str, Shape]) -> Feeds:
    arrays = _archived(path)
    names = list(arrays)
    if len(shapes) == 1 and len(names) == 1 and names[0] not in shapes:
        arrays = dict(zip(shapes, arrays.values(), strict=True))
    if lacking := [name for name in shapes if name not in arrays]:
        raise _refused(path, f"has no array {', '.join(lacking)}, only {', '.join(names)}")
    return {name: _shaped(path, name, arrays[name], shape) for name, shape in shapes.items()}


def _archived(path: Path) -> dict[str, Array]:
    with _loaded(path) as held:
        if isinstance(held, np.ndarray):
            raise _refused(path, "is a single array", hint="call it .npy")
        return {name: held[name] for name in held.files}


def _single(path: Path) -> Array:
    with _loaded(path) as held:
        if isinstance(held, np.ndarray):
            return held
        raise _refused(path, "is an archive of arrays", hint="call it .npz")


@contextmanager
def _loaded(path: Path) -> Iterator[Array | np.lib.npyio.NpzFile]:
    """What a file of numpy's holds, to be read while the block runs. Raises ConversionError."""
    try:
        with open(path, "rb") as file:
            yield np.load(file, allow_pickle=False)
    except FileNotFoundError:
        raise _refused(path, "is not there") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise _refused(path, "is no file of numpy arrays", why=why) from None


def _shaped(path: Path, name: str, array: Array, shape: Shape) -> Array:
    """The array under the input's shape; a single image may lack the batch axis."""
    if array.dtype.kind not in "fiub":
        raise _refused(path, f"holds {array.dtype}, not numbers")
    if array.shape not in (shape, shape[1:] if shape[0] == 1 else shape):
        raise _refused(path, f"is {array.shape} where the input {name} is {shape}")
    return array.reshape(shape).astype(np.float32)


# ---- pictures ------------------------------------------------------------------------------------------------------


def picture(path: Path, shape: Shape, preparation: Preparation) -> Array:
    """A picture as an input (N, C, H, W), the same one for each of N. Raises ConversionError."""
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise _refused(path, f"is a picture, and an input of the shape {shape} is none")
    _, channels, height, width = shape
    image = _decoded(path, channels)
    fitted = letterboxed(image, height, width) if preparation.fit == "letterbox" else resized(image, height, width)
    if preparation.bgr:
        fitted = fitted[::-1]
    mean, scale = (np.asarray(each, np.float32).reshape(-1, 1, 1) for each in (preparation.mean, preparation.scale))
    for each, what in ((mean, "--mean"), (scale, "--scale")):
        if len(each) not in (1, channels):
            raise _refused(path, f"has {channels} channels, {what} has {len(each)} numbers")
    prepared = (fitted * 255 - mean) * scale
    return np.ascontiguousarray(np.broadcast_to(prepared, shape), np.float32)


def _decoded(path: Path, channels: int) -> Array:
    """The picture as (C, H, W) in RGB or grey, 0..1."""
    try:
        import cv2
    except ImportError as error:
        hint = f"{install('cv2')}; or give the input as .npy"
        raise _refused(path, "is a picture, and OpenCV, which reads it, is not installed", hint=hint) from error
    data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
    if not data.size:
        raise _refused(path, "is empty" if path.is_file() else "is not there")
    flag = cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE
    decoded = cv2.imdecode(data, flag)
    if decoded is None:
        raise _refused(path, "is not a picture that can be read", why="it is damaged, or something else by that name")
    if channels == 1:
        return decoded[None].astype(np.float32) / np.float32(255)
    return decoded[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / np.float32(255)


def letterboxed(image: Array, height: int, width: int) -> Array:
    """image.c, letterbox_image: the picture as large as it fits, in the middle of a field of 0.5."""
    channels, rows, columns = image.shape
    if width / columns < height / rows:
        new_width, new_height = width, rows * width // columns
    else:
        new_width, new_height = columns * height // rows, height
    boxed = np.full((channels, height, width), 0.5, np.float32)
    top, left = (height - new_height) // 2, (width - new_width) // 2
    boxed[:, top : top + new_height, left : left + new_width] = resized(image, new_height, new_width)
    return boxed


def resized(image: Array, height: int, width: int) -> Array:
    """image.c, resize_image: linear along the rows, then down the columns, with the corners aligned."""
    return _along(_along(image, width, 2), height, 1).astype(np.float32)


def _along(image: Array, size: int, axis: int) -> Array:
    count = image.shape[axis]
    if count == size:
        return image
    place = np.arange(size, dtype=np.float32) * np.float32((count - 1) / max(size - 1, 1))
    low = np.minimum(place.astype(np.int64), count - 1)
    high = np.minimum(low + 1, count - 1)
    part = (place - low).astype(np.float32).reshape([-1 if each == axis else 1 for each in range(image.ndim)])
    mixed: Array = image.take(low, axis) * (1 - part) + image.take(high, axis) * part
    return mixed


def _refused(path: Path, what: str, *, why: str = "", hint: str = "") -> ConversionError:
    return ConversionError(Problem(what=f"{path} {what}", why=why, hint=hint))
