"""Products with matrices, of two activations, and sums of products in Einstein's notation."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from caffe_ir.blob import Shape
from caffe_ir.layers import InnerProduct, Power
from caffe_ir.layers.source import Add, Linear, MatrixProduct, Mul
from converters.pytorch.aten.axes import permuted
from converters.pytorch.aten.contraction import Factor, contracted
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Operand, Value

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def linear(call: Call, build: Build) -> Value:
    """y = x weight^T + bias along the last axis; weight (num_output, K)."""
    if isinstance(call.argument("weight"), Value) or not isinstance(call.argument("input"), Value):
        return _linear_of_values(call, build)
    x, weight, bias = call.value("input"), call.tensor("weight"), call.optional_tensor("bias")
    blobs = [build.blob(weight)] if bias is None else [build.blob(weight), build.blob(bias)]
    if len(x.shape) == 2:
        return build.add(InnerProduct(num_output=weight.shape[0], bias_term=bias is not None), x, blobs=blobs)
    if len(weight.shape) == 1:  # one row, which goes
        layer = Linear(num_output=1, bias_term=bias is not None)
        rows = [blob.reshaped((1, *blob.shape) if place == 0 else (1,)) for place, blob in enumerate(blobs)]
        return build.reshape(build.add(layer, x, blobs=rows, suffix="product"), call.shape)
    return build.add(Linear(num_output=weight.shape[0], bias_term=bias is not None), x, blobs=blobs)


def bilinear(call: Call, build: Build) -> Value:
    """y_o = sum_ij x_i weight_oij z_j + bias_o: a linear layer of all products x_i z_j."""
    weight, bias = call.tensor("weight"), call.optional_tensor("bias")
    first, second = (build.as_value(_tensor(call.operand(name))) for name in ("input1", "input2"))
    outputs, inner, other = weight.shape
    columns = build.reshape(first, (*first.shape, 1), suffix="first")
    rows = build.reshape(second, (*second.shape[:-1], 1, other), suffix="second")
    products = build.add(Mul(), columns, rows, suffix="products")
    flat = build.reshape(products, (*first.shape[:-1], inner * other), suffix="flat")
    blobs = [build.blob(weight.reshape(outputs, -1))] + ([] if bias is None else [build.blob(bias)])
    layer = InnerProduct if len(flat.shape) == 2 else Linear
    return build.add(layer(num_output=outputs, bias_term=bias is not None), flat, blobs=blobs)


def matmul(call: Call, build: Build) -> Value:
    """matmul, mm, bmm, mv, dot: the last axis of the first, the last but one of the second, all before broadcast."""
    first = call.operand("self")
    second = call.operand(next(name for name in ("other", "mat2", "vec", "tensor") if name in call.arguments))
    return product(call, build, first, second)


def product(call: Call, build: Build, first: Operand, second: Operand, *, suffix: str = "") -> Value:
    """The product of two operands as torch.matmul has it."""
    if isinstance(first, Value) and isinstance(second, Value) and _alike(first.shape, second.shape):
        return build.add(MatrixProduct(), first, second, suffix=suffix)
    ranks = [len(_shape(one)) for one in (first, second)]
    depth = max(ranks) - 2
    batch = LETTERS[: max(depth, 0)]
    labels = [
        ("k" if ranks[0] == 1 else batch[len(batch) - ranks[0] + 2 :] + "ik").replace("i", "I").replace("k", "K"),
        ("k" if ranks[1] == 1 else batch[len(batch) - ranks[1] + 2 :] + "kj").replace("j", "J").replace("k", "K"),
    ]
    out = batch + ("I" if ranks[0] > 1 else "") + ("J" if ranks[1] > 1 else "")
    factors = [Factor(operand=one, labels=label) for one, label in zip((first, second), labels, strict=True)]
    return contracted(call, build, factors, out, suffix=suffix)


def einsum(call: Call, build: Build) -> Value:
    """Sums of products of one or two tensors; more of them two by two, from the left."""
    call.ignore("path")
    equation = call.text("equation").replace(" ", "")
    operands = call.values("tensors")
    inputs, arrow, out = equation.partition("->")
    labels = inputs.split(",")
    if not arrow:
        told = inputs.replace(",", "")
        out = "".join(sorted(letter for letter in set(told) if told.count(letter) == 1))
    if "." in equation:
        depth = max(len(one.shape) - len(label.replace("...", "")) for one, label in zip(operands, labels, strict=True))
        free = "".join(letter for letter in LETTERS if letter not in equation)[:depth]
        labels = [
            label.replace("...", free[depth - (len(one.shape) - len(label.replace("...", ""))) :])
            for one, label in zip(operands, labels, strict=True)
        ]
        out = out.replace("...", free) if arrow else free + out.replace(".", "")
    factors = [Factor(operand=one, labels=label) for one, label in zip(operands, labels, strict=True)]
    while len(factors) > 2:
        first, second, *rest = factors
        later = set(out).union(*(factor.labels for factor in rest))
        kept = "".join(dict.fromkeys(letter for letter in first.labels + second.labels if letter in later))
        held = [one.operand.double() for one in (first, second) if isinstance(one.operand, torch.Tensor)]
        if len(held) == 2:
            both: Operand = torch.einsum(f"{first.labels},{second.labels}->{kept}", *held)
        else:
            both = contracted(call, build, [first, second], kept, suffix="pair")
        factors = [Factor(operand=both, labels=kept), *rest]
    return contracted(call, build, factors, out)


def addmm(call: Call, build: Build) -> Value:
    """beta self + alpha first second: addmm, addmv, baddbmm."""
    names = ("mat", "vec") if "vec" in call.arguments else ("mat1", "mat2")
    names = ("batch1", "batch2") if "batch1" in call.arguments else names
    y = product(call, build, *(call.operand(name) for name in names), suffix="product")
    if call.number("alpha") != 1:
        y = build.add(Power(scale=call.number("alpha")), y, suffix="alpha")
    beta, base = call.number("beta"), call.operand("self")
    if beta == 0:
        return y
    assert not isinstance(base, int | float), "it is a tensor"
    held = build.as_value(base)
    if beta != 1:
        held = build.add(Power(scale=beta), held, suffix="beta")
    return build.add(Add(), y, held)


def _linear_of_values(call: Call, build: Build) -> Value:
    """A linear layer whose weights are computed from the inputs."""
    weight = build.as_value(_tensor(call.operand("weight")))
    x, bias = build.as_value(_tensor(call.operand("input"))), call.argument("bias")
    turned = permuted(build, weight, (1, 0), suffix="columns")
    y = product(call, build, x, turned, suffix="" if bias is None else "product")
    return y if bias is None else build.add(Add(), y, build.as_value(_tensor(call.operand("bias"))))


def _tensor(operand: Operand) -> Value | torch.Tensor:
    assert not isinstance(operand, int | float), "it is a tensor"
    return operand


def _alike(first: Shape, second: Shape) -> bool:
    """The axes before the matrices agree."""
    return len(first) == len(second) >= 2 and first[:-2] == second[:-2]


def _shape(operand: Operand) -> Shape:
    assert not isinstance(operand, int | float), "a product of tensors"
    return tuple(operand.shape)


HANDLERS: Mapping[str, Handler] = {
    "aten.linear.default": linear,
    "aten.bilinear.default": bilinear,
    "aten.matmul.default": matmul,
    "aten.mm.default": matmul,
    "aten.bmm.default": matmul,
    "aten.mv.default": matmul,
    "aten.dot.default": matmul,
    "aten.einsum.default": einsum,
    "aten.addmm.default": addmm,
    "aten.addmv.default": addmm,
    "aten.baddbmm.default": addmm,
}
