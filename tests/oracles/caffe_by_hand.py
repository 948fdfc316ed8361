"""Caffe's order of work by hand: blobs that are buffers, weights that share them, layers that overwrite them.

It reads the two files with protobuf alone and knows nothing of ours. What it does follows BVLC Caffe 1.0: blobs keep
what they hold from one forward to the next; weights of one name are one buffer (net.cpp, AppendParam); the top of a
Parameter is that buffer (parameter_layer.hpp); Reshape shares that of its bottom (reshape_layer.cpp); SUM of Eltwise
sets its top to 0 and adds (eltwise_layer.cpp); a layer that the caffemodel does not name keeps zeros, and one that it
names must have as many blobs there, of the same shapes (net.cpp, CopyTrainedLayersFrom).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import text_format
from numpy.lib.stride_tricks import sliding_window_view

from caffe_ir.proto import caffe_pb2

Buffer = npt.NDArray[Any]


class CaffeByHand:
    """A net of the few layers that products of matrices are written in; `forward` may be called again and again."""

    def __init__(self, prototxt: Path, caffemodel: Path, dtype: type[np.floating] = np.float64) -> None:
        self.dtype = dtype
        self.net = text_format.Parse(prototxt.read_text(), caffe_pb2.NetParameter())
        stored = caffe_pb2.NetParameter.FromString(caffemodel.read_bytes())
        self.stored = {layer.name: layer.blobs for layer in stored.layer}
        self.blobs: dict[str, Buffer] = {}
        self.params: dict[str, Buffer] = {}
        self.set_up = False

    def forward(self, **inputs: Buffer) -> dict[str, Buffer]:
        """All blobs after a run, by their names in the file."""
        for layer in self.net.layer:
            if layer.type == "Input":
                self._write(layer.top[0], inputs[layer.top[0]])
                continue
            getattr(self, f"_{layer.type.lower()}")(layer)
        self.set_up = True
        return self.blobs

    def _write(self, top: str, values: Buffer) -> None:
        """Into the buffer that is there, so that all who share it see it."""
        if top not in self.blobs:
            self.blobs[top] = np.full(values.shape, np.nan, self.dtype)
        self.blobs[top][...] = values

    def _weights(self, layer: Any, *shapes: tuple[int, ...]) -> list[Buffer]:
        named = [spec.name for spec in layer.param]
        names = [
            name or f"{layer.name} {place}" for place, name in enumerate(named + [""] * (len(shapes) - len(named)))
        ]
        if not self.set_up and layer.name in self.stored:
            assert len(self.stored[layer.name]) == len(shapes), f"Cannot copy param of {layer.name}: blobs"
        for place, (name, shape) in enumerate(zip(names, shapes, strict=True)):
            self.params.setdefault(name, np.zeros(shape, self.dtype))
            assert self.params[name].shape == shape, f"Cannot share param {name}: shape mismatch"
            if not self.set_up and layer.name in self.stored:
                blob = self.stored[layer.name][place]
                assert tuple(blob.shape.dim) == shape, f"Cannot copy param {place} weights from layer {layer.name}"
                self.params[name][...] = np.array(blob.data).reshape(shape)
        return [self.params[name] for name in names]

    # ---- layers -----------------------------------------------------------------------------------------------------

    def _parameter(self, layer: Any) -> None:
        (self.blobs[layer.top[0]],) = self._weights(layer, tuple(layer.parameter_param.shape.dim))

    def _silence(self, layer: Any) -> None:
        pass

    def _reshape(self, layer: Any) -> None:
        bottom = self.blobs[layer.bottom[0]]
        dims = [bottom.shape[place] if dim == 0 else dim for place, dim in enumerate(layer.reshape_param.shape.dim)]
        self.blobs[layer.top[0]] = bottom.reshape(dims)

    def _flatten(self, layer: Any) -> None:
        bottom, param = self.blobs[layer.bottom[0]], layer.flatten_param
        last = param.end_axis % bottom.ndim
        self.blobs[layer.top[0]] = bottom.reshape(*bottom.shape[: param.axis], -1, *bottom.shape[last + 1 :])

    def _eltwise(self, layer: Any) -> None:
        bottoms = [self.blobs[bottom] for bottom in layer.bottom]
        assert len({bottom.shape for bottom in bottoms}) == 1
        if layer.top[0] not in self.blobs:
            self.blobs[layer.top[0]] = np.empty_like(bottoms[0])
        top = self.blobs[layer.top[0]]
        if layer.eltwise_param.operation == caffe_pb2.EltwiseParameter.PROD:
            top[...] = bottoms[0] * bottoms[1]
            return
        assert layer.eltwise_param.operation == caffe_pb2.EltwiseParameter.SUM
        top[...] = 0
        for bottom, factor in zip(bottoms, layer.eltwise_param.coeff or [1.0] * len(bottoms), strict=True):
            top += factor * bottom

    def _convolution(self, layer: Any) -> None:
        param, bottom = layer.convolution_param, self.blobs[layer.bottom[0]]
        kernel = (list(param.kernel_size) * 2)[:2] or [param.kernel_h, param.kernel_w]
        samples, channels, *_ = bottom.shape
        weights = self._filters(layer, (param.num_output, channels // param.group, *kernel))
        windows = sliding_window_view(bottom, kernel, axis=(2, 3))
        windows = windows.reshape(samples, param.group, -1, *windows.shape[2:])
        filters = weights[0].reshape(param.group, -1, *weights[0].shape[1:])
        top = np.einsum("ngcxyhw,gochw->ngoxy", windows, filters)
        self._write(layer.top[0], self._biased(top.reshape(samples, -1, *top.shape[3:]), weights))

    def _deconvolution(self, layer: Any) -> None:
        param, bottom = layer.convolution_param, self.blobs[layer.bottom[0]]
        assert list(param.kernel_size) == [1]
        samples, channels, *sizes = bottom.shape
        weights = self._filters(layer, (channels, param.num_output // param.group, 1, 1))
        values = bottom.reshape(samples, param.group, -1, *sizes)
        filters = weights[0].reshape(param.group, -1, param.num_output // param.group)
        top = np.einsum("ngcxy,gco->ngoxy", values, filters)
        self._write(layer.top[0], self._biased(top.reshape(samples, -1, *sizes), weights))

    def _filters(self, layer: Any, shape: tuple[int, ...]) -> list[Buffer]:
        bias = [(layer.convolution_param.num_output,)] if layer.convolution_param.bias_term else []
        return self._weights(layer, shape, *bias)

    @staticmethod
    def _biased(top: Buffer, weights: list[Buffer]) -> Buffer:
        return top + weights[1].reshape(-1, 1, 1) if len(weights) > 1 else top

    def _innerproduct(self, layer: Any) -> None:
        param, bottom = layer.inner_product_param, self.blobs[layer.bottom[0]]
        assert param.axis == 1
        rows = bottom.reshape(len(bottom), -1)
        shape = (rows.shape[1], param.num_output) if param.transpose else (param.num_output, rows.shape[1])
        weights = self._weights(layer, shape, *([(param.num_output,)] if param.bias_term else []))
        top = rows @ (weights[0] if param.transpose else weights[0].T)
        self._write(layer.top[0], top + (weights[1] if param.bias_term else 0))

    def _softmax(self, layer: Any) -> None:
        bottom, axis = self.blobs[layer.bottom[0]], layer.softmax_param.axis
        powers = np.exp(bottom - bottom.max(axis, keepdims=True))
        self._write(layer.top[0], powers / powers.sum(axis, keepdims=True))

    def _power(self, layer: Any) -> None:
        param = layer.power_param
        self._write(layer.top[0], (param.shift + param.scale * self.blobs[layer.bottom[0]]) ** param.power)

    def _slice(self, layer: Any) -> None:
        parts = np.split(self.blobs[layer.bottom[0]], layer.slice_param.slice_point, layer.slice_param.axis)
        for top, part in zip(layer.top, parts, strict=True):
            self._write(top, part)

    def _permute(self, layer: Any) -> None:
        """Of the SSD fork (permute_layer.cpp): axes that are not named stay behind the others."""
        bottom, order = self.blobs[layer.bottom[0]], list(layer.permute_param.order)
        order += [axis for axis in range(bottom.ndim) if axis not in order]
        self._write(layer.top[0], bottom.transpose(order))

    def _tile(self, layer: Any) -> None:
        bottom, param = self.blobs[layer.bottom[0]], layer.tile_param
        self._write(layer.top[0], np.concatenate([bottom] * param.tiles, param.axis))

    def _concat(self, layer: Any) -> None:
        bottoms = [self.blobs[bottom] for bottom in layer.bottom]
        self._write(layer.top[0], np.concatenate(bottoms, layer.concat_param.axis))
