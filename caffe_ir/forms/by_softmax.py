"""Sigmoid and Mish for readers with a Softmax and no logarithm or inverse: both are quotients of sums of exponentials.

Sigmoid    e^x / (e^x + 1): the first part of softmax(x, 0)
Mish       x tanh(log(1 + e^x)) = x ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1) = x (e^2x + 2 e^x) / (e^2x + 2 e^x + 2):
           x times the first two parts of softmax(2 x, x + log 2, log 2)

What the Softmax is taken of stands side by side as channels, made by a 1x1 Convolution, or as columns, joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log, prod

import numpy as np
from msgspec import Struct

from caffe_ir.blob import Blob
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Convolution, Eltwise, Mish, Power, Sigmoid, Softmax
from caffe_ir.replacement import Replacement


class Quotient(Struct, frozen=True, kw_only=True):
    """Of which numbers a x + b the Softmax is taken, and which parts of it are added up."""

    factors: tuple[float, ...]
    addends: tuple[float, ...]
    parts: tuple[float, ...]


QUOTIENTS: Mapping[type[Layer], Quotient] = {
    Sigmoid: Quotient(factors=(1.0, 0.0), addends=(0.0, 0.0), parts=(1.0, 0.0)),
    Mish: Quotient(factors=(2.0, 1.0, 0.0), addends=(0.0, log(2), log(2)), parts=(1.0, 1.0, 0.0)),
}


def _as_channels(new: Replacement) -> str:
    shape, of = new.shape_of(new.old.bottom), QUOTIENTS[type(new.old.layer)]
    if len(shape) < len(("images", "numbers")):
        return "it has no axis besides the images"
    x = new.view("view", new.old.bottom, (shape[0], 1, prod(shape[1:-1]), shape[-1]))
    count = len(of.factors)
    logits = Convolution(num_output=count, kernel_size=(1, 1))
    x = new.add("logits", logits, x, blobs=[_constant(of.factors, (count, 1, 1, 1)), _constant(of.addends, (count,))])
    _finished(new, of, new.add("softmax", Softmax(axis=1), x), (1, count, 1, 1))
    return ""


def _as_columns(new: Replacement) -> str:
    shape, of = new.shape_of(new.old.bottom), QUOTIENTS[type(new.old.layer)]
    if len(shape) < len(("images", "numbers")):
        return "it has no axis besides the images"
    x = new.view("view", new.old.bottom, (shape[0], 1, prod(shape[1:]), 1))
    numbers = zip(of.factors, of.addends, strict=True)
    logits = [
        x if (factor, addend) == (1, 0) else new.add(f"logit_{place}", Power(scale=factor, shift=addend), x)
        for place, (factor, addend) in enumerate(numbers)
    ]
    x = new.add("logits", Concat(axis=3), *logits)
    _finished(new, of, new.add("softmax", Softmax(axis=3), x), (1, 1, 1, len(logits)))
    return ""


def _finished(new: Replacement, of: Quotient, softmax: str, kernel: tuple[int, int, int, int]) -> None:
    """The parts that count, added up in the shape of the bottom; times that for Mish."""
    adding = Convolution(num_output=1, kernel_size=kernel[2:], bias_term=False)
    parts = new.add("parts", adding, softmax, blobs=[_constant(of.parts, kernel)])
    y = new.view("shape", parts, new.shape_of(new.old.bottom))
    if isinstance(new.old.layer, Mish):
        new.add("product", Eltwise(operation="PROD"), new.old.bottom, y)


def _constant(numbers: tuple[float, ...], shape: tuple[int, ...]) -> Blob:
    return Blob.of(np.array(numbers, np.float64).reshape(shape), constant=True)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = dict.fromkeys(
    QUOTIENTS,
    (
        Form(name="parts of a Softmax of channels", build=_as_channels),
        Form(name="parts of a Softmax of columns", build=_as_columns),
    ),
)
