"""MatrixProduct: one factor as weights that are written at run time, or the products of all pairs, summed.

    y[b, i, j] = sum over k of A[b, i, k] B[b, k, j]

Weights. Each b is a group of a layer that sees B with its rows as channels (caffe_ir/shared_memory.py says why Caffe
lets an activation be weights). Neither factor is permuted:

- A, B as they are: a 1x1 Convolution of B (1, b k, j, 1) with A (b i, k, 1, 1);
- A with k first: a 1x1 Deconvolution of B with A (b k, i, 1, 1);
- B with k last: a Convolution of B (1, b, j, k) with A (b i, 1, 1, k), the window a whole row;
- a single b: an InnerProduct of A (i, k) with B (k, j), or (j, k);
- one A for all b, or one B where A has k last: no groups, and the batch stays what it is.

Matrices. Some readers have a layer for it, (1, b, i, k) and (1, b, k, j); a factor that lies otherwise is permuted.

All pairs. The four axes b, i, j, k stand in the order in which both factors already lie, so that neither is permuted; k
comes
- first where it is the first of both: (b, k, i, 1) (b, k, 1, j), summed over channels;
- last where it is the last of both: (b, i, 1, k) (b, 1, j, k), summed over columns;
- between where A ends and B begins with it: (b, i, k, 1) (b, 1, k, j), summed over rows.

Where A begins with k and B ends with it, the product comes out transposed, and a Permute turns it. The pairs of one
head after the other (the last axis of b) are as many numbers, but fewer at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Shape
from caffe_ir.cost import Work
from caffe_ir.forms.form import Form, unknown
from caffe_ir.layer import Layer, require
from caffe_ir.layers import Concat, Convolution, Deconvolution, InnerProduct, MatMul, Reshape, Slice
from caffe_ir.layers.source import Expand, MatrixProduct, Mul, Permute, Reduce
from caffe_ir.replacement import Replacement


class Product(Struct, frozen=True, kw_only=True):
    """The product to write, neither or one factor transposed, with the sizes of its axes."""

    a: str
    b: str
    k_first: bool
    """A lies as (k, i)."""
    k_last: bool
    """B lies as (j, k)."""
    count: int
    rows: int
    columns: int
    inner: int
    first_batch: Shape
    second_batch: Shape


Write = Callable[[Replacement, Product], str]
"""Gives the blob that holds y, b before i before j, under any shape. Raises ShapeError where it does not apply."""


def _form(name: str, write: Write, *, least: Callable[[Replacement], Work] = unknown) -> Form:
    def build(new: Replacement) -> str:
        product, wanted = _product(new)
        y = write(new, product)
        if _is_turned(new):
            y = new.view("turned_view", y, (product.count, product.rows, product.columns))
            y = new.add("turned", Permute(order=(0, 2, 1)), y)
        new.add("shape", Reshape(shape=wanted), y)
        first, second = new.shapes_of(new.old.bottoms)
        new.note(f"{new.old.layer} of {first} and {second} -> {name}")
        return ""

    return Form(name=name, build=build, least=least)


def _is_turned(new: Replacement) -> bool:
    """Whether y^T = B A is written, in which neither factor is transposed."""
    layer = new.old.layer
    assert isinstance(layer, MatrixProduct)
    return layer.transpose_a and layer.transpose_b


def _product(new: Replacement) -> tuple[Product, Shape]:
    """What to write, and the shape of what the old node wrote."""
    layer, shapes = new.old.layer, new.shapes_of(new.old.bottoms)
    assert isinstance(layer, MatrixProduct)
    (wanted,) = layer.infer(shapes)
    (a, b), (first, second), turned = new.old.bottoms, shapes, _is_turned(new)
    if turned:
        a, first, b, second = b, second, a, first
    k_first, k_last = layer.transpose_a and not turned, layer.transpose_b and not turned
    found = Product(
        a=a,
        b=b,
        k_first=k_first,
        k_last=k_last,
        count=prod(wanted[:-2]),
        rows=first[-1] if k_first else first[-2],
        columns=second[-2] if k_last else second[-1],
        inner=first[-2] if k_first else first[-1],
        first_batch=first[:-2],
        second_batch=second[:-2],
    )
    return found, wanted


def _whole(new: Replacement, product: Product) -> Product:
    """The product with all axes of the batch in both factors, each in its full size."""
    (wanted,) = new.old.layer.infer(new.shapes_of(new.old.bottoms))
    batch = wanted[:-2]

    def whole(blob: str) -> str:
        shape = new.shape_of(blob)
        return blob if shape[:-2] == batch else new.add("batch", Expand(shape=(*batch, *shape[-2:])), blob)

    return replace(product, a=whole(product.a), b=whole(product.b), first_batch=batch, second_batch=batch)


# ---- weights written at run time ------------------------------------------------------------------------------------


def _by_filters(new: Replacement, product: Product) -> str:
    one = _unrepeated(new, product)
    groups, samples = (1, one.count) if prod(one.first_batch) == 1 else (one.count, 1)
    filters, channels = groups * one.rows, groups * one.inner
    if one.k_last:
        return _by_rows(new, one, groups, samples)
    data = new.view("data", one.b, (samples, channels, one.columns, 1))
    if one.k_first:
        name = new.weights(one.a, (channels, one.rows, 1, 1))
        scatter = Deconvolution(num_output=filters, group=groups, kernel_size=(1, 1), bias_term=False)
        return new.add("product", scatter, data, param_names=(name,))
    name = new.weights(one.a, (filters, one.inner, 1, 1))
    gather = Convolution(num_output=filters, group=groups, kernel_size=(1, 1), bias_term=False)
    return new.add("product", gather, data, param_names=(name,))


def _by_rows(new: Replacement, one: Product, groups: int, samples: int) -> str:
    """A window is a row of B: its columns are what Caffe turns the blob into."""
    data = new.view("data", one.b, (samples, groups, one.columns, one.inner))
    name = new.weights(one.a, (groups * one.rows, 1, 1, one.inner))
    layer = Convolution(num_output=groups * one.rows, group=groups, kernel_size=(1, one.inner), bias_term=False)
    return new.add("product", layer, data, param_names=(name,))


def _unrepeated(new: Replacement, product: Product) -> Product:
    """The product with as few copies of a factor as possible: one A for all, one B for all rows of all A."""
    if product.count == 1 or prod(product.first_batch) == 1:
        return product if product.count == prod(product.second_batch) else _whole(new, product)
    if prod(product.second_batch) == 1 and not product.k_first and product.count == prod(product.first_batch):
        return replace(product, count=1, rows=product.count * product.rows, first_batch=(), second_batch=())
    return _whole(new, product)


def _by_inner_product(new: Replacement, product: Product) -> str:
    one = _unrepeated(new, product)
    require(one.count == 1, "it is for one matrix")
    require(not one.k_first, "it takes rows")
    rows = new.view("rows", one.a, (one.rows, one.inner))
    name = new.weights(one.b, (one.columns, one.inner) if one.k_last else (one.inner, one.columns))
    layer = InnerProduct(num_output=one.columns, bias_term=False, transpose=not one.k_last)
    return new.add("product", layer, rows, param_names=(name,))


# ---- a layer of other readers ----------------------------------------------------------------------------------------


def _by_matrices(new: Replacement, product: Product) -> str:
    shared = prod(product.first_batch) < product.count
    one = _whole(new, product) if shared else _unrepeated(new, product)

    def matrices(blob: str, rows: int, columns: int, *, turned: bool) -> str:
        lying = (1, one.count, columns, rows) if turned else (1, one.count, rows, columns)
        x = new.view("matrices", blob, lying)
        return new.add("turned", Permute(order=(0, 1, 3, 2)), x) if turned else x

    left = matrices(one.a, one.rows, one.inner, turned=one.k_first)
    right = matrices(one.b, one.inner, one.columns, turned=one.k_last)
    return new.add("product", MatMul(), left, right)


def _as_source(new: Replacement) -> str:
    new.add("product", MatrixProduct(), *new.old.bottoms)
    return ""


# ---- products of all pairs ------------------------------------------------------------------------------------------


def _by_pairs(new: Replacement, product: Product) -> str:
    return _pairs(new, _whole(new, product))


def _by_heads(new: Replacement, product: Product) -> str:
    one = _whole(new, product)
    heads = one.first_batch[-1] if one.first_batch else 1
    require(heads > 1, "there is one head")
    others = one.count // heads

    def cut(blob: str) -> list[str]:
        lying = new.view("heads", blob, (others, heads, *new.shape_of(blob)[-2:]))
        return new.split("head", Slice(axis=1, slice_point=tuple(range(1, heads))), lying, tops=heads)

    parts = [_pairs(new, replace(one, a=a, b=b, count=others)) for a, b in zip(cut(one.a), cut(one.b), strict=True)]
    rows = [new.view("rows", part, (others, 1, one.rows, one.columns)) for part in parts]
    return new.add("joined", Concat(axis=1), *rows)


def _pairs(new: Replacement, one: Product) -> str:
    count, rows, columns, inner = one.count, one.rows, one.columns, one.inner
    if one.k_first:
        shapes, axis = ((count, inner, rows, 1), (count, inner, 1, columns)), 1
    elif one.k_last:
        shapes, axis = ((count, rows, 1, inner), (count, 1, columns, inner)), 3
    else:
        shapes, axis = ((count, rows, inner, 1), (count, 1, inner, columns)), 2
    left, right = new.view("rows", one.a, shapes[0]), new.view("columns", one.b, shapes[1])
    products = new.add("products", Mul(), left, right)
    return new.add("sum", Reduce(operation="SUM", axes=(axis,), keepdim=True), products)


def _at_least_the_pairs(new: Replacement) -> Work:
    product, _ = _product(new)
    return Work(multiply_adds=float(product.count * product.rows * product.columns * product.inner))


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    MatMul: (Form(name="a product of matrices", build=_as_source),),
    MatrixProduct: (
        _form("a MatMul of its own", _by_matrices),
        _form("filters written at run time", _by_filters),
        _form("a matrix written at run time", _by_inner_product),
        _form("products of the pairs of each head, and their sums", _by_heads, least=_at_least_the_pairs),
        _form("products of all pairs, and their sums", _by_pairs),
    ),
}
