"""Attention as torch has it whole."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import torch

from caffe_ir.error_kinds.capture import TRAINING_MODE
from caffe_ir.layers import Power, Softmax, Tile
from caffe_ir.layers.source import Add, MatrixProduct, Mul, Reduce
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Value

HIDDEN = -1e30
"""What stands for minus infinity: added to any score of a float32 net it is the result, whose exponential is 0."""


def attention(call: Call, build: Build) -> Value:
    """softmax(scale q k^T + mask) v; scale is 1 / sqrt(the last axis of q) where none is given."""
    if call.number("dropout_p") > 0:
        raise call.refused(
            "this attention was captured with dropout",
            why="it drops different numbers at every run",
            hint="call model.eval(), or pass dropout_p=self.dropout if self.training else 0.0",
            kind=TRAINING_MODE,
        )
    q, k, v = (build.as_value(_tensor(call, name)) for name in ("query", "key", "value"))
    if "enable_gqa" in call.arguments and call.flag("enable_gqa"):
        k, v = (_repeated(build, one, q.shape[-3] // one.shape[-3], name) for one, name in ((k, "keys"), (v, "values")))
    given = call.optional_number("scale")
    scaled = build.add(Power(scale=1 / sqrt(q.shape[-1]) if given is None else given), q, suffix="scaled")
    scores = build.add(MatrixProduct(transpose_b=True), scaled, k, suffix="scores")
    mask, seeing = _mask(call, build, q.shape[-2], k.shape[-2])
    if mask is not None:
        scores = build.add(Add(), scores, build.as_value(mask, suffix="mask"), suffix="masked")
    weights = build.add(Softmax(axis=len(scores.shape) - 1), scores, suffix="softmax")
    if seeing is not None:  # a row that sees nothing is 0 in torch
        weights = build.add(Mul(), weights, build.as_value(seeing, suffix="seeing"), suffix="weights")
    return build.add(MatrixProduct(), weights, v)


def _tensor(call: Call, name: str) -> Value | torch.Tensor:
    found = call.operand(name)
    assert isinstance(found, Value | torch.Tensor), "attention is of tensors"
    return found


def _repeated(build: Build, x: Value, times: int, name: str) -> Value:
    """Each head so many times: (.., h, S, d) to (.., h times, S, d)."""
    if times == 1:
        return x
    *batch, heads, length, depth = x.shape
    apart = build.reshape(x, (*batch, heads, 1, length * depth), suffix=f"{name}_apart")
    tiled = build.add(Tile(axis=len(batch) + 1, tiles=times), apart, suffix=f"{name}_tiled")
    return build.reshape(tiled, (*batch, heads * times, length, depth), suffix=name)


Operand = Value | torch.Tensor | None


def _mask(call: Call, build: Build, rows: int, columns: int) -> tuple[Operand, Operand]:
    """What is added to the scores, and 1 for the rows that see anything, if there may be others.

    A mask of truth values hides where it is false, a constant one of numbers where it is minus infinity.
    """
    causal, found = call.flag("is_causal"), call.argument("attn_mask")
    if isinstance(found, Value):
        if found.dtype != torch.bool:
            return call.value("attn_mask"), None
        last = len(found.shape) - 1
        seeing = build.add(Reduce(operation="MAX", axes=(last,), keepdim=True), found, suffix="seeing")
        return build.add(Power(scale=-HIDDEN, shift=HIDDEN), found, suffix="mask"), seeing
    if causal:
        found = torch.ones(rows, columns, dtype=torch.bool).tril()
    if found is None:
        return None, None
    assert isinstance(found, torch.Tensor), "a mask is a tensor"
    shown = found if found.dtype == torch.bool else found != -torch.inf
    added = torch.zeros(found.shape) if found.dtype == torch.bool else found
    seen = shown.any(-1, keepdim=True)
    hidden = torch.full((), HIDDEN, dtype=added.dtype)
    return torch.where(shown, added, hidden), None if bool(seen.all()) else seen.float()


HANDLERS: Mapping[str, Handler] = {
    "aten.scaled_dot_product_attention.default": attention,
}
