"""`convert dump FILE`: what a file of weights holds, as a table, and as arrays for NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from caffe_ir.error_kinds.general import WRONG_USAGE
from caffe_ir.error_kinds.weights import FORM_NOT_READ
from caffe_ir.visible import visible
from converters.cli.command import Command, InputFile
from converters.cli.failure import failures_reported
from converters.cli.options import FILE
from converters.cli.say import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from caffe_ir.blob import Array
    from converters.weights.tensors import Nested

_BLOCK = 1 << 20
MARK = "arrays written by tocaffe"
"""Stands at the end of an archive of ours, as its comment."""
_HEAD = ("name", "shape", "type", "mean", "std", "min", "max", "nan")


class Held(Struct, frozen=True, kw_only=True):
    """One array of a file; `read` gives its numbers, and is None where their type is not read."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array] | None


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=InputFile(), metavar="WEIGHTS | CAFFEMODEL | CFG DARKNET")
@click.option("--npz", type=FILE, metavar="FILE", help="Also write the arrays, under their names, to an .npz file.")
def dump(files: tuple[Path, ...], npz: Path | None) -> None:
    """List the arrays of a file with their shapes, types, mean, standard deviation, extremes and NaNs.

    Reads .pth, .pt, .safetensors, .npz, .npy, .caffemodel, .caffemodel.h5; and Darknet's .weights, behind the cfg that
    says what lies where.
    """
    if len(files) > 2:
        raise click.UsageError("one file, or a cfg and its weights")
    with failures_reported(str(files[-1]), what="cannot be listed"):
        if npz is not None:
            from caffe_ir.files.replaceable import check_file

            check_file(npz, MARK, inputs=files)
        arrays = list(_held(files))
        rows = [_row(each) for each in arrays]
        if npz is not None:
            _write_npz(npz, arrays)
    widths = [max(len(row[column]) for row in (_HEAD, *rows)) for column in range(len(_HEAD))]
    for row in (_HEAD, *rows):
        cells = (
            f"{cell:<{width}}" if column < 3 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say("  ".join(cells).rstrip())


def _held(files: Sequence[Path]) -> Iterator[Held]:
    from caffe_ir.errors import ConversionError, Problem

    if len(files) == 2:
        return _of_darknet(*files)
    (path,) = files
    if path.name.endswith((".caffemodel", ".caffemodel.h5")):
        return _of_caffemodel(path)
    if path.suffix in (".weights", ".cfg"):
        hint = f"convert dump {path.with_suffix('.cfg')} {path.with_suffix('.weights')}"
        raise ConversionError(
            Problem(kind=WRONG_USAGE, what="Darknet's weights need their cfg, which says what lies where", hint=hint)
        )
    from converters.weights import open_weights

    found = open_weights(path)
    for note in found.notes:
        say(f"{note.kind}  {note}", err=True)
    return _of_tensors(found.tensors, "")


def _of_tensors(nested: Nested, prefix: str) -> Iterator[Held]:
    from converters.weights.tensors import Tensor

    for name, value in nested.items():
        if isinstance(value, Tensor):
            read = value.read if value.is_read else None
            yield Held(name=prefix + name, shape=value.shape, dtype=value.dtype, read=read)
        else:
            yield from _of_tensors(value, f"{prefix}{name}.")


def _of_caffemodel(path: Path) -> Iterator[Held]:
    from caffe_ir.files.caffemodel_file import read_layers

    for layer in read_layers(path):
        places = range(len(layer.blobs)) if layer.places is None else layer.places
        for place, blob in zip(places, layer.blobs, strict=True):
            yield Held(name=f"{layer.name}.{place}", shape=blob.shape, dtype="float32", read=blob.load)


def _of_darknet(cfg: Path, weights: Path) -> Iterator[Held]:
    from converters.darknet import convert

    for node in convert(cfg, weights).net.nodes:
        for place, blob in enumerate(node.blobs):
            yield Held(name=f"{node.name}.{place}", shape=blob.shape, dtype="float32", read=blob.load)


def _row(held: Held) -> tuple[str, ...]:
    from caffe_ir.blob import shape_text

    values = held.read() if held.read is not None else None
    shape = shape_text(held.shape) or "()"
    if values is None or not values.size or values.dtype.kind == "c":
        return visible(held.name), shape, held.dtype, "", "", "", "", ""
    *numbers, nans = _statistics(values.reshape(-1))
    return visible(held.name), shape, held.dtype, *(f"{number:.6g}" for number in numbers), str(nans or "")


def _statistics(flat: Array) -> tuple[float, float, float, float, int]:
    """Mean, standard deviation, smallest and largest of what is not a NaN, and how many are; in float64, by blocks."""
    import numpy as np

    def blocks() -> Iterator[Array]:
        for begin in range(0, flat.size, _BLOCK):
            block = flat[begin : begin + _BLOCK].astype(np.float64)
            yield block[~np.isnan(block)]

    with np.errstate(all="ignore"):
        count = sum(block.size for block in blocks())
        if not count:
            return np.nan, np.nan, np.nan, np.nan, flat.size
        mean = sum(float(block.sum()) for block in blocks()) / count
        square = sum(float(np.square(block - mean).sum()) for block in blocks()) / count
        least = min(float(block.min(initial=np.inf)) for block in blocks())
        most = max(float(block.max(initial=-np.inf)) for block in blocks())
    return mean, float(np.sqrt(square)), least, most, flat.size - count


def _write_npz(path: Path, arrays: Sequence[Held]) -> None:
    """An .npz that appears whole or not at all."""
    from caffe_ir.errors import ConversionError
    from caffe_ir.files.npz import write_npz
    from caffe_ir.files.whole_files import whole_files
    from caffe_ir.files.writable import cannot_write

    try:
        with whole_files(path, make_folders=True) as (file,):
            write_npz(file, ((held.name, _numbers(held)) for held in arrays), comment=MARK)
    except OSError as error:
        raise ConversionError(cannot_write(path, error)) from error


def _numbers(held: Held) -> Array:
    from caffe_ir.errors import ConversionError, Problem

    if held.read is None:
        what = f"{held.name} is of the type {held.dtype}, which NumPy does not have"
        raise ConversionError(Problem(kind=FORM_NOT_READ, what=what, hint="leave --npz out, or save it as float32"))
    return held.read()
