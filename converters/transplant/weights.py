"""The blobs of Caffe's layers from the tensors of PyTorch's modules, with the equation wherever the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial

import numpy as np

from caffe_ir.affine import Affine, normalization
from caffe_ir.blob import Array, Blob, Shape, shape_text
from caffe_ir.error_kinds.transplant import EPSILON, NO_PLACE_FOR_BIAS
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.layers import BatchNorm, Deconvolution, InnerProduct, Scale
from caffe_ir.node import Node
from converters.transplant.modules import Module
from converters.transplant.receivers import Receiver
from converters.weights.tensors import Tensor

EPS = 1e-5
"""torch.nn.BatchNorm2d's own eps, which a state_dict does not hold."""

Filled = tuple[dict[str, tuple[Blob, ...]], tuple[str, ...]]
"""The blobs by the name of the layer, and what was changed on the way."""


def affine_of(norm: Module, eps: float) -> Affine:
    """What a BatchNorm does at inference, in float64."""
    mean, variance = norm.tensors["running_mean"].double(), norm.tensors["running_var"].double()
    gamma = norm.tensors["weight"].double() if "weight" in norm.tensors else np.ones_like(mean)
    beta = norm.tensors["bias"].double() if "bias" in norm.tensors else np.zeros_like(mean)
    return normalization(mean, variance, eps).then(Affine(slope=gamma, offset=beta))


# ---- Filters ---------------------------------------------------------------------------------------------------------


def filter_blobs(receiver: Receiver, module: Module, folded: Module | None, eps: float) -> Filled:
    """Convolution, Deconvolution, InnerProduct, Embed; with `folded`, W' = factor W and b' = factor b + offset.

    Raises ConversionError where a folded BatchNorm finds no bias to go into.
    """
    node, weight, bias = receiver.nodes[0], module.tensors["weight"], module.tensors.get("bias")
    changes = []
    if weight.shape != receiver.shape:
        changes.append(f"weight {shape_text(weight.shape)} is laid out as {shape_text(receiver.shape)}")
    if folded is None:
        blobs = [_laid_out(node, weight.blob, receiver.shape)]
        if receiver.has_bias:
            blobs.append(bias.blob if bias is not None else Blob.of_zeros(node.blobs[1].shape))
            changes += [] if bias is not None else ["the bias, which the module lacks, is 0"]
        elif bias is not None:
            changes.append("the bias goes into the normalisation behind it: mean' = mean - bias")
        return {node.name: tuple(blobs)}, tuple(changes)
    if not receiver.has_bias:
        why = f"{node.name} says bias_term: false"
        what = f"{folded.name} cannot be folded into {node.name}"
        raise ConversionError(
            Problem(kind=NO_PLACE_FOR_BIAS, what=what, why=why, hint="take bias_term: false out", origin=node.origin)
        )
    affine = affine_of(folded, eps)
    scaled = Blob.computed(weight.shape, partial(_scaled, node, weight, affine.slope))
    shift = affine.offset if bias is None else affine.offset + bias.double() * affine.slope
    changes.append(f"{folded.name} is folded into it with eps {eps:g}")
    return {node.name: (_laid_out(node, scaled, receiver.shape), Blob.of(shift))}, tuple(changes)


def _laid_out(node: Node, weights: Blob, shape: Shape) -> Blob:
    """PyTorch's layout in the layer's: the same order of numbers, but for an InnerProduct that is transposed."""
    blob = weights if weights.shape == shape else weights.reshaped(shape)
    if not (isinstance(node.layer, InnerProduct) and node.layer.transpose):
        return blob
    return Blob.computed(shape[::-1], lambda: np.ascontiguousarray(blob.load().T))


def _scaled(node: Node, weight: Tensor, factor: Array) -> Array:
    """The filters times a factor for each output: axis 0, or for Deconvolution axis 1 within each group."""
    numbers = weight.double()
    if not isinstance(node.layer, Deconvolution):
        return numbers * factor.reshape(-1, *(1 for _ in weight.shape[1:]))
    grouped = numbers.reshape(node.layer.group, -1, *weight.shape[1:])
    along = factor.reshape(node.layer.group, 1, -1, *(1 for _ in weight.shape[2:]))
    return (grouped * along).reshape(weight.shape)


