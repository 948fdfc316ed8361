"""Multiply-adds of convolutions and products: of a Caffe net, and of torch as its own FlopCounterMode counts them."""

from __future__ import annotations

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from caffe_ir.cost import work
from caffe_ir.layers import Convolution, Deconvolution, InnerProduct, MatMul
from caffe_ir.net import Net

KINDS = (Convolution, Deconvolution, InnerProduct, MatMul)


def of_net(net: Net) -> float:
    layers = (node for node in net.nodes if isinstance(node.layer, KINDS))
    return sum(work(node.layer, net.shapes_of(node.bottoms)).computed for node in layers)


def of_torch(program: torch.export.ExportedProgram, x: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        program.module()(x)
    return counter.get_total_flops() / 2
