"""Hand-made nets of which the caffemodel is what differs: the net in short hand, and what is done to its weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from google.protobuf import text_format

from caffe_ir.proto import caffe_pb2

Spoil = Callable[[caffe_pb2.NetParameter, Path], None]
"""Changes a caffemodel that Caffe would have written for a prototxt."""


def as_it_is(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
    """Only names, types and blobs."""


def legacy(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
    for layer in weights.layer:
        for blob in layer.blobs:
            sizes = [1] * (4 - len(blob.shape.dim)) + list(blob.shape.dim)
            blob.ClearField("shape")
            blob.num, blob.channels, blob.height, blob.width = sizes


def double(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
    for layer in weights.layer:
        for blob in layer.blobs:
            blob.double_data.extend(blob.data)
            blob.ClearField("data")


def without_types(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
    for layer in weights.layer:
        layer.ClearField("type")


def whole(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
    """As a snapshot of Caffe has it: with all that the prototxt says of the layers."""
    net = text_format.Parse(prototxt.read_text(encoding="utf-8"), caffe_pb2.NetParameter())
    blobs = {layer.name: layer.blobs for layer in weights.layer}
    for layer in net.layer:
        layer.blobs.extend(blobs.get(layer.name, ()))
    weights.CopyFrom(net)


def with_ends(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
    """With the names of the blobs that each layer reads and writes."""
    net = text_format.Parse(prototxt.read_text(encoding="utf-8"), caffe_pb2.NetParameter())
    ends = {layer.name: layer for layer in net.layer}
    for layer in weights.layer:
        layer.bottom[:], layer.top[:] = ends[layer.name].bottom, ends[layer.name].top


def layerless(name: str) -> Spoil:
    """The file has no such layer."""

    def spoil(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
        weights.layer.remove(_layer(weights, name))

    return spoil


def cut(name: str, count: int) -> Spoil:
    """Of the layer's blobs there are so many left."""

    def spoil(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
        del _layer(weights, name).blobs[count:]

    return spoil


def shaped(name: str, place: int, *sizes: int) -> Spoil:
    """A blob has another shape; of no sizes, one that is written out and empty."""

    def spoil(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
        blob = _layer(weights, name).blobs[place]
        blob.shape.SetInParent()
        blob.shape.dim[:] = sizes

    return spoil


def single(name: str, place: int, value: float) -> Spoil:
    """A blob of one number has another one."""

    def spoil(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
        _layer(weights, name).blobs[place].data[:] = [value]

    return spoil


def _layer(weights: caffe_pb2.NetParameter, name: str) -> caffe_pb2.LayerParameter:
    return next(layer for layer in weights.layer if layer.name == name)


def _once_more(name: str) -> Spoil:
    """The layer stands in front of itself with weights that are three times as large."""

    def spoil(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
        layers = list(weights.layer)
        first = caffe_pb2.LayerParameter()
        first.CopyFrom(_layer(weights, name))
        for blob in first.blobs:
            blob.data[:] = [3 * value for value in blob.data]
        copies = [first]
        for layer in layers:
            copies.append(caffe_pb2.LayerParameter())
            copies[-1].CopyFrom(layer)
        del weights.layer[:]
        weights.layer.extend(copies)

    return spoil


def old(weights: caffe_pb2.NetParameter, prototxt: Path) -> None:
    """In the form of before 2014, without the types that this had no names for."""
    for layer in weights.layer:
        weights.layers.add(name=layer.name, blobs=layer.blobs)
    del weights.layer[:]


MODEL = """
    c = Convolution data | num_output: 4 kernel_size: 3 pad: 1
    b : c = BatchNorm c | use_global_stats: true
    s : c = Scale c | bias_term: true
    p = PReLU c
    y = InnerProduct p | num_output: 5"""
PLAIN = """
    c = Convolution data | num_output: 4 kernel_size: 3 pad: 1
    b : c = BatchNorm c | use_global_stats: true
    s : c = Scale c | bias_term: true
    r : c = ReLU c
    y = InnerProduct c | num_output: 5"""
CONVOLUTION = "y = Convolution data | num_output: 6 kernel_size: 3"
SHARED = "y = PReLU data | channel_shared: true"

OF_WEIGHTS: dict[str, tuple[str, Spoil]] = {
    "conv_legacy_blob_shape": (CONVOLUTION, legacy),
    "conv_double_data": (CONVOLUTION, double),
    "deconv_filler_noblob": (
        "y = Deconvolution data | num_output: 4 group: 4 kernel_size: 4 stride: 2 pad: 1 bias_term: false "
        'weight_filler { type: "bilinear" }',
        cut("y", 0),
    ),
    "bn_factor0": (
        "y : b = BatchNorm data | use_global_stats: true\nz = Scale b | bias_term: true",
        single("y", 2, 0.0),
    ),
    "bn_2blobs_only": ("y = BatchNorm data | use_global_stats: true", cut("y", 2)),
    "x_prelu_shared_shape1": (SHARED, shaped("y", 0, 1)),
    "x_prelu_shared_emptyshape": (SHARED, shaped("y", 0)),
    "x_ip_legacy_blob": ("y = InnerProduct data | num_output: 5", legacy),
    "y_model_full": (MODEL, whole),
    "y_model_min_name_type_blobs": (MODEL, as_it_is),
    "y_model_name_blobs_notype": (MODEL, without_types),
    "y_model_min_io": (MODEL, with_ends),
    "y_model_legacy4d": (MODEL, legacy),
}
"""Those of the table."""

FURTHER: dict[str, tuple[str, Spoil]] = {
    "no layer: convolution": (PLAIN, layerless("c")),
    "no layer: batch norm": (PLAIN, layerless("b")),
    "no layer: matrix": (PLAIN, layerless("y")),
    "no blobs: scale": (PLAIN, cut("s", 0)),
    "no bias: convolution": (PLAIN, cut("c", 1)),
    "no bias: matrix": (PLAIN, cut("y", 1)),
    "no bias: scale": (PLAIN, cut("s", 1)),
    "flat kernel": (PLAIN, shaped("c", 0, 4, 36)),
    "other kernel": (PLAIN, shaped("c", 0, 4, 3, 4, 3)),
    "transposed matrix": (PLAIN, shaped("y", 0, 256, 5)),
    "bias of four axes": (PLAIN, shaped("c", 1, 1, 1, 1, 4)),
    "mean of two axes": (PLAIN, shaped("b", 0, 1, 4)),
    "factor of 999": (PLAIN, single("b", 2, 999.0)),
    "twice": (PLAIN, _once_more("c")),
    "old": ("c = Convolution data | num_output: 4 kernel_size: 3\nr = ReLU c\ny = InnerProduct r | num_output: 5", old),
    "old shapes: batch norm": ("y = BatchNorm data | use_global_stats: true", legacy),
}
"""What else was tried in the engines that run by script; the table has no rows of them."""
