"""Each layer type that Caffe has at inference: the text of one, and its numbers by a formula of numpy, scipy or torch.

The formulas are Caffe's as its sources have them; nothing of the product computes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.special import expit, softmax
from torch.nn import functional as F

from caffe_ir.blob import Array

Arrays = Sequence[Array]
Formula = Callable[[Arrays, Arrays], Sequence[Array]]
"""The tops of the inputs and the weights."""
MAP = (2, 4, 6, 5)


def _torch(function: Callable[..., torch.Tensor], *arrays: Array, **options: Any) -> list[Array]:
    return [function(*map(torch.from_numpy, arrays), **options).numpy()]


def _windows(x: Array, size: int, step: int, take: Callable[[Array], Array]) -> Array:
    """Windows without padding, counted upwards and cut off at the map's end."""
    counts = [-(-(side - size) // step) + 1 for side in x.shape[2:]]
    rows = [
        [take(x[:, :, r * step : r * step + size, c * step : c * step + size]) for c in range(counts[1])]
        for r in range(counts[0])
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _lrn(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    squares = np.zeros_like(x)
    for channel in range(x.shape[1]):
        near = slice(max(0, channel - size // 2), channel + size // 2 + 1)
        squares[:, channel] = (x[:, near] ** 2).sum(1)
    return x / (k + alpha / size * squares) ** beta


def _mvn(x: Array, eps: float) -> Array:
    centred = x - x.mean((2, 3), keepdims=True)
    return centred / (np.sqrt((centred**2).mean((2, 3), keepdims=True)) + eps)


def _spp(x: Array) -> Array:
    """Maxima over the map and over its quarters, of a map with even sides."""
    rows, columns = x.shape[2] // 2, x.shape[3] // 2
    quarters = [
        x[:, :, r * rows : (r + 1) * rows, c * columns : (c + 1) * columns].max((2, 3))
        for r in range(2)
        for c in range(2)
    ]
    return np.concatenate([x.max((2, 3)), np.stack(quarters, 2).reshape(len(x), -1)], 1)


def _im2col(x: Array) -> Array:
    columns = F.unfold(torch.from_numpy(x), 3).numpy()
    return columns.reshape(len(x), -1, x.shape[2] - 2, x.shape[3] - 2)


def _lstm(x: Array, cont: Array, weights: Arrays, outputs: int) -> Array:
    """Gates i, f, o, g; `cont` 0 begins a sequence (lstm_layer.cpp, lstm_unit_layer.cpp)."""
    of_x, bias, of_h = weights
    h = c = np.zeros((x.shape[1], outputs))
    found = []
    for step, goes_on in zip(x, cont, strict=True):
        gates = step @ of_x.T + bias + (goes_on[:, None] * h) @ of_h.T
        i, f, o, g = np.split(gates, 4, 1)
        c = goes_on[:, None] * expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        found.append(h)
    return np.stack(found)


def _rnn(x: Array, cont: Array, weights: Arrays, outputs: int) -> Array:
    of_x, bias, of_h, of_o, bias_o = weights
    h = np.zeros((x.shape[1], outputs))
    found = []
    for step, goes_on in zip(x, cont, strict=True):
        h = np.tanh(step @ of_x.T + bias + (goes_on[:, None] * h) @ of_h.T)
        found.append(np.tanh(h @ of_o.T + bias_o))
    return np.stack(found)


def _prior_boxes(cells: Sequence[int], picture: Sequence[int]) -> Array:
    """Boxes of 4, of the root of 4 x 9, and of 4 with sides of 2 to 1 and 1 to 2 (prior_box_layer.cpp of SSD)."""
    (rows, columns), (height, width) = cells, picture
    root = np.sqrt(2)
    sizes = [(4, 4), (6, 6), (4 * root, 4 / root), (4 / root, 4 * root)]
    found = []
    for row in range(rows):
        for column in range(columns):
            x, y = (column + 0.5) * width / columns, (row + 0.5) * height / rows
            for w, h in sizes:
                found += [(x - w / 2) / width, (y - h / 2) / height, (x + w / 2) / width, (y + h / 2) / height]
    return np.stack([found, [0.1] * len(found)])[None]


def _shape(*sizes: int) -> str:
    return f"shape {{ {' '.join(f'dim: {size}' for size in sizes)} }}"


def _inputs(**shapes: Sequence[int]) -> str:
    return "".join(f"{name} = Input | {_shape(*shape)}\n" for name, shape in shapes.items())


STEPS = _inputs(data=(3, 2, 4), cont=(3, 2))
RECURRENT = (
    'layer {{ name: "y" type: "{}" bottom: "data" bottom: "cont" top: "y" recurrent_param {{ num_output: 3 }} }}'
)

TYPES: dict[str, tuple[str, Formula]] = {
    "AbsVal": ("y = AbsVal data", lambda x, w: [np.abs(x[0])]),
    "ArgMax": ("y = ArgMax data | axis: 1", lambda x, w: [x[0].argmax(1)[:, None]]),
    "BNLL": ("y = BNLL data", lambda x, w: [np.logaddexp(0, x[0])]),
    "BatchNorm": (
        "y = BatchNorm data | use_global_stats: true eps: 0.01",
        lambda x, w: [(x[0] - (w[0] / w[2])[:, None, None]) / np.sqrt((w[1] / w[2])[:, None, None] + np.float32(0.01))],
    ),
    "BatchReindex": (
        _inputs(data=(3, 4), which=(5,)) + "y = BatchReindex data which",
        lambda x, w: [x[0][x[1].astype(int)]],
    ),
    "Bias": ("y = Bias data", lambda x, w: [x[0] + w[0][:, None, None]]),
    "Clip": ("y = Clip data | min: -0.5 max: 0.25", lambda x, w: [np.clip(x[0], -0.5, 0.25)]),
    "Concat": (
        "a = TanH data\ny = Concat data a | axis: 2",
        lambda x, w: [np.concatenate([x[0], np.tanh(x[0])], 2)],
    ),
    "Convolution": (
        "y = Convolution data | num_output: 6 kernel_size: 3 stride: 2 pad: 1 group: 2",
        lambda x, w: _torch(F.conv2d, x[0], *w, stride=2, padding=1, groups=2),
    ),
    "Crop": (
        _inputs(data=MAP, like=(2, 3, 4, 2)) + "y = Crop data like | axis: 2 offset: 1 offset: 2",
        lambda x, w: [x[0][:, :, 1:5, 2:4]],
    ),
    "Deconvolution": (
        "y = Deconvolution data | num_output: 6 kernel_size: 4 stride: 2 pad: 1 group: 2",
        lambda x, w: _torch(F.conv_transpose2d, x[0], *w, stride=2, padding=1, groups=2),
    ),
    "Dropout": ("a = TanH data\ny = Dropout a", lambda x, w: [np.tanh(x[0])]),
    "DummyData": (
        'b = DummyData | shape { dim: 2 dim: 4 dim: 6 dim: 5 } data_filler { type: "constant" value: 0.5 }\n'
        "y = Eltwise data b",
        lambda x, w: [x[0] + 0.5],
    ),
    "ELU": ("y = ELU data | alpha: 0.5", lambda x, w: _torch(F.elu, x[0], alpha=0.5)),
    "Eltwise": (
        "a = TanH data\ny = Eltwise data a | operation: SUM coeff: 2 coeff: -0.5",
        lambda x, w: [2 * x[0] - 0.5 * np.tanh(x[0])],
    ),
    "Embed": (
        _inputs(data=(3, 2)) + "y = Embed data | num_output: 5 input_dim: 7",
        lambda x, w: [w[0][x[0].astype(int)] + w[1]],
    ),
    "Exp": ("y = Exp data | base: 2 scale: 0.5 shift: 1", lambda x, w: [2 ** (1 + 0.5 * x[0])]),
    "Filter": (
        _inputs(data=(3, 4), which=(3, 1)) + "y = Filter data which",
        lambda x, w: [x[0][x[1].reshape(-1) != 0]],
    ),
    "Flatten": ("y = Flatten data | axis: 1 end_axis: 2", lambda x, w: [x[0].reshape(2, 24, 5)]),
    "Im2col": (
        'layer { name: "y" type: "Im2col" bottom: "data" top: "y" convolution_param { kernel_size: 3 } }',
        lambda x, w: [_im2col(x[0])],
    ),
    "InnerProduct": (
        "y = InnerProduct data | num_output: 5 axis: 2",
        lambda x, w: [x[0].reshape(2, 4, 30) @ w[0].T + w[1]],
    ),
    "Input": ("y = TanH data", lambda x, w: [np.tanh(x[0])]),
    "LRN": (
        "y = LRN data | local_size: 3 alpha: 0.5 beta: 0.75 k: 2",
        lambda x, w: [_lrn(x[0], 3, 0.5, 0.75, 2)],
    ),
    "LSTM": (
        STEPS + RECURRENT.format("LSTM"),
        lambda x, w: [_lstm(x[0], x[1], w, 3)],
    ),
    "Log": ("a = Sigmoid data\ny = Log a | base: 10 scale: 2 shift: 1", lambda x, w: [np.log10(1 + 2 * expit(x[0]))]),
    "MVN": ("y = MVN data | eps: 0.125", lambda x, w: [_mvn(x[0], 0.125)]),
    "PReLU": ("y = PReLU data", lambda x, w: [np.where(x[0] > 0, x[0], w[0][:, None, None] * x[0])]),
    "Parameter": (
        f"p = Parameter | {_shape(*MAP)}\ny = Eltwise data p",
        lambda x, w: [x[0] + w[0]],
    ),
    "Normalize": (
        "y = Normalize data | across_spatial: false channel_shared: false eps: 0.125",
        lambda x, w: [x[0] / np.sqrt((x[0] ** 2).sum(1, keepdims=True) + 0.125) * w[0][:, None, None]],
    ),
    "Permute": ("y = Permute data | order: 0 order: 2 order: 3 order: 1", lambda x, w: [x[0].transpose(0, 2, 3, 1)]),
    "Pooling": (
        "a = Pooling data | pool: MAX kernel_size: 3 stride: 2\nb = Pooling data | pool: AVE kernel_size: 2 stride: 2",
        lambda x, w: [
            _windows(x[0], 3, 2, lambda part: part.max((2, 3))),
            _windows(x[0], 2, 2, lambda part: part.mean((2, 3))),
        ],
    ),
    "Power": ("y = Power data | power: 3 scale: 0.5 shift: 1", lambda x, w: [(1 + 0.5 * x[0]) ** 3]),
    "PriorBox": (
        _inputs(data=(1, 3, 8, 12), map=(1, 2, 2, 3))
        + 'layer { name: "y" type: "PriorBox" bottom: "map" bottom: "data" top: "y" '
        "prior_box_param { min_size: 4 max_size: 9 aspect_ratio: 2 flip: true variance: 0.1 offset: 0.5 } }",
        lambda x, w: [_prior_boxes(x[1].shape[2:], x[0].shape[2:])],
    ),
    "RNN": (
        STEPS + RECURRENT.format("RNN"),
        lambda x, w: [_rnn(x[0], x[1], w, 3)],
    ),
    "ReLU": ("y = ReLU data | negative_slope: 0.25", lambda x, w: [np.where(x[0] > 0, x[0], 0.25 * x[0])]),
    "Reduction": (
        "y = Reduction data | operation: SUMSQ axis: 2 coeff: 0.5",
        lambda x, w: [0.5 * (x[0] ** 2).sum((2, 3))],
    ),
    "Reshape": ("y = Reshape data | shape { dim: 0 dim: -1 dim: 3 }", lambda x, w: [x[0].reshape(2, 40, 3)]),
    "SPP": (_inputs(data=(2, 4, 6, 6)) + "y = SPP data | pyramid_height: 2", lambda x, w: [_spp(x[0])]),
    "Scale": (
        "y = Scale data | bias_term: true",
        lambda x, w: [x[0] * w[0][:, None, None] + w[1][:, None, None]],
    ),
    "Sigmoid": ("y = Sigmoid data", lambda x, w: [expit(x[0])]),
    "Silence": (
        'a = TanH data\nlayer { name: "s" type: "Silence" bottom: "a" }\ny = Sigmoid data',
        lambda x, w: [expit(x[0])],
    ),
    "Slice": (
        "a b c = Slice data | axis: 1 slice_point: 1 slice_point: 3",
        lambda x, w: np.split(x[0], [1, 3], 1),
    ),
    "Softmax": ("y = Softmax data | axis: 2", lambda x, w: [softmax(x[0], 2)]),
    "Split": ("a b = Split data\ny = Eltwise a b", lambda x, w: [2 * x[0]]),
    "Swish": ("y = Swish data | beta: 2", lambda x, w: [x[0] * expit(2 * x[0])]),
    "TanH": ("y = TanH data", lambda x, w: [np.tanh(x[0])]),
    "Threshold": ("y = Threshold data | threshold: 0.25", lambda x, w: [1.0 * (x[0] > 0.25)]),
    "Tile": ("y = Tile data | axis: 1 tiles: 2", lambda x, w: [np.tile(x[0], (1, 2, 1, 1))]),
}
"""By type, in the short hand of the hand-made nets; without an input of its own a net reads one of the shape MAP."""
