"""Permute: exchanges of neighbouring axes, and Exchange: one of them, (P, X, Y, Q) -> (P, Y, X, Q).

Axes of size 1 and axes that stay together are merged first; where nothing is left to do, a Reshape does it. Every
other order is the cheapest chain of exchanges (caffe_ir/exchanges.py), whose P is the batch with the axes before X.
A reader without a batch axis cannot see them as one: for it, (N, P, X, Y) -> (N, P, Y, X) is P exchanges, each of
(N, X, Y, 1). An exchange is

- Slice into X parts (P, 1, Y, Q), Concat along the last axis: (P, 1, Y, X Q);
- Slice into Y parts (P, X, 1, Q), Concat along the second axis: (P, Y X, 1, Q);
- the one after the other for many rows X = A B: the A blocks of rows behind (B, Y), then the B rows of each; both times
  the rows that move are cut apart, A + B parts in all;
- Im2col of (P, 1, X, Y Q) with a kernel of 1 x Y cells that lie Q apart: channel y of the result at (x, q) is what
  stood at (x, y Q + q) (im2col.cpp, im2col_cpu);
- the Convolution with these windows and a filter for each channel that has a single 1: no reader of Caffe files but
  Caffe has and all of them have this;
- a Permute of four axes, where the target has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isqrt, prod

import numpy as np

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.cost import Work, cut_and_joined
from caffe_ir.exchanges import simplified, swaps
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Reshape, Slice, reshape_to
from caffe_ir.layers.source import Exchange, Permute
from caffe_ir.replacement import Replacement

COPIED = 64
"""So few rows or columns are cut apart: a copy, where a product with zeros makes NaN of infinity."""
LAST_TWO = (0, 1, 3, 2)
FEW = "few rows or columns are copied"


def _by_exchanges(new: Replacement) -> str:
    layer, shape = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, Permute)
    (wanted,) = layer.infer((shape,))
    x, held = new.old.bottom, shape
    for batch, rows, columns, last in swaps(*simplified(shape, layer.order)):
        x = new.view("view", x, (batch, rows, columns, last))
        x, held = new.add("exchanged", Exchange(), x), (batch, columns, rows, last)
    if held != wanted or not new.nodes:
        new.add("shape", reshape_to(wanted, held), x)
    return ""


def _part_by_part(new: Replacement) -> str:
    """(N, P, X, Y) -> (N, P, Y, X), each of the P parts by itself: the batch stays what it is."""
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, Permute)
    shape = new.shape_of(x)
    if layer.order != LAST_TWO or 1 in shape[1:]:
        return "it is for the last two of four axes"
    batch, parts, rows, columns = shape
    turned = list[str]()
    for part in _cut(new, parts, 1):
        view = new.view("rows", part, (batch, rows, columns, 1))
        turned.append(new.add("exchanged", Exchange(), view))
    x = new.add("parts", Concat(axis=1), *turned)
    new.view("shape", x, (batch, parts, columns, rows))
    return ""


def _by_rows(new: Replacement) -> str:
    _, rows, columns, last = new.shape_of(new.old.bottom)
    parts = _cut(new, rows, 1)
    x = new.add("joined", Concat(axis=3), *parts)
    new.add("shape", Reshape(shape=(0, columns, rows, last)), x)
    return ""


def _by_columns(new: Replacement) -> str:
    _, rows, columns, last = new.shape_of(new.old.bottom)
    parts = _cut(new, columns, 2)
    x = new.add("joined", Concat(axis=1), *parts)
    new.add("shape", Reshape(shape=(0, columns, rows, last)), x)
    return ""


def _in_two_steps(new: Replacement) -> str:
    """(P, A, B Y, Q) -> (P, B Y, A, Q) = (P, B, Y A, Q) -> (P, Y A, B, Q)."""
    batch, rows, columns, last = new.shape_of(new.old.bottom)
    first, second = _blocks(rows)
    if first == 1:
        return f"{rows} rows are not blocks of several rows"
    x = new.old.bottom
    for count, others in ((first, second * columns), (second, columns * first)):
        x = new.view("view", x, (batch, count, others, last))
        x = new.add("joined", Concat(axis=3), *_cut(new, count, 1, x))
    new.add("shape", Reshape(shape=(0, columns, rows, last)), x)
    return ""


def _blocks(rows: int) -> tuple[int, int]:
    """Into how many blocks of how many rows they are cut: the most that are no more than the rows of one."""
    blocks = max(size for size in range(1, isqrt(rows) + 1) if rows % size == 0)
    return blocks, rows // blocks


def _least_of(axis: int, new: Replacement) -> Work:
    shape = new.shape_of(new.old.bottom)
    return cut_and_joined(shape[axis], prod(shape))


def _least_of_two_steps(new: Replacement) -> Work:
    shape = new.shape_of(new.old.bottom)
    steps = [cut_and_joined(count, prod(shape)) for count in _blocks(shape[1])]
    return Work(bytes=sum(one.bytes for one in steps), layers=sum(one.layers for one in steps))


def _cut(new: Replacement, count: int, axis: int, x: str = "") -> list[str]:
    points = tuple(range(1, count))
    return new.split("part", Slice(axis=axis, slice_point=points), x or new.old.bottom, tops=count)


def _by_an_identity(new: Replacement) -> str:
    _, rows, columns, last = new.shape_of(new.old.bottom)
    if min(rows, columns) <= COPIED:
        return FEW
    x = new.add("view", Reshape(shape=(0, 1, rows, columns * last)), new.old.bottom)
    layer = Convolution(num_output=columns, kernel_size=(1, columns), dilation=(1, last), bias_term=False)
    new.add("columns", layer, x, blobs=[_identity(columns, 1)])
    return ""


def _by_an_identity_with_holes(new: Replacement) -> str:
    """Zeros between the taps instead of a dilation, which several readers take for both axes."""
    _, rows, columns, last = new.shape_of(new.old.bottom)
    if last == 1 or min(rows, columns) <= COPIED:
        return FEW if last > 1 else "there are no holes"
    x, taps = new.add("view", Reshape(shape=(0, 1, rows, columns * last)), new.old.bottom), (columns - 1) * last + 1
    layer = Convolution(num_output=columns, kernel_size=(1, taps), bias_term=False)
    new.add("columns", layer, x, blobs=[_identity(columns, last)])
    return ""


def _permuted(new: Replacement) -> str:
    new.add("permuted", Permute(order=(0, 2, 1, 3)), new.old.bottom)
    return ""


def _identity(size: int, step: int) -> Blob:
    """(size, 1, 1, (size - 1) step + 1): filter y has a 1 at y step."""
    shape = (size, 1, 1, (size - 1) * step + 1)
    return Blob.computed(shape, partial(_spaced, shape, step), constant=True)


def _spaced(shape: Shape, step: int) -> Array:
    weights = np.zeros(shape, np.float32)
    weights[np.arange(shape[0]), 0, 0, np.arange(shape[0]) * step] = 1.0
    return weights


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Permute: (
        Form(name="exchanges of axes", build=_by_exchanges),
        Form(name="exchanges of axes, part by part", build=_part_by_part),
    ),
    Exchange: (
        Form(name="Slice and Concat of rows", build=_by_rows, least=partial(_least_of, 1)),
        Form(name="Slice and Concat of columns", build=_by_columns, least=partial(_least_of, 2)),
        Form(name="Slice and Concat of rows in two steps", build=_in_two_steps, least=_least_of_two_steps),
        Form(name="Convolution of an identity", build=_by_an_identity),
        Form(name="Convolution of an identity with holes", build=_by_an_identity_with_holes),
        Form(name="Permute", build=_permuted),
    ),
}
