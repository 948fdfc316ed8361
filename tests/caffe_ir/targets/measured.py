"""Small nets of one layer each, and what an engine makes of them: right, wrong or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from caffe_ir.files.spelling import EXTENSIONS
from caffe_ir.files.writer import write
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    BNLL,
    ELU,
    LAYERS,
    LRN,
    MVN,
    AbsVal,
    ArgMax,
    BatchNorm,
    Bias,
    Clip,
    Concat,
    Convolution,
    Crop,
    Deconvolution,
    Eltwise,
    Exp,
    Flatten,
    Im2col,
    InnerProduct,
    Log,
    Mish,
    Pooling,
    Power,
    PReLU,
    Reduction,
    ReLU,
    ReLU6,
    Reshape,
    Scale,
    Sigmoid,
    Slice,
    Softmax,
    Swish,
    TanH,
    Threshold,
    Tile,
)
from caffe_ir.net import Net
from caffe_ir.reference import run
from caffe_ir.targets.target import Target
from converters.verify import caffe_files
from converters.verify.engine import Engine, EngineFailed
from tests.caffe_ir.build import add, net_of
from tests.portability.engines import error_of

Measured = Literal["right", "wrong", "refused"]
Trial = tuple[Layer, tuple[tuple[int, ...], ...]]
ANYTHING = Target(name="anything", title="anything", layers=dict.fromkeys(LAYERS.values(), ()), fields=EXTENSIONS)
MAP, ROWS, PART = (1, 4, 6, 7), (1, 4), (1, 4, 5, 6)
TRIALS: Sequence[Trial] = [
    (AbsVal(), (MAP,)),
    (ArgMax(axis=1), (MAP,)),
    (BNLL(), (MAP,)),
    (BatchNorm(use_global_stats=True, eps=1e-5), (MAP,)),
    (BatchNorm(use_global_stats=False, eps=1e-5), ((2, *MAP[1:]),)),
    (Bias(), (MAP,)),
    (Bias(axis=0), (MAP, ROWS)),
    (Bias(axis=-1), (MAP,)),
    (Bias(num_axes=0), (MAP,)),
    (Clip(min=0.0, max=6.0), (MAP,)),
    (Concat(axis=1), (MAP, MAP)),
    (Concat(axis=3), (MAP, MAP)),
    (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1)), (MAP,)),
    (Convolution(num_output=4, kernel_size=(3, 2), stride=(2, 1), pad=(1, 0), group=4), (MAP,)),
    (Convolution(num_output=4, kernel_size=(3, 3), pad=(2, 2), dilation=(2, 2)), (MAP,)),
    (Convolution(num_output=4, kernel_size=(3, 3), pad=(2, 1), dilation=(2, 1)), (MAP,)),
    (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), group=4), ((1, 4, 1, 7),)),
    (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), group=4), ((1, 4, 7, 1),)),
    (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), group=4), (MAP,)),
    (Convolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), dilation=(2, 2), group=4), (MAP,)),
    (Convolution(num_output=4, kernel_size=(3,), axis=2), (MAP,)),
    (Crop(axis=2, offset=(1, 1)), (MAP, PART)),
    (Crop(axis=2, offset=(1, 1)), (MAP, (1, 3, 5, 6))),
    (Deconvolution(num_output=4, kernel_size=(2, 2), stride=(2, 2), group=4, bias_term=False), (MAP,)),
    (Deconvolution(num_output=4, kernel_size=(3, 3), pad=(1, 1), dilation=(2, 2)), (MAP,)),
    (ELU(), (MAP,)),
    (Eltwise(operation="SUM"), (MAP, MAP)),
    (Eltwise(operation="PROD"), (MAP, MAP)),
    (Eltwise(operation="MAX"), (MAP, MAP)),
    (Eltwise(operation="SUM", coeff=(1.0, -1.0)), (MAP, MAP)),
    (Eltwise(operation="SUM", coeff=(0.5, 2.0)), (MAP, MAP)),
    (Exp(), (MAP,)),
    (Exp(base=2.0, scale=0.5), (MAP,)),
    (Flatten(), (MAP,)),
    (Im2col(kernel_size=(1, 2)), (MAP,)),
    (InnerProduct(num_output=3), (MAP,)),
    (InnerProduct(num_output=3, transpose=True), (MAP,)),
    (LRN(local_size=3, alpha=0.5), (MAP,)),
    (LRN(local_size=3, alpha=0.5, k=2.0), (MAP,)),
    (Log(scale=0.1, shift=9.0), (MAP,)),
    (Log(base=2.718281828459045, scale=0.1, shift=9.0), (MAP,)),
    (MVN(eps=0.1), (MAP,)),
    (Mish(), (MAP,)),
    (PReLU(), (MAP,)),
    (Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2)), (MAP,)),
    (Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2), pad=(1, 1)), (MAP,)),
    (Pooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2)), (MAP,)),
    (Pooling(pool="AVE", kernel_size=(3, 3), stride=(1, 1), pad=(1, 1)), (MAP,)),
    (Pooling(pool="AVE", global_pooling=True), (MAP,)),
    (Pooling(pool="MAX", kernel_size=(3, 1), stride=(1, 2), pad=(1, 0)), ((1, 4, 8, 8),)),
    (Pooling(pool="MAX", kernel_size=(3, 2), stride=(1, 2), pad=(1, 0)), ((1, 4, 8, 8),)),
    (Power(power=2.0), (MAP,)),
    (Power(scale=0.5, shift=1.0), (MAP,)),
    (ReLU(negative_slope=0.1), (MAP,)),
    (ReLU6(), (MAP,)),
    (Reduction(operation="SUM", axis=1), (MAP,)),
    (Reduction(operation="SUM", axis=1, coeff=2.0), (MAP,)),
    (Reshape(shape=(-1,), axis=-2), (MAP,)),
    (Reshape(shape=(1,), axis=-1, num_axes=0), (MAP,)),
    (Reshape(shape=(0, 2, 2, 42)), (MAP,)),
    (Reshape(shape=(4, 6, 7, 1)), (MAP,)),
    (Reshape(shape=(2, 2), axis=1, num_axes=1), (MAP,)),
    (Scale(axis=-1), (MAP,)),
    (Scale(axis=0, bias_term=True), (MAP, ROWS)),
    (Scale(bias_term=True), (MAP,)),
    (Scale(axis=3), (MAP,)),
    (Scale(axis=2), ((1, 4, 4, 7),)),
    (Scale(axis=2), ((1, 4, 1, 7),)),
    (Scale(axis=2, num_axes=2), ((1, 4, 1, 4),)),
    (Scale(axis=0), (MAP, ROWS)),
    (Sigmoid(), (MAP,)),
    (Slice(axis=1, slice_point=(1,)), (MAP,)),
    (Softmax(axis=1), (MAP,)),
    (Softmax(axis=2), (MAP,)),
    (Swish(), (MAP,)),
    (Swish(beta=2.0), (MAP,)),
    (TanH(), (MAP,)),
    (Threshold(threshold=0.1), (MAP,)),
    (Tile(axis=1, tiles=2), (MAP,)),
]


def trial_name(trial: Trial) -> str:
    layer, shapes = trial
    return f"{layer} on {' '.join('x'.join(map(str, shape)) for shape in shapes)}"


def net_with(trial: Trial) -> Net:
    """Convolutions that make the bottoms, the layer, and a ReLU behind it."""
    layer, shapes = trial
    random, net = np.random.default_rng(3), net_of(shapes[0] if len(shapes[0]) == 4 else (*shapes[0], 1, 1), "trial")
    bottoms = []
    for place, shape in enumerate(shapes):
        bottoms.append(_bottom(net, f"bottom{place}", shape, random))
    weights = [random.uniform(0.5, 1.5, blob) for blob in layer.blob_shapes(shapes)]
    tops = [f"y{place}" for place in range(len(layer.infer(shapes)))]
    add(net, "y", layer, *weights, bottoms=bottoms, tops=tops)
    last = add(net, "z", ReLU(negative_slope=0.5), bottoms=tops[-1:])
    net.outputs = [*tops[:-1], last.top]
    return net


def _bottom(net: Net, name: str, shape: tuple[int, ...], random: np.random.Generator) -> str:
    """A blob of that shape, made from the input."""
    data = net.shapes["data"]
    if len(shape) == 2:
        add(net, f"{name}_all", Pooling(pool="AVE", kernel_size=data[2:], stride=(1, 1)), bottoms=["data"])
        return add(net, name, Reshape(shape=(0, shape[1]))).top
    taps = (data[2] - shape[2] + 1, data[3] - shape[3] + 1)
    weights = random.normal(size=(shape[1], data[1], *taps))
    return add(
        net, name, Convolution(num_output=shape[1], kernel_size=taps, bias_term=False), weights, bottoms=["data"]
    ).top


def measured(engine: Engine, trial: Trial, folder: Path) -> Measured:
    """What an engine makes of a trial, beside the same net in float64."""
    net = net_with(trial)
    write(net, folder / "net", ANYTHING)
    files = caffe_files(folder / "net.prototxt", folder / "net.caffemodel")
    x = np.random.default_rng(4).normal(size=net.shapes["data"]).astype(np.float32)
    truth = run(net, {"data": x.astype(np.float64)}, np.float64)
    try:
        found = list(engine.blobs(files, net.outputs, {"data": x}))
    except EngineFailed:
        return "refused"
    errors = [error_of(blob, truth[name]) for name, blob in zip(net.outputs, found, strict=True)]
    return "right" if max(errors) < 2e-3 else "wrong"


def expected(target: Target, trial: Trial) -> Measured:
    """The same as the target's data have it: what is slow is right."""
    verdict = target.verdict(*trial)
    if verdict is None or verdict.effect == "slow":
        return "right"
    return "wrong" if verdict.silent else "refused"
