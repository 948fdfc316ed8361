"""Small pairs of files for the tests of engines, and what a net of them computes by somebody else's account."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from caffe_ir.files.writer import write
from caffe_ir.layers import BatchNorm, Convolution, Pooling, ReLU, Scale, Slice, Softmax
from caffe_ir.net import Net
from caffe_ir.targets import CAFFE
from converters.verify import CaffeFiles, caffe_files
from tests.caffe_ir.build import add, net_of

INPUT = np.random.default_rng(0).standard_normal((1, 3, 9, 11)).astype(np.float32)


def ordinary() -> Net:
    """Layers that every engine computes rightly."""
    rng = np.random.default_rng(1)
    net = net_of((1, 3, 9, 11))
    filters, bias, mean, gamma, beta = rng.normal(size=(6, 3, 3, 3)), *rng.normal(size=(4, 6))
    add(net, "conv", Convolution(num_output=6, kernel_size=(3, 3), pad=(1, 1)), filters, bias)
    norm = BatchNorm(use_global_stats=True, eps=1e-5)
    add(net, "bn", norm, mean, rng.uniform(0.5, 2, 6), np.ones(1), in_place=True)
    add(net, "scale", Scale(bias_term=True), gamma, beta, in_place=True)
    add(net, "relu", ReLU(negative_slope=0.1), in_place=True)
    add(net, "pool", Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2)))
    add(net, "prob", Softmax(axis=1))
    return net


def sliced() -> Net:
    """A layer with two tops, one of which is overwritten in place."""
    net = net_of((1, 3, 9, 11))
    add(net, "parts", Slice(axis=1, slice_point=(1,)), tops=("first", "second"))
    add(net, "relu", ReLU(), bottoms=["second"], in_place=True)
    net.outputs = ["first", "relu"]
    return net


def files_of(folder: Path, net: Net) -> CaffeFiles:
    write(net, folder / "net", CAFFE)
    return caffe_files(folder / "net.prototxt", folder / "net.caffemodel")


def by_torch(net: Net) -> dict[str, np.ndarray]:
    """The blobs of `ordinary` after the ReLU, the pooling and the softmax, by torch in float64."""
    import torch
    from torch.nn import functional as F

    arrays = {node.name: [np.array(blob.load(), np.float64) for blob in node.blobs] for node in net.nodes}
    blobs = {name: list(map(torch.from_numpy, held)) for name, held in arrays.items()}
    (filters, bias), (mean, variance, _), (gamma, beta) = blobs["conv"], blobs["bn"], blobs["scale"]
    x = F.conv2d(torch.from_numpy(INPUT).double(), filters, bias, padding=1)
    x = F.batch_norm(x, mean, variance, gamma, beta, eps=1e-5)
    relu = F.leaky_relu(x, 0.1)
    pool = F.max_pool2d(relu, 2, ceil_mode=True)
    return {"relu": relu.numpy(), "pool": pool.numpy(), "prob": pool.softmax(1).numpy()}
