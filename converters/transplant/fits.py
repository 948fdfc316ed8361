"""Which modules can fill which layers at all: by what they are and by their shapes, before names or order are asked."""

from __future__ import annotations

from collections.abc import Hashable
from math import prod

from caffe_ir.blob import Shape
from caffe_ir.layers import LSTM, BatchNorm, Embed, Scale
from converters.transplant.modules import Module
from converters.transplant.receivers import Receiver


def receiver_class(receiver: Receiver) -> Hashable:
    """Receivers and modules of different classes never fit."""
    if receiver.kind == "filter":
        return "filter", receiver.shape[0], prod(receiver.shape)
    return receiver.kind, prod(receiver.shape)


def module_class(module: Module) -> Hashable:
    """What a module has in common with its receiver: kind of weights and their count, as `receiver_class` says."""
    shape = module.main.shape
    if module.kind == "filter":
        return "filter", shape[0], prod(shape)
    return "norm" if module.kind in ("batchnorm", "affine") else module.kind, prod(shape)


def receiver_form(receiver: Receiver) -> Hashable:
    """What distinguishes the receivers of one class, if it distinguishes their modules in the same way."""
    if receiver.kind == "norm":
        return isinstance(receiver.nodes[0].layer, BatchNorm)
    return receiver.shape


def module_form(module: Module) -> Hashable:
    """As `receiver_form`, of a module."""
    return module.kind == "batchnorm" if module.kind in ("batchnorm", "affine") else module.main.shape


def receiver_outputs(receiver: Receiver) -> Hashable:
    """The number of outputs, as the bias says it; Convolution and Deconvolution can have weights of one shape."""
    return receiver.nodes[0].blobs[1].shape if receiver.kind == "filter" and receiver.has_bias else None


def module_outputs(module: Module) -> Hashable:
    """As `receiver_outputs`, of a module."""
    return module.tensors["bias"].shape if module.kind == "filter" and "bias" in module.tensors else None


def misfit(receiver: Receiver, module: Module, norm_behind: bool) -> str:
    """Why a module cannot fill a receiver; empty where it can.

    `norm_behind`: a BatchNorm or Scale reads the receiver, and can take up a bias for which the layer has no place.
    """
    if receiver_class(receiver) != module_class(module):
        return f"{receiver} takes other weights than {module}"
    if receiver.kind == "filter":
        return _filter_misfit(receiver, module, norm_behind)
    if receiver.kind == "norm":
        return _norm_misfit(receiver, module)
    if receiver.kind == "lstm":
        return _lstm_misfit(receiver, module)
    same = _squeezed(receiver.shape) == _squeezed(module.main.shape)
    return "" if same else f"{receiver.name} is {receiver.shape}, {module.name} {module.main.shape}"


def _filter_misfit(receiver: Receiver, module: Module, norm_behind: bool) -> str:
    wanted, given = receiver.shape, module.main.shape
    if wanted != given and 2 not in (len(wanted), len(given)) and _squeezed(wanted[2:]) != _squeezed(given[2:]):
        return f"{receiver.name} is {wanted}, {module.name} {given}"
    bias = module.tensors.get("bias")
    if bias is None:
        return ""
    if isinstance(receiver.nodes[0].layer, Embed):
        return f"{module.name} has a bias, so it is not an Embedding"
    if not receiver.has_bias:
        return "" if norm_behind else f"{module.name} has a bias, and {receiver.name} says bias_term: false"
    outputs = receiver.nodes[0].blobs[1].shape
    return "" if bias.shape == outputs else f"{receiver.name} has {outputs[0]} outputs, {module.name} {bias.shape[0]}"


def _norm_misfit(receiver: Receiver, module: Module) -> str:
    first, *scale = receiver.nodes
    if isinstance(first.layer, Scale):
        return ""
    if module.kind == "affine":
        return f"{module.name} has no mean and variance for {receiver.name}"
    if "weight" not in module.tensors:
        return ""
    if not scale:
        return f"{module.name} has weight and bias, and no Scale stands behind {receiver.name}"
    has_bias = len(scale[0].blobs) == 2
    return "" if has_bias else f"{module.name} has a bias, and {scale[0].name} does not say bias_term: true"


def _lstm_misfit(receiver: Receiver, module: Module) -> str:
    node = receiver.nodes[0]
    assert isinstance(node.layer, LSTM)
    if len(node.blobs) != 3:
        return f"{receiver.name} has a static input, which PyTorch's LSTM does not have"
    same = (node.blobs[0].shape, node.blobs[2].shape) == (
        module.tensors["weight_ih"].shape,
        module.tensors["weight_hh"].shape,
    )
    return "" if same else f"{receiver.name} takes {node.blobs[0].shape}, {module.name} has {module.main.shape}"


def _squeezed(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)
