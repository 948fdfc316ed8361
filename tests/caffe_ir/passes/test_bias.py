from __future__ import annotations

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch.nn import functional as F

from caffe_ir.blob import Blob
from caffe_ir.layers import Convolution, Deconvolution, InnerProduct, ReLU, Scale
from caffe_ir.passes.bias import BIAS
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

RANDOM = np.random.default_rng(5)
ADDED = Scale(bias_term=True)
LINEAR = {
    "convolution": (Convolution(num_output=4, kernel_size=(3, 3), bias_term=False), (1, 3, 6, 5)),
    "groups": (Convolution(num_output=4, kernel_size=(1, 1), group=2, bias_term=False), (2, 4, 3, 3)),
    "deconvolution": (Deconvolution(num_output=4, kernel_size=(2, 2), stride=(2, 2), bias_term=False), (1, 3, 3, 3)),
    "inner product": (InnerProduct(num_output=4, bias_term=False), (2, 3, 2, 2)),
    "scale": (Scale(), (2, 4, 3, 3)),
}


def random(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def of(layer, shape, added=ADDED, *, ones=1.0, constant=True, count=4):
    net = net_of(shape)
    add(net, "linear", layer, *(random(*each) for each in layer.blob_shapes((shape,))))
    node = add(net, "added", added, np.full(count, ones), random(count))
    stored = Blob.of(np.full(count, ones, np.float32), constant=constant)
    net.update(node, replace(node, blobs=(stored, node.blobs[1])))
    return net


@pytest.mark.parametrize("name", LINEAR)
def test_is_the_bias_of_the_layer_before(name):
    net = of(*LINEAR[name])
    after = rewritten(net, BIAS)
    (node,) = after.nodes[1:]
    assert getattr(node.layer, "bias_term", False)
    assert node.blobs == (net.node("linear").blobs[0], net.node("added").blobs[1])  # the same tensors


def test_to_the_last_bit_as_torch_adds_it():
    net = of(*LINEAR["convolution"])
    x = random(1, 3, 6, 5)
    weights, bias = net.node("linear").blobs[0].load(), net.node("added").blobs[1].load()
    wanted = F.conv2d(torch.from_numpy(x).double(), torch.from_numpy(weights).double(), torch.from_numpy(bias).double())
    after = rewritten(net, BIAS)
    (found,) = (run(after, {"data": x}, np.float64)[blob] for blob in after.outputs)
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-13, atol=1e-13)


def test_golden_dump():
    net = of(*LINEAR["convolution"])
    add(net, "relu", ReLU())
    net.outputs = ["relu"]
    assert rewritten(net, BIAS).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 6, 5)])  -> data  [1x3x6x5]\n"
        "  linear: Convolution(num_output=4, kernel_size=[3]) data -> linear | [4, 3, 3, 3] [4]  [1x4x4x3]\n"
        "  relu: ReLU() linear -> relu  [1x4x4x3]\n"
        "  outputs relu\n"
    )


def read_twice():
    net = of(*LINEAR["convolution"])
    add(net, "relu", ReLU(), bottoms=("linear",))
    net.outputs = ["added", "relu"]
    return net


def given():
    net = of(*LINEAR["convolution"])
    net.outputs = ["linear", "added"]
    return net


@pytest.mark.parametrize(
    "net",
    [
        of(Convolution(num_output=4, kernel_size=(1, 1)), (1, 3, 2, 2)),
        of(*LINEAR["convolution"], ones=2.0),
        of(*LINEAR["convolution"], constant=False),
        of(LINEAR["convolution"][0], (1, 3, 6, 6), Scale(axis=2, bias_term=True)),
        of(Scale(axis=2), (2, 3, 4, 4), Scale(axis=3, bias_term=True)),
        of(InnerProduct(num_output=4, axis=2, bias_term=False), (2, 4, 5), Scale(axis=1, bias_term=True)),
        read_twice(),
        given(),
    ],
    ids=["a bias", "twice", "from a checkpoint", "rows", "columns", "rows of vectors", "read twice", "an output"],
)
def test_leaves_alone_what_is_no_bias_or_is_read(net):
    assert rewritten(net, BIAS).dump() == net.dump()
