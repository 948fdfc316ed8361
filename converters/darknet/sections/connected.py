"""[connected] and [local] (connected_layer.c, local_layer.c): weights without sharing."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.blob import Blob
from caffe_ir.errors import ShapeError
from caffe_ir.layers import InnerProduct
from caffe_ir.layers.source import Local
from converters.darknet.build import Build, Handler, Value
from converters.darknet.section import Section


def connected(section: Section, build: Build) -> Value:
    """A matrix, then batch normalisation, bias, activation. In the file: biases, weights, scales, means, variances.

    A transposed file (weights.py) holds the matrix as [inputs][outputs] (parser.c, load_connected_weights).
    """
    source = build.previous
    n = build.size("output", 1)
    normalised = section.int("batch_normalize", 0) != 0
    biases = build.array((n,), "biases")
    if build.weights.header.transposed:
        stored = build.array((source.count, n), "weights")
        weights = Blob.computed((n, source.count), lambda: stored.load().T)
    else:
        weights = build.array((n, source.count), "weights")
    layer = InnerProduct(num_output=n, bias_term=not normalised)
    if not normalised:
        return build.result(build.activated(build.add(layer, source.blob, blobs=(weights, biases))))
    scales, mean, variance = (build.array((n,), what) for what in ("scales", "means", "variances"))
    y = build.add(layer, source.blob, blobs=(weights,))
    return build.result(build.activated(build.batch_norm(y, scales, biases, mean, variance)))


def local(section: Section, build: Build) -> Value:
    """A convolution with other filters at each place. In the file: biases [n][oh][ow], weights [oh ow][n][c][k][k]."""
    source = build.previous
    (c, h, w), x = build.chw(source), build.image(source)
    n, k, stride = build.size("filters", 1), build.size("size", 1), build.size("stride", 1)
    layer = Local(num_output=n, kernel_size=k, stride=stride, pad=build.size("pad", 0, least=0))
    try:
        oh, ow = layer.output_size((1, c, h, w))
    except ShapeError as error:
        raise build.refusal(f"size={k} pad={layer.pad} do not fit {h} x {w}", why=str(error)) from None
    biases = build.array((n, oh, ow), "biases")
    weights = build.array((oh * ow, n, c, k, k), "weights")
    return build.result(build.activated(build.add(layer, x, blobs=(weights, biases))))


HANDLERS: Mapping[str, Handler] = {"connected": connected, "local": local}
