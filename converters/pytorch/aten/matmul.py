"""Matrix products."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.layers import InnerProduct
from converters.pytorch.build import Build, Call, Value
from converters.pytorch.frontend import Handler


def linear(call: Call, build: Build) -> Value:
    """y = x weight^T + bias of (N, K); weight (num_output, K)."""
    x, weight, bias = call.value("input"), call.tensor("weight"), call.optional_tensor("bias")
    if len(x.shape) > 2:
        raise call.refused(f"a linear layer on {x.shape}", why="only (N, K) is known so far")
    rows = build.reshape(x, (1, *x.shape), suffix="batch") if len(x.shape) == 1 else x
    layer = InnerProduct(num_output=weight.shape[0], bias_term=bias is not None)
    blobs = [build.blob(weight)] if bias is None else [build.blob(weight), build.blob(bias)]
    return build.reshape(build.add(layer, rows, blobs=blobs), call.shape)


HANDLERS: Mapping[str, Handler] = {
    "aten.linear.default": linear,
}
