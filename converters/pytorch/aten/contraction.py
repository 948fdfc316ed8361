"""Sums of products over named axes: what matmul and einsum come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import torch
from msgspec import Struct

from caffe_ir.blob import Shape
from caffe_ir.layers import Convolution
from caffe_ir.layers.source import Linear, MatrixProduct, Reduce
from converters.pytorch.aten.axes import expanded, permuted
from converters.pytorch.aten.moves import moved, numbers
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.value import Operand, Value


class Factor(Struct, frozen=True, kw_only=True):
    """A tensor with a letter for each of its axes."""

    operand: Operand
    labels: str

    @property
    def shape(self) -> Shape:
        assert not isinstance(self.operand, int | float), "a factor is a tensor"
        return tuple(self.operand.shape)


def contracted(call: Call, build: Build, factors: Sequence[Factor], out: str, *, suffix: str = "") -> Value:
    """The product of one or two factors, summed over every letter that `out` has not; in torch's own shape if last."""
    factors = [_diagonal(call, build, factor) for factor in factors]
    sizes: dict[str, int] = {}
    for factor in factors:
        for letter, size in zip(factor.labels, factor.shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    shape = tuple(sizes[letter] for letter in out)
    slim = [_without_ones(build, factor) for factor in factors]
    if len(slim) == 1:
        value, labels = _summed(build, slim[0], out)
    else:
        value, labels = _multiplied(call, build, slim, out, sizes)
    order = [letter for letter in out if letter in labels]
    value = permuted(build, value, tuple(labels.index(letter) for letter in order), suffix="order")
    present = tuple(sizes[letter] if letter in labels else 1 for letter in out)
    value = build.reshape(value, present, suffix="shape")
    return expanded(build, value, shape, suffix=suffix) if present != shape else value


def _diagonal(call: Call, build: Build, factor: Factor) -> Factor:
    """The factor with one axis for each letter: of an axis named twice the cells whose two places are the same."""
    labels = "".join(dict.fromkeys(factor.labels))
    if labels == factor.labels:
        return factor
    equation, held = f"{factor.labels}->{labels}", factor.operand
    if isinstance(held, Value):
        table = torch.einsum(equation, numbers(held.shape))
        return Factor(operand=moved(call, build, held, table, suffix="diagonal"), labels=labels)
    assert isinstance(held, torch.Tensor), "a factor is a tensor"
    return Factor(operand=torch.einsum(equation, held), labels=labels)


def _multiplied(
    call: Call, build: Build, factors: Sequence[Factor], out: str, sizes: dict[str, int]
) -> tuple[Value, str]:
    first, second = factors
    if isinstance(first.operand, torch.Tensor):
        first, second = second, first
    left, left_labels = _summed(build, first, out + second.labels)
    if isinstance(second.operand, torch.Tensor):
        matrix = _summed_constant(second, out + left_labels)
        return _with_constant(call, build, Factor(operand=left, labels=left_labels), matrix, out, sizes)
    right, right_labels = _summed(build, second, out + left_labels)
    both = [letter for letter in left_labels if letter in right_labels]
    batch, inner = _split(both, out)
    rows = [letter for letter in left_labels if letter not in both]
    columns = [letter for letter in right_labels if letter not in both]
    a = _grouped(build, left, left_labels, (batch, rows, inner), sizes, suffix="first")
    b = _grouped(build, right, right_labels, (batch, inner, columns), sizes, suffix="second")
    y = build.add(MatrixProduct(), a, b, suffix="product")
    labels = "".join((*batch, *rows, *columns))
    return build.reshape(y, tuple(sizes[letter] for letter in labels), suffix="apart"), labels


def _with_constant(
    call: Call, build: Build, x: Factor, matrix: Factor, out: str, sizes: dict[str, int]
) -> tuple[Value, str]:
    """A Linear; a Convolution with groups where the constant has one matrix for each place of an axis."""
    assert isinstance(x.operand, Value), "the first is an activation"
    assert isinstance(matrix.operand, torch.Tensor), "the second is a constant"
    both = [letter for letter in x.labels if letter in matrix.labels]
    batch, inner = _split(both, out)
    rows = [letter for letter in x.labels if letter not in both]
    columns = [letter for letter in matrix.labels if letter not in both]
    order = [matrix.labels.index(letter) for letter in (*batch, *columns, *inner)]
    groups, wide, deep = (prod(sizes[letter] for letter in part) for part in (batch, columns, inner))
    weights = matrix.operand.permute(order).reshape(groups * wide, deep)
    if not batch:
        value = _grouped(build, x.operand, x.labels, (rows, inner), sizes, suffix="rows", split=rows)
        y = build.add(Linear(num_output=wide, bias_term=False), value, blobs=[build.blob(weights)], suffix="product")
        labels = "".join((*rows, *columns))
    else:
        value = _grouped(build, x.operand, x.labels, (batch, inner, rows), sizes, suffix="channels")
        count = prod(sizes[letter] for letter in rows)
        maps = build.reshape(value, (1, groups * deep, count, 1), suffix="map")
        layer = Convolution(num_output=groups * wide, kernel_size=(1, 1), group=groups, bias_term=False)
        y = build.add(layer, maps, blobs=[build.blob(weights[:, :, None, None])], suffix="product")
        labels = "".join((*batch, *columns, *rows))
    return build.reshape(y, tuple(sizes[letter] for letter in labels), suffix="apart"), labels


def _grouped(
    build: Build,
    value: Value,
    labels: str,
    groups: Iterable[Sequence[str]],
    sizes: dict[str, int],
    *,
    suffix: str,
    split: Sequence[str] = (),
) -> Value:
    """The axes in this order, those of each group as one; those of `split` stay apart."""
    parts = [list(group) for group in groups]
    order = tuple(labels.index(letter) for part in parts for letter in part)
    turned = permuted(build, value, order, suffix=f"{suffix}_order")
    shape: list[int] = []
    for part in parts:
        found = [sizes[letter] for letter in part]
        shape += found if part == list(split) and found else [prod(found)]
    return build.reshape(turned, tuple(shape), suffix=suffix)


def _split(both: Sequence[str], out: str) -> tuple[list[str], list[str]]:
    """Of the letters that both factors have: those that stay, and those that are summed over."""
    return [letter for letter in both if letter in out], [letter for letter in both if letter not in out]


def _without_ones(build: Build, factor: Factor) -> Factor:
    """The factor without its axes of size 1, along which it is repeated or nothing is summed."""
    told = [(letter, size) for letter, size in zip(factor.labels, factor.shape, strict=True) if size != 1]
    shape, labels = tuple(size for _, size in told), "".join(letter for letter, _ in told)
    if isinstance(factor.operand, torch.Tensor):
        return Factor(operand=factor.operand.reshape(shape), labels=labels)
    assert isinstance(factor.operand, Value), "a factor is a tensor"
    return Factor(operand=build.reshape(factor.operand, shape or (1,), suffix="slim"), labels=labels)


def _summed(build: Build, factor: Factor, kept: str) -> tuple[Value, str]:
    """The factor summed over the letters that stand nowhere else."""
    assert isinstance(factor.operand, Value), "a constant is summed by torch"
    gone = tuple(place for place, letter in enumerate(factor.labels) if letter not in kept)
    if not gone:
        return factor.operand, factor.labels
    layer = Reduce(operation="SUM", axes=gone, keepdim=len(gone) == len(factor.labels))
    labels = "".join(letter for letter in factor.labels if letter in kept)
    y = build.add(layer, factor.operand, suffix="sum")
    return (y if labels else build.reshape(y, (1,), suffix="number")), labels


def _summed_constant(factor: Factor, kept: str) -> Factor:
    assert isinstance(factor.operand, torch.Tensor), "it is a constant"
    gone = [place for place, letter in enumerate(factor.labels) if letter not in kept]
    tensor = factor.operand.double().sum(gone) if gone else factor.operand
    return Factor(operand=tensor, labels="".join(letter for letter in factor.labels if letter in kept))
