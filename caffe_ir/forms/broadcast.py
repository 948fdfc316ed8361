"""Products, sums and maxima of blobs whose shapes differ, by numpy's rules, from layers that never broadcast.

- Equal shapes: Eltwise PROD, SUM or MAX. A difference is the sum with the negative: half of the readers of Caffe files
  drop the coefficients of Eltwise without a message, and compute a + b for a - b.
- A product with numbers for some axes in a row, from axis 0 on or for the whole batch, as (N, C, 1, 1) for channels:
  Reshape to those axes, and Scale with two bottoms from the first of them on (scale_layer.cpp: the shape of the second
  bottom must be that part of the first's; a 1 is not broadcast).
- All else: the smaller blob is expanded, then Eltwise. Bias with two bottoms is never written: most readers have it
  wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from caffe_ir.blob import Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Eltwise, Power, Reshape, Scale
from caffe_ir.layers.source import Add, Expand, Maximum, Mul, Sub
from caffe_ir.replacement import Replacement

Ranked = tuple[str, Shape]
"""A blob with its shape, which has as many axes as the result."""


def _expanded(operation: Eltwise) -> Callable[[Replacement], str]:
    def build(new: Replacement) -> str:
        wanted = _wanted(new)
        bottoms = []
        for blob in new.old.bottoms:
            grows = new.shape_of(blob) != wanted
            bottoms.append(new.add("expanded", Expand(shape=wanted), blob) if grows else blob)
        new.add("eltwise", operation, *bottoms)
        return ""

    return build


def _by_scale(new: Replacement) -> str:
    wanted = _wanted(new)
    first, second = (_ranked(new, blob, len(wanted)) for blob in new.old.bottoms)
    whole, factors = (first, second) if _axes(second[1], wanted) is not None else (second, first)
    axes = _axes(factors[1], wanted)
    if axes is None:
        return "no blob is one number for each of some axes in a row"
    blob = whole[0] if whole[1] == wanted else new.add("expanded", Expand(shape=wanted), whole[0])
    dims = wanted[axes.start : axes.stop] if axes.start else (0, *wanted[1 : axes.stop])
    new.add("product", Scale(axis=axes.start), blob, new.add("factors", Reshape(shape=dims), factors[0]))
    return ""


def _negated(new: Replacement) -> str:
    first, second = new.old.bottoms
    new.add("difference", Add(), first, new.add("negative", Power(scale=-1.0), second))
    return ""


def _wanted(new: Replacement) -> Shape:
    (wanted,) = new.old.layer.infer(new.shapes_of(new.old.bottoms))
    return wanted


def _ranked(new: Replacement, blob: str, axes: int) -> Ranked:
    shape = new.shape_of(blob)
    if len(shape) == axes:
        return blob, shape
    shape = (1,) * (axes - len(shape)) + shape
    return new.view("view", blob, shape), shape


def _axes(shape: Shape, wanted: Shape) -> range | None:
    """The axes in a row on which a smaller shape is the wanted one, where it is 1 on all others.

    They start with the batch; or, where the blob has no batch but the result has, anywhere.
    """
    if shape == wanted:
        return None
    larger = [axis for axis, size in enumerate(shape) if size != 1]
    without_batch = shape[0] == 1 != wanted[0]
    start = larger[0] if without_batch and larger else 0
    stop = larger[-1] + 1 if larger else 1
    fits = shape[start:stop] == wanted[start:stop]
    return range(start, stop) if fits else None


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    Add: (Form(name="Eltwise", build=_expanded(Eltwise(operation="SUM"))),),
    Maximum: (Form(name="Eltwise", build=_expanded(Eltwise(operation="MAX"))),),
    Mul: (
        Form(name="Scale of two blobs", build=_by_scale),
        Form(name="Eltwise", build=_expanded(Eltwise(operation="PROD"))),
    ),
    Sub: (Form(name="the sum with the negative", build=_negated),),
}