# ---- Normalisation ---------------------------------------------------------------------------------------------------


def norm_blobs(receiver: Receiver, module: Module, eps: float | None, absorbed: Tensor | None) -> Filled:
    """BatchNorm [+ Scale], or a Scale alone. `eps` None takes each BatchNorm layer's own.

    `absorbed` is the bias of the filter before it, which that layer has no place for. Raises ConversionError.
    """
    first, *scale = receiver.nodes
    if module.kind == "affine":
        if absorbed is not None:
            what = f"{module.name} has no mean that could take up the bias of the layer before it"
            raise ConversionError(
                Problem(kind=NO_PLACE_FOR_BIAS, what=what, hint="take bias_term: false out", origin=first.origin)
            )
        return {first.name: (module.tensors["weight"].blob, module.tensors["bias"].blob)}, ()
    if isinstance(first.layer, Scale):
        affine = affine_of(module, EPS if eps is None else eps)
        shift = affine.offset if absorbed is None else affine.offset + absorbed.double() * affine.slope
        text = f"mean and variance are in its factor and bias, with eps {EPS if eps is None else eps:g}"
        return {first.name: (Blob.of(affine.slope), Blob.of(shift))}, (text,)
    _check_eps(first, eps)
    mean = module.tensors["running_mean"]
    shifted = mean.blob if absorbed is None else Blob.of(mean.double() - absorbed.double())
    blobs: dict[str, tuple[Blob, ...]] = {}
    blobs[first.name] = (shifted, module.tensors["running_var"].blob, Blob.of(np.ones(1, np.float32)))
    for node in scale:
        blobs[node.name] = tuple(_affine_or(module, role, fallback) for role, fallback in _ROLES[: len(node.blobs)])
    return blobs, ("the factor of the sums is 1",)


_ROLES = (("weight", 1.0), ("bias", 0.0))


def _affine_or(module: Module, role: str, fallback: float) -> Blob:
    if role in module.tensors:
        return module.tensors[role].blob
    return Blob.of(np.full(module.main.shape, fallback, np.float32))


def _check_eps(node: Node, eps: float | None) -> None:
    assert isinstance(node.layer, BatchNorm)
    if eps is None or abs(node.layer.eps - eps) <= 1e-6 * eps:
        return
    own = node.layer.eps
    raise ConversionError(
        Problem(
            kind=EPSILON,
            what=f"{node.name} has eps {own:g}, and for the module {eps:g} is assumed",
            why="a state_dict does not say it",
            hint=f"give --eps {own:g} or --eps prototxt if the prototxt is right; else write eps: {eps:g} into it",
            origin=node.origin,
        )
    )


# ---- The others ------------------------------------------------------------------------------------------------------


def lstm_blobs(receiver: Receiver, module: Module) -> Filled:
    """PyTorch's gates i, f, g, o in Caffe's order i, f, o, g (lstm_unit_layer.cpp), and its two biases as their sum."""
    node = receiver.nodes[0]
    gates: list[Blob] = []
    for role in ("weight_ih", "weight_hh"):
        tensor = module.tensors[role]
        gates.append(Blob.computed(tensor.shape, partial(_reordered, tensor)))
    biases = [module.tensors[role] for role in ("bias_ih", "bias_hh") if role in module.tensors]
    bias = np.zeros(node.blobs[1].shape) + sum(_reordered(tensor).astype(np.float64) for tensor in biases)
    text = "gates i, f, g, o are put in the order i, f, o, g; the two biases are added"
    return {node.name: (gates[0], Blob.of(bias), gates[1])}, (text,)


def _reordered(tensor: Tensor) -> Array:
    rows = tensor.read().reshape(4, -1, *tensor.shape[1:])
    return np.ascontiguousarray(rows[[0, 1, 3, 2]]).reshape(tensor.shape)


def plain_blobs(receiver: Receiver, module: Module) -> Filled:
    """PReLU, Scale without bias, Bias, Parameter: the numbers as they are."""
    node = receiver.nodes[0]
    return {node.name: (module.main.blob.reshaped(node.blobs[0].shape),)}, ()


def narrowed(tensors: Iterable[Tensor]) -> dict[str, int]:
    """How many tensors are of each type but float32, and will be written as float32."""
    return Counter(tensor.dtype for tensor in tensors if tensor.dtype != "float32")
