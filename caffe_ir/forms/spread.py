"""Resample of a map whose rows and columns become a whole number f of times as many, each spread in the same way.

So do bilinear and bicubic interpolation without aligned corners. A cell reaches r cells far, so the border is repeated.

- A depthwise Deconvolution of the map with its border repeated r times; the kernel has 2 r f taps, or one less for an
  odd f; for r = 0, where each cell becomes f equal ones, it has f.
- Nearest upsampling, and a depthwise Convolution of what it gives, with f - 1 taps less: 1/4, 1/2, 1/4 for bilinear
  doubling. Who scatters slowly does only the repeating by it, or has another form for that.
- The same for columns alone; and a depthwise Convolution for each of the f rows that a row becomes, which weighs its
  2 r + 1 neighbours as well. A Concat puts these in turn. What gets a border has 1 / f of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Deconvolution
from caffe_ir.layers.source import NearestUpsample, Pad, Resample
from caffe_ir.replacement import Replacement

ROUNDING = 2.0**-52
"""Of the numbers of a matrix, for each cell: they follow from places, which float64 rounds by so much of the size."""
REACHES = (0, 1, 2)
"""In cells, of the nearest cell, and of bilinear and bicubic interpolation."""
MOST_COMPARED = 1 << 24
"""Numbers of a matrix; those of a map that grows to 8192 columns from 2048."""
NO_SPREAD = "its cells are not all spread in the same way to a whole number of times as many"


class Spread(Struct, frozen=True, kw_only=True):
    """How the cells of an axis are spread: places o = i `factor` + j - `pad` get taps[j] of cell i - `reach`."""

    taps: tuple[float, ...] = (1.0,)
    factor: int = 1
    reach: int = 0
    pad: int = 0


def _by_a_deconvolution(new: Replacement) -> str:
    found = _asked(new)
    if isinstance(found, str):
        return found
    rows, columns = found
    margins, channels = (0, 0, rows.reach, columns.reach), new.shape_of(new.old.bottom)[1]
    x = new.old.bottom
    if any(margins):
        x = new.add("border", Pad(before=margins, after=margins, mode="replicate"), x)
    kernel = (channels, 1, len(rows.taps), len(columns.taps))
    spreading = Deconvolution(
        num_output=channels,
        kernel_size=kernel[2:],
        stride=(rows.factor, columns.factor),
        pad=(rows.pad, columns.pad),
        group=channels,
        bias_term=False,
    )
    taps = Blob.computed(kernel, partial(_kernel, kernel, rows.taps, columns.taps), constant=True)
    new.add("spread", spreading, x, blobs=[taps])
    return ""


def _by_a_convolution(new: Replacement) -> str:
    """Repeated cells, convolved with the taps that are left when the spread's are divided by f ones, as polynomials.

    They can be wherever the taps of each place, every f-th one, add up to 1: the polynomial then vanishes at each f-th
    root of unity but 1, as the ones do.
    """
    found = _asked(new)
    if isinstance(found, str):
        return found
    smooth = [_behind_repeating(one) for one in found]
    if any(one is None for one in smooth):
        return "the weights of its places do not all add up to 1"
    rows, columns = (one for one in smooth if one is not None)
    x, channels = new.old.bottom, new.shape_of(new.old.bottom)[1]
    x = new.add("repeated", NearestUpsample(scale=(found[0].factor, found[1].factor)), x)
    after = tuple(one.pad - one.reach * one.factor for one in found)
    before = tuple(len(one) - 1 - end for one, end in zip((rows, columns), after, strict=True))
    if any((*before, *after)):
        x = new.add("border", Pad(before=(0, 0, *before), after=(0, 0, *after), mode="replicate"), x)
    kernel = (channels, 1, len(rows), len(columns))
    if kernel[2:] != (1, 1):
        layer = Convolution(num_output=channels, kernel_size=kernel[2:], group=channels, bias_term=False)
        taps = Blob.computed(kernel, partial(_kernel, kernel, rows, columns), constant=True)
        new.add("smooth", layer, x, blobs=[taps])
    return ""


def _by_rows_in_turn(new: Replacement) -> str:
    """Columns as `_by_a_convolution` makes them; row i f + p is what Convolution p makes of the rows around i."""
    found = _asked(new)
    if isinstance(found, str):
        return found
    (rows, columns), smooth = found, _behind_repeating(found[1])
    if smooth is None:
        return "the weights of its places do not all add up to 1"
    if 1 in (rows.factor, columns.factor):
        return "only one of the two axes grows"
    x, (batch, channels, height, width) = new.old.bottom, new.shape_of(new.old.bottom)
    x = new.add("repeated", NearestUpsample(scale=(1, columns.factor)), x)
    behind = columns.pad - columns.reach * columns.factor
    before, after = (0, 0, rows.reach, len(smooth) - 1 - behind), (0, 0, rows.reach, behind)
    x = new.add("border", Pad(before=before, after=after, mode="replicate"), x)
    kernel = (channels, 1, 2 * rows.reach + 1, len(smooth))
    layer = Convolution(num_output=channels, kernel_size=kernel[2:], group=channels, bias_term=False)
    turns = []
    for turn in range(rows.factor):
        taps = Blob.computed(kernel, partial(_kernel, kernel, _of_turn(rows, turn), smooth), constant=True)
        weighed = new.add(f"rows_{turn}", layer, x, blobs=[taps])
        turns.append(new.view(f"rows_{turn}_apart", weighed, (batch, channels * height, 1, width * columns.factor)))
    x = new.add("rows", Concat(axis=2), *turns)
    new.view("map", x, (batch, channels, height * rows.factor, width * columns.factor))
    return ""


def _of_turn(spread: Spread, turn: int) -> Sequence[float]:
    """What the place `turn` of those of a cell gets of the cells around it, from `reach` before it on."""
    at = [turn + spread.pad - cell * spread.factor for cell in range(2 * spread.reach + 1)]
    return [spread.taps[tap] if 0 <= tap < len(spread.taps) else 0.0 for tap in at]


def _behind_repeating(spread: Spread) -> Sequence[float] | None:
    """The taps, last first, of which with `factor` ones the spread's are the product; None where there are none."""
    taps, rest = np.polydiv(np.array(spread.taps), np.ones(spread.factor))
    if np.abs(rest).max() > ROUNDING * len(spread.taps):
        return None
    return tuple(float(tap) for tap in taps[::-1])


