"""Activations, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, pi, prod, sqrt

from caffe_ir.error_kinds.capture import TRAINING_MODE
from caffe_ir.layers import (
    BNLL,
    ELU,
    AbsVal,
    Clip,
    Eltwise,
    Exp,
    HardSwish,
    Mish,
    Power,
    PReLU,
    ReLU,
    Sigmoid,
    Slice,
    Swish,
    TanH,
    Threshold,
)
from caffe_ir.layers.source import Gelu, GeluTanh, HardSigmoid6, Selu, Softplus
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value


def relu(call: Call, build: Build) -> Value:
    return build.add(ReLU(), call.value())


def relu6(call: Call, build: Build) -> Value:
    return build.add(Clip(min=0.0, max=6.0), call.value())


def hardtanh(call: Call, build: Build) -> Value:
    return build.add(Clip(min=call.number("min_val"), max=call.number("max_val")), call.value())


def leaky_relu(call: Call, build: Build) -> Value:
    return build.add(ReLU(negative_slope=call.number("negative_slope")), call.value())


def prelu(call: Call, build: Build) -> Value:
    """max(0, x) + weight min(0, x), one weight for all or one a channel (axis 1)."""
    x, weight = call.value(), call.tensor("weight")
    shared, rank = weight.numel() == 1, len(x.shape)
    view = x
    if not 2 <= rank <= 4:  # what Caffe's PReLU takes
        view = build.reshape(x, (*x.shape[:2], prod(x.shape[2:])) if rank > 4 else (1, prod(x.shape)), suffix="view")
    layer, slopes = PReLU(channel_shared=shared), build.blob(weight.reshape(() if shared else -1))
    return build.reshape(build.add(layer, view, blobs=[slopes], suffix="" if view is x else "cells"), x.shape)


def elu(call: Call, build: Build) -> Value:
    return build.add(ELU(alpha=call.number("alpha")), call.value())


def sigmoid(call: Call, build: Build) -> Value:
    return build.add(Sigmoid(), call.value())


def tanh(call: Call, build: Build) -> Value:
    return build.add(TanH(), call.value())


def silu(call: Call, build: Build) -> Value:
    return build.add(Swish(), call.value())


def mish(call: Call, build: Build) -> Value:
    return build.add(Mish(), call.value())


def gelu(call: Call, build: Build) -> Value:
    """x Phi(x), or its approximation by tanh (Hendrycks, Gimpel 2016)."""
    if call.text("approximate") == "none":
        return build.add(Gelu(), call.value())
    linear = sqrt(2 / pi)
    return build.add(GeluTanh(linear=linear, cubic=linear * 0.044715), call.value())


def softplus(call: Call, build: Build) -> Value:
    return build.add(Softplus(beta=call.number("beta"), threshold=call.number("threshold")), call.value())


def hardswish(call: Call, build: Build) -> Value:
    return build.add(HardSwish(), call.value())


def hardsigmoid(call: Call, build: Build) -> Value:
    return build.add(HardSigmoid6(), call.value())


def selu(call: Call, build: Build) -> Value:
    """scale ELU(x) with torch's digits (Activation.cpp)."""
    return build.add(
        Selu(alpha=1.6732632423543772848170429916717, scale=1.0507009873554804934193349852946), call.value()
    )


def celu(call: Call, build: Build) -> Value:
    """alpha ELU(x / alpha); for a negative alpha max(x, 0) + alpha (e^(min(x, 0) / alpha) - 1)."""
    alpha, x = call.number("alpha"), call.value()
    if alpha == 1:
        return build.add(ELU(), x)
    if alpha < 0:
        below = build.add(Clip(min=-inf, max=0.0), x, suffix="below")
        power = build.add(Exp(), build.add(Power(scale=1 / alpha), below, suffix="in"), suffix="exp")
        tail = build.add(Power(scale=alpha, shift=-alpha), power, suffix="tail")
        return build.add(Eltwise(operation="SUM"), build.add(ReLU(), x, suffix="above"), tail)
    inner = build.add(ELU(), build.add(Power(scale=1 / alpha), x, suffix="in"), suffix="elu")
    return build.add(Power(scale=alpha), inner)


