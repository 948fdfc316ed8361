"""What the nets are run on: seeded noise, arrays from a file, or a picture prepared as the net's user would."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from caffe_ir.blob import Array, Shape, cannot_read
from caffe_ir.error_kinds.running import INPUT_FILE
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.file_kinds import NUMPY_SIGNATURE
from caffe_ir.given_files import check_regular
from converters.pictures.preparation import Preparation, picture
from converters.pictures.reading import ENDINGS
from converters.verify.source import Feeds
from converters.weights import Tensor, open_weights

PICTURES = ENDINGS
ARRAYS = (".npy", ".npz")


def noise(shapes: Mapping[str, Shape], seed: int, whole: Container[str] = ()) -> Feeds:
    """Normally distributed numbers, the same ones for the same seed; 0 and 1 for the inputs that take whole numbers."""
    rng = np.random.default_rng(seed)
    drawn = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return {name: (array > 0 if name in whole else array).astype(np.float32) for name, array in drawn.items()}


def scaled(feeds: Feeds, size: float, whole: Container[str] = ()) -> Feeds:
    """The inputs so many times larger; those that take whole numbers as they are."""
    return {name: array if name in whole else array * np.float32(size) for name, array in feeds.items()}


def from_file(path: Path, shapes: Mapping[str, Shape], preparation: Preparation, sizes: Container[str] = ()) -> Feeds:
    """The inputs that a file holds: a picture or an .npy for a net of one input, or an .npz with arrays by name.

    Of the inputs called in `sizes` only the size is read: beside a single one they are zeros. Raises ConversionError.
    """
    suffix = path.suffix.lower()
    if suffix not in (*ARRAYS, *PICTURES):
        raise _refused(path, "is neither an array (.npy, .npz) nor a picture (.jpg, .png, .bmp, .webp)")
    if suffix == ".npz":
        return _archive(path, shapes)
    read = {name: shape for name, shape in shapes.items() if name not in sizes}
    if len(read) != 1:
        raise _refused(path, f"is one input, the net takes {len(shapes)}: {', '.join(shapes)}", hint="give an .npz")
    ((name, shape),) = read.items()
    given = _single(path, name, shape) if suffix == ".npy" else picture(path, shape, preparation)
    return {one: given if one == name else np.zeros(shapes[one], np.float32) for one in shapes}


def _archive(path: Path, shapes: Mapping[str, Shape]) -> Feeds:
    if _begins_as(path) == "array":
        raise _refused(path, "is a single array", hint="call it .npy")
    arrays = _tensors(path)
    names = list(arrays)
    if len(shapes) == 1 and len(names) == 1 and names[0] not in shapes:
        arrays = dict(zip(shapes, arrays.values(), strict=True))
    if lacking := [name for name in shapes if name not in arrays]:
        raise _refused(path, f"has no array {', '.join(lacking)}, only {', '.join(names)}")
    return {name: _shaped(path, name, arrays[name], shape) for name, shape in shapes.items()}


def _single(path: Path, name: str, shape: Shape) -> Array:
    if _begins_as(path) == "archive":
        raise _refused(path, "is an archive of arrays", hint="call it .npz")
    tensors = _tensors(path)
    if path.stem not in tensors:
        raise _refused(path, "holds objects, not an array of numbers")
    return _shaped(path, name, tensors[path.stem], shape)


def _begins_as(path: Path) -> Literal["array", "archive"]:
    """What a file of numpy's is, by whatever name. Raises ConversionError."""
    try:
        check_regular(path)
        with open(path, "rb") as file:
            head = file.read(len(NUMPY_SIGNATURE))
    except FileNotFoundError:
        raise _refused(path, "is not there") from None
    except OSError as error:
        raise ConversionError(cannot_read(path, error)) from None
    if head == NUMPY_SIGNATURE:
        return "array"
    if head.startswith(b"PK"):
        return "archive"
    raise _refused(path, "is not a file of numpy arrays", hint="write it with numpy.save or numpy.savez")


def _tensors(path: Path) -> dict[str, Tensor]:
    """The arrays of a file by their names, of which no number has been read yet. Raises ConversionError."""
    return {name: tensor for name, tensor in open_weights(path).tensors.items() if isinstance(tensor, Tensor)}


def _shaped(path: Path, name: str, tensor: Tensor, shape: Shape) -> Array:
    """The numbers under the input's shape; a single image may lack the batch axis."""
    if tensor.dtype.startswith("complex"):
        raise _refused(path, f"holds {tensor.dtype}, not numbers")
    if tensor.shape not in (shape, shape[1:] if shape[0] == 1 else shape):
        raise _refused(path, f"is {tensor.shape} where the input {name} is {shape}")
    return tensor.read().reshape(shape).astype(np.float32)


def _refused(path: Path, what: str, *, why: str = "", hint: str = "") -> ConversionError:
    return ConversionError(Problem(kind=INPUT_FILE, what=f"{path} {what}", why=why, hint=hint))