def _asked(new: Replacement) -> tuple[Spread, Spread] | str:
    """How the rows and the columns of a map are spread, or why it is none."""
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Resample)
    if len(shape) != 4 or min(layer.axes) < 2:
        return "it resizes no map"
    if any(size % shape[axis] or size <= shape[axis] for axis, size in zip(layer.axes, layer.output_size, strict=True)):
        return NO_SPREAD  # before the matrices are made, which may be large
    if any(blob.count > MOST_COMPARED for blob in new.old.blobs):
        return f"its matrices have more than {MOST_COMPARED:,} numbers, too many to compare them"
    found = {axis: spread_of(blob.load()) for axis, blob in zip(layer.axes, new.old.blobs, strict=True)}
    rows, columns = (found.get(axis, Spread()) for axis in (2, 3))
    if rows is None or columns is None:
        return NO_SPREAD
    return rows, columns


def spread_of(matrix: Array) -> Spread | None:
    """The spread that has this matrix (out, in); None where none has it, or too few cells show it.

    It is read off the cell in the middle, and is the matrix's if its own matrix is the same to float64's rounding.
    """
    wanted, size = matrix.shape
    factor, rest = divmod(wanted, size)
    if rest or factor < 2:
        return None
    for reach in REACHES:
        length = max(factor, 2 * reach * factor - factor % 2)
        pad = ((2 * reach - 1) * factor + length) // 2
        first = (size // 2 + reach) * factor - pad
        if size > 2 * reach and first >= 0 and first + length <= wanted:
            taps = tuple(float(tap) for tap in matrix[first : first + length, size // 2])
            spread = Spread(taps=taps, factor=factor, reach=reach, pad=pad)
            if np.allclose(_matrix(spread, size), matrix, rtol=0, atol=ROUNDING * max(size, 8)):
                return spread
    return None


def _matrix(spread: Spread, size: int) -> Array:
    """The matrix of a spread on an axis of so many cells, its border repeated."""
    matrix = np.zeros((size * spread.factor, size))
    for place in range(size + 2 * spread.reach):
        cell = min(max(place - spread.reach, 0), size - 1)
        begin = place * spread.factor - spread.pad
        for tap, weight in enumerate(spread.taps, begin):
            if 0 <= tap < len(matrix):
                matrix[tap, cell] += weight
    return matrix


def _kernel(shape: Shape, rows: Sequence[float], columns: Sequence[float]) -> Array:
    return np.ascontiguousarray(np.broadcast_to(np.outer(rows, columns), shape))


# ---- interpolation ---------------------------------------------------------------------------------------------------


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Resample: (
        Form(name="a Deconvolution of the map with its border repeated", build=_by_a_deconvolution),
        Form(name="nearest upsampling and a Convolution behind it", build=_by_a_convolution),
        Form(name="repeated columns, a Convolution for each row in turn", build=_by_rows_in_turn),
    ),
}