def log_sigmoid(call: Call, build: Build) -> Value:
    """-log(1 + e^-x)."""
    negative = build.add(Power(scale=-1.0), call.value(), suffix="negative")
    return build.add(Power(scale=-1.0), build.add(BNLL(), negative, suffix="bnll"))


def tanhshrink(call: Call, build: Build) -> Value:
    """x - tanh x."""
    x = call.value()
    return build.add(DIFFERENCE, x, build.add(TanH(), x, suffix="tanh"))


def softshrink(call: Call, build: Build) -> Value:
    """x - lambda above lambda, x + lambda below -lambda, else 0: the difference of two ReLU."""
    x, bound = call.value(), call.number("lambd")
    above, below = (
        build.add(ReLU(), build.add(Power(scale=sign, shift=-bound), x, suffix=f"{name}_in"), suffix=name)
        for sign, name in ((1.0, "above"), (-1.0, "below"))
    )
    return build.add(DIFFERENCE, above, below)


def hardshrink(call: Call, build: Build) -> Value:
    """x where |x| > lambda, else 0."""
    x = call.value()
    beyond = build.add(Threshold(threshold=call.number("lambd")), build.add(AbsVal(), x, suffix="abs"), suffix="beyond")
    return build.add(PRODUCT, x, beyond)


def threshold(call: Call, build: Build) -> Value:
    """x where x > threshold, else value."""
    x, bound, value = call.value(), call.number("threshold"), call.number("value")
    if bound == value:
        return build.add(ReLU() if value == 0 else Clip(min=value, max=inf), x)
    above = build.add(Threshold(threshold=bound), x, suffix="above")
    kept = build.add(PRODUCT, x, above, suffix="kept" if value else "")
    if not value:
        return kept
    rest = build.add(Power(scale=-value, shift=value), above, suffix="rest")
    return build.add(Eltwise(operation="SUM"), kept, rest)


def softsign(call: Call, build: Build) -> Value:
    """x / (1 + |x|)."""
    x = call.value()
    inverse = build.add(Power(power=-1.0, shift=1.0), build.add(AbsVal(), x, suffix="abs"), suffix="inverse")
    return build.add(PRODUCT, x, inverse)


def glu(call: Call, build: Build) -> Value:
    """The first half of an axis times the sigmoid of the second."""
    x = call.value()
    axis = call.axis("dim", len(x.shape))
    layer = Slice(slice_point=(x.shape[axis] // 2,), axis=axis)
    first, second = build.add_many(layer, x, tops=2, suffix="halves")
    return build.add(PRODUCT, first, build.add(Sigmoid(), second, suffix="gate"))


def rrelu(call: Call, build: Build) -> Value:
    """In eval mode the slope is the mean of its bounds."""
    call.ignore("generator", "noise")
    if call.flag("training"):
        raise call.refused(
            "this rrelu was captured in training mode",
            why="it draws different slopes at every run",
            hint="call model.eval() before torch.export.export; a functional rrelu needs training=self.training",
            kind=TRAINING_MODE,
        )
    return build.add(ReLU(negative_slope=(call.number("lower") + call.number("upper")) / 2), call.value())


PRODUCT = Eltwise(operation="PROD")
DIFFERENCE = Eltwise(operation="SUM", coeff=(1.0, -1.0))

HANDLERS: Mapping[str, Handler] = {
    "aten.relu.default": relu,
    "aten.relu6.default": relu6,
    "aten.hardtanh.default": hardtanh,
    "aten.leaky_relu.default": leaky_relu,
    "aten.prelu.default": prelu,
    "aten._prelu_kernel.default": prelu,
    "aten.elu.default": elu,
    "aten.sigmoid.default": sigmoid,
    "aten.tanh.default": tanh,
    "aten.silu.default": silu,
    "aten.mish.default": mish,
    "aten.gelu.default": gelu,
    "aten.softplus.default": softplus,
    "aten.hardswish.default": hardswish,
    "aten.hardsigmoid.default": hardsigmoid,
    "aten.selu.default": selu,
    "aten.celu.default": celu,
    "aten.log_sigmoid.default": log_sigmoid,
    "aten.tanhshrink.default": tanhshrink,
    "aten.softshrink.default": softshrink,
    "aten.hardshrink.default": hardshrink,
    "aten.threshold.default": threshold,
    "aten.softsign.default": softsign,
    "aten.glu.default": glu,
    "aten.rrelu.default": rrelu,
}
