"""Two blobs number by number, for readers without that operation, as layers that see one of them, or both as one.

- max(a, b): both as two rows of one map, which a pooling of two rows takes the larger of. No digit is lost.
- a b: a as a map of 1 x 1 cells, and b as its factors: Scale of two blobs from the batch on (scale_layer.cpp).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Concat, Eltwise, Pooling, Scale
from caffe_ir.replacement import Replacement

PAIR = 2


def _pooled(new: Replacement) -> str:
    if reason := _is_no("MAX", new):
        return reason
    first, *axes = shape = new.shape_of(new.old.bottoms[0])
    row = (first, 1, 1, prod(axes)) if len(axes) < PAIR else (first, axes[0], 1, prod(axes[1:]))
    rows = [new.view("row", blob, row) for blob in new.old.bottoms]
    larger = new.add("larger", Pooling(pool="MAX", kernel_size=(2, 1)), new.add("rows", Concat(axis=2), *rows))
    new.view("shape", larger, shape)
    return ""


def _scaled(new: Replacement) -> str:
    if reason := _is_no("PROD", new):
        return reason
    first, *axes = shape = new.shape_of(new.old.bottoms[0])
    x, factors = new.old.bottoms
    x = new.view("cells", x, (first, prod(axes), 1, 1))
    product = new.add("product", Scale(axis=0), x, new.view("factors", factors, (first, prod(axes))))
    new.view("shape", product, shape)
    return ""


def _is_no(operation: str, new: Replacement) -> str:
    layer, bottoms = new.old.layer, new.old.bottoms
    assert isinstance(layer, Eltwise)
    if layer.operation != operation or len(bottoms) != PAIR:
        return f"it is not a {operation} of two blobs"
    return "" if new.shape_of(bottoms[0]) else "it is of numbers without an axis"


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Eltwise: (
        Form(name="a maximum over two rows", build=_pooled),
        Form(name="Scale of two blobs", build=_scaled),
    ),
}
