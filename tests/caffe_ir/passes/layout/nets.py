"""Random nets of layers that layout knows, for its tests."""

from __future__ import annotations

import random
from math import prod

import numpy as np

from caffe_ir.layers import (
    Concat,
    Convolution,
    InnerProduct,
    Input,
    Parameter,
    Power,
    PReLU,
    ReLU,
    Reshape,
    Scale,
    Slice,
    Softmax,
)
from caffe_ir.layers.source import Add, Gather, Linear, MatrixProduct, Mul, Permute, Reduce, Standardize, Sub
from caffe_ir.net import Net
from caffe_ir.values import Values
from tests.caffe_ir.build import add, net_of

NUMBERS = np.random.default_rng(1)


def random_net(seed: int) -> Net:
    """A dozen layers, each on one of the last three blobs; what nobody reads is an output."""
    choose = random.Random(seed)
    net = net_of(tuple(choose.choice([1, 2, 3, 4]) for _ in range(choose.randint(2, 5))))
    for number in range(12):
        readable = [top for node in net.nodes for top in node.tops if not isinstance(node.layer, Parameter)]
        STEPS[choose.randrange(len(STEPS))](choose, net, f"n{number}", choose.choice(readable[-3:]))
    read = {bottom for node in net.nodes for bottom in node.bottoms}
    unread = [top for node in net.nodes for top in node.tops if top not in read]
    net.outputs = [top for top in unread if not isinstance(net.producer(top).layer, Input)] or ["data"]
    net.values = Values({top: top for node in net.nodes for top in node.tops if not isinstance(node.layer, Parameter)})
    return net


def _weights(*shape):
    return NUMBERS.standard_normal(shape)


def _permute(choose, net, name, x):
    order = list(range(len(net.shapes[x])))
    choose.shuffle(order)
    add(net, name, Permute(order=tuple(order)), bottoms=(x,))


def _reshape(choose, net, name, x):
    left, shape = prod(net.shapes[x]), list[int]()
    while left > 1 and len(shape) < 4:
        shape.append(choose.choice([size for size in range(1, left + 1) if left % size == 0]))
        left //= shape[-1]
    add(net, name, Reshape(shape=(*shape, left)), bottoms=(x,))


def _pointwise(choose, net, name, x):
    add(net, name, choose.choice([ReLU(), Power(scale=0.7, shift=0.1)]), bottoms=(x,))


def _softmax(choose, net, name, x):
    add(net, name, Softmax(axis=choose.randrange(len(net.shapes[x]))), bottoms=(x,))


def _gather(choose, net, name, x):
    axis = choose.randrange(len(net.shapes[x]))
    places = tuple(choose.randrange(net.shapes[x][axis]) for _ in range(choose.randint(1, 4)))
    add(net, name, Gather(axis=axis, indices=places), bottoms=(x,))


def _slice(choose, net, name, x):
    axis = choose.randrange(len(net.shapes[x]))
    if net.shapes[x][axis] > 1:
        add(net, name, Slice(axis=axis, slice_point=(1,)), bottoms=(x,), tops=(f"{name}_a", f"{name}_b"))


def _scale(choose, net, name, x):
    shape = net.shapes[x]
    axis = choose.randrange(len(shape))
    axes = shape[axis : axis + choose.randint(1, len(shape) - axis)]
    layer = Scale(axis=axis, num_axes=len(axes), bias_term=True)
    add(net, name, layer, _weights(*axes), _weights(*axes), bottoms=(x,))


def _over_axes(choose, net, name, x):
    rank = len(net.shapes[x])
    axes = tuple(sorted(choose.sample(range(rank), choose.randint(1, rank))))
    sums = Reduce(
        operation=choose.choice(["SUM", "MAX"]), axes=axes, keepdim=choose.random() < 0.5 or len(axes) == rank
    )
    add(net, name, choose.choice([sums, Standardize(axes=axes, eps=0.1)]), bottoms=(x,))


def _linear(choose, net, name, x):
    wide = choose.choice([1, 2, 3, 4])
    add(net, name, Linear(num_output=wide), _weights(wide, net.shapes[x][-1]), _weights(wide), bottoms=(x,))


def _pair(choose, net, name, x):
    shape = net.shapes[x]
    others = [top for node in net.nodes for top in node.tops if _broadcasts(net.shapes[top], shape)]
    add(net, name, choose.choice([Add(), Mul()]), bottoms=(x, choose.choice(others)))


def _constant(choose, net, name, x):
    shape = tuple(size if choose.random() < 0.6 else 1 for size in net.shapes[x])[
        choose.randrange(len(net.shapes[x])) :
    ]
    add(net, f"{name}_constant", Parameter(shape=shape), _weights(*shape), bottoms=())
    bottoms = [x, f"{name}_constant"]
    choose.shuffle(bottoms)
    add(net, name, choose.choice([Add(), Mul(), Sub()]), bottoms=bottoms)


def _concat(choose, net, name, x):
    shape = net.shapes[x]
    axis = choose.randrange(len(shape))
    rest = (*shape[:axis], *shape[axis + 1 :])
    alike = [
        top
        for node in net.nodes
        for top in node.tops
        if len(net.shapes[top]) == len(shape) and (*net.shapes[top][:axis], *net.shapes[top][axis + 1 :]) == rest
    ]
    add(net, name, Concat(axis=axis), bottoms=(x, choose.choice(alike)))


def _matmul(choose, net, name, x):
    rank = len(net.shapes[x])
    if rank < 2:
        return
    add(net, f"{name}_turned", Permute(order=(*range(rank - 2), rank - 1, rank - 2)), bottoms=(x,))
    second = choose.choice([x, f"{name}_turned"])
    turn = choose.random() < 0.5
    add(net, name, MatrixProduct(transpose_a=turn, transpose_b=turn != (second == x)), bottoms=(x, second))


def _inner_product(choose, net, name, x):
    shape = net.shapes[x]
    if len(shape) > 1:
        add(net, name, InnerProduct(num_output=3), _weights(3, prod(shape[1:])), _weights(3), bottoms=(x,))


def _channels(choose, net, name, x):
    shape = net.shapes[x]
    if len(shape) == 4 and choose.random() < 0.5:
        layer = Convolution(num_output=2, kernel_size=(1, 1))
        add(net, name, layer, _weights(2, shape[1], 1, 1), _weights(2), bottoms=(x,))
    elif 2 <= len(shape) <= 4:
        add(net, name, PReLU(), _weights(shape[1]), bottoms=(x,))


def _broadcasts(first, second) -> bool:
    try:
        np.broadcast_shapes(first, second)
    except ValueError:
        return False
    return True


STEPS = (
    _permute,
    _permute,
    _reshape,
    _reshape,
    _pointwise,
    _softmax,
    _gather,
    _slice,
    _scale,
    _over_axes,
    _linear,
    _linear,
    _pair,
    _constant,
    _concat,
    _matmul,
    _inner_product,
    _channels,
)
