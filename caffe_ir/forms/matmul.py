"""MatMul -> products of all pairs, summed: Reshape both, Mul, Reduce.

    y[b, i, j] = sum over k of A[b, i, k] B[b, k, j]

Caffe multiplies activations one by one only. The four axes b, i, j, k stand in the order in which both factors already
lie, so that neither is permuted; k comes
- first where it is the first of both: (b, k, i, 1) (b, k, 1, j), summed over channels;
- last where it is the last of both: (b, i, 1, k) (b, 1, j, k), summed over columns;
- between where A ends and B begins with it: (b, i, k, 1) (b, 1, k, j), summed over rows.
Where A begins and B ends with it, the product comes out transposed, and a Permute turns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from caffe_ir.blob import Shape
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Reshape
from caffe_ir.layers.source import Expand, MatMul, Mul, Permute, Reduce
from caffe_ir.replacement import Replacement


def _by_pairs(new: Replacement) -> str:
    layer, shapes_given = new.old.layer, new.shapes_of(new.old.bottoms)
    assert isinstance(layer, MatMul)
    (wanted,) = layer.infer(shapes_given)
    batch = wanted[:-2]
    (a, first), (b, second) = (
        _whole_batch(new, bottom, shape, batch) for bottom, shape in zip(new.old.bottoms, shapes_given, strict=True)
    )
    turned = layer.transpose_a and layer.transpose_b
    if turned:  # y^T = B A, in which neither is transposed
        a, first, b, second = b, second, a, first
    k_first, k_last = layer.transpose_a and not turned, layer.transpose_b and not turned
    rows, columns = first[-1] if k_first else first[-2], second[-2] if k_last else second[-1]
    inner, count = first[-2] if k_first else first[-1], prod(batch)
    if k_first:
        shapes, axis = ((count, inner, rows, 1), (count, inner, 1, columns)), 1
    elif k_last:
        shapes, axis = ((count, rows, 1, inner), (count, 1, columns, inner)), 3
    else:
        shapes, axis = ((count, rows, inner, 1), (count, 1, inner, columns)), 2
    left, right = new.add("rows", Reshape(shape=shapes[0]), a), new.add("columns", Reshape(shape=shapes[1]), b)
    product = new.add("products", Mul(), left, right)
    x = new.add("sum", Reduce(operation="SUM", axes=(axis,), keepdim=True), product)
    if turned:
        x = new.add("sum_view", Reshape(shape=(count, rows, columns)), x)
        x = new.add("turned", Permute(order=(0, 2, 1)), x)
    new.add("shape", Reshape(shape=wanted), x)
    new.note(f"{layer} of {first} and {second} -> products of all pairs, and their sums")
    return ""


def _whole_batch(new: Replacement, x: str, shape: Shape, batch: Shape) -> tuple[str, Shape]:
    """The blob with all axes of the batch, each in its full size."""
    if shape[:-2] == batch:
        return x, shape
    whole = (*batch, *shape[-2:])
    return new.add("batch", Expand(shape=whole), x), whole


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    MatMul: (Form(name="products of all pairs, and their sums", build=_by_pairs),),
}
