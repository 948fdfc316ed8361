"""Convolution, Deconvolution and Im2col over any number of spatial axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import force_setattr, replace

from caffe_ir.blob import Array, Shape
from caffe_ir.geometry import conv_output, deconv_output
from caffe_ir.layer import Shapes, axis_index, require
from caffe_ir.layers.bvlc.caffe_layer import MANY, CaffeLayer, usable
from caffe_ir.layers.bvlc.correlation import column_view, correlate, scatter
from caffe_ir.layers.bvlc.windows import every_axis, parse_repeated, require_windows, spell_repeated

if TYPE_CHECKING:
    from typing_extensions import Self

WINDOW_FIELDS = frozenset(
    {"kernel_size", "stride", "pad", "dilation", "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_h", "pad_w"}
)


class _Windowed(CaffeLayer, frozen=True, kw_only=True):
    """The fields of convolution_param that say where the windows lie, one number for each spatial axis.

    An empty stride, pad or dilation stands for 1, 0 and 1 on every axis, and is filled out.
    """

    param = "convolution_param"
    ignored: ClassVar[frozenset[str]] = frozenset({"weight_filler", "bias_filler", "engine", "force_nd_im2col"})
    kernel_size: Shape
    stride: Shape = ()
    pad: Shape = ()
    dilation: Shape = ()

    def __post_init__(self) -> None:
        axes = len(self.kernel_size)
        force_setattr(self, "stride", every_axis(self.stride, axes, 1))
        force_setattr(self, "pad", every_axis(self.pad, axes, 0))
        force_setattr(self, "dilation", every_axis(self.dilation, axes, 1))

    def spelled(self) -> dict[str, Any]:
        others = {name: value for name, value in super().spelled().items() if name not in WINDOW_FIELDS}
        return {
            **others,
            **spell_repeated("kernel_size", self.kernel_size, None),
            **spell_repeated("stride", self.stride, 1),
            **spell_repeated("pad", self.pad, 0),
            **spell_repeated("dilation", self.dilation, 1),
        }

    @classmethod
    def parsed(cls, spelled: Mapping[str, Any]) -> Self:
        """The layer that a file spells so, for as many axes as a field has numbers.

        Where each field has one number that is taken for two axes, until `placed` knows how many.
        """
        others = {name: value for name, value in spelled.items() if name not in WINDOW_FIELDS}
        defaults = {"kernel_size": 0, "stride": 1, "pad": 0, "dilation": 1}
        told = max(len(spelled.get(name, ())) for name in defaults)
        axes = told if told > 1 else 2
        windows = {name: parse_repeated(spelled, name, default, axes) for name, default in defaults.items()}
        return super().parsed({**others, **windows})

    def conv_sizes(self, sizes: Shape) -> Shape:
        """The spatial sizes that a convolution with these windows leaves."""
        require_windows(self.kernel_size, self.stride, self.pad, self.dilation, len(sizes))
        axes = zip(sizes, self.kernel_size, self.stride, self.pad, self.dilation, strict=True)
        return tuple(conv_output(*axis) for axis in axes)


class _Filters(_Windowed, frozen=True, kw_only=True):
    """What Convolution and Deconvolution share: filters in groups, a bias, several bottoms with the same weights."""

    bottoms = (1, MANY)
    num_output: int
    group: int = 1
    bias_term: bool = True
    axis: int = 1

    def placed(self, bottoms: Shapes, tops: int) -> Self:
        """One number in a file stands for as many axes as there are, which a file does not say."""
        axes = len(bottoms[0]) - axis_index(self.axis, len(bottoms[0])) - 1
        windows = {name: getattr(self, name) for name in ("kernel_size", "stride", "pad", "dilation")}
        if axes == 2 or any(len(set(sizes)) > 1 for sizes in windows.values()):
            return self
        return replace(self, **{name: sizes[:1] * axes for name, sizes in windows.items()})

    def infer(self, bottoms: Shapes) -> Shapes:
        first = bottoms[0]
        axis = axis_index(self.axis, len(first))
        require(all(bottom == first for bottom in bottoms), "all bottoms must have the same shape")
        require(self.num_output > 0 and self.group > 0, f"num_output {self.num_output}, group {self.group}")
        require(first[axis] % self.group == 0, f"{first[axis]} channels do not divide into {self.group} groups")
        require(self.num_output % self.group == 0, f"{self.num_output} outputs do not divide into {self.group} groups")
        top = (*first[:axis], self.num_output, *self._sizes(first[axis + 1 :]))
        return (usable(top),) * len(bottoms)

    def _sizes(self, sizes: Shape) -> Shape:
        raise NotImplementedError

    def _grouped(self, bottom: Array, blobs: Sequence[Array]) -> tuple[Array, Array, Array | None]:
        """The bottom as (batch, group, channels, *sizes), the weights as (group, outer, inner, *kernel), the bias."""
        axis = axis_index(self.axis, bottom.ndim)
        batch, channels, sizes = prod(bottom.shape[:axis]), bottom.shape[axis], bottom.shape[axis + 1 :]
        weights = blobs[0].reshape(self.group, -1, *blobs[0].shape[1:])
        return (
            bottom.reshape(batch, self.group, channels // self.group, *sizes),
            weights,
            blobs[1] if self.bias_term else None,
        )

    def _finished(self, top: Array, bottom: Array, bias: Array | None) -> Array:
        """The tops of all groups side by side, with the bias added."""
        axis = axis_index(self.axis, bottom.ndim)
        sizes = top.shape[3:]
        top = top.reshape(top.shape[0], self.num_output, *sizes)
        if bias is not None:
            top += bias.reshape(-1, *(1 for _ in sizes))
        return top.reshape(*bottom.shape[:axis], self.num_output, *sizes)


class Convolution(_Filters, frozen=True, kw_only=True):
    """Cross-correlation (conv_layer.cpp): y[o] = b[o] + sum over c, taps of W[o,c,tap] x[c, i * stride - pad + tap]."""

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        channels = bottoms[0][axis_index(self.axis, len(bottoms[0]))]
        weights = (self.num_output, channels // self.group, *self.kernel_size)
        return (weights, (self.num_output,)) if self.bias_term else (weights,)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        tops = []
        for bottom in bottoms:
            inner, weights, bias = self._grouped(bottom, blobs)
            sizes = self.conv_sizes(inner.shape[3:])
            top = correlate(inner, weights, sizes, self.stride, self.pad, self.dilation)
            tops.append(self._finished(top, bottom, bias))
        return tops

    def _sizes(self, sizes: Shape) -> Shape:
        return self.conv_sizes(sizes)


class Deconvolution(_Filters, frozen=True, kw_only=True):
    """The transpose of Convolution (deconv_layer.cpp); its weights are (channels, num_output / group, *kernel)."""

    def spelled(self) -> dict[str, Any]:
        """The stride too where it is 1: RKNN-Toolkit2 refuses a Deconvolution without it."""
        return {**super().spelled(), **spell_repeated("stride", self.stride, None)}

    def blob_shapes(self, bottoms: Shapes) -> Shapes:
        channels = bottoms[0][axis_index(self.axis, len(bottoms[0]))]
        weights = (channels, self.num_output // self.group, *self.kernel_size)
        return (weights, (self.num_output,)) if self.bias_term else (weights,)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        tops = []
        for bottom in bottoms:
            inner, weights, bias = self._grouped(bottom, blobs)
            top = scatter(inner, weights, self._sizes(inner.shape[3:]), self.stride, self.pad, self.dilation)
            tops.append(self._finished(top, bottom, bias))
        return tops

    def _sizes(self, sizes: Shape) -> Shape:
        require_windows(self.kernel_size, self.stride, self.pad, self.dilation, len(sizes))
        axes = zip(sizes, self.kernel_size, self.stride, self.pad, self.dilation, strict=True)
        return tuple(deconv_output(*axis) for axis in axes)


class Im2col(_Windowed, frozen=True, kw_only=True):
    """The windows of a convolution as channels (im2col.cpp): (N, C * prod(kernel), *out), a channel's taps together."""

    def infer(self, bottoms: Shapes) -> Shapes:
        batch, channels, *sizes = bottoms[0] if len(bottoms[0]) >= 2 else (0, 0)
        require(len(bottoms[0]) >= 2, "Im2col needs a channel axis")
        return (usable((batch, channels * prod(self.kernel_size), *self.conv_sizes(tuple(sizes)))),)

    def forward(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> list[Array]:
        (top,) = self.infer((bottoms[0].shape,))
        columns = column_view(bottoms[0], top[2:], self.kernel_size, self.stride, self.pad, self.dilation)
        return [columns.reshape(top)]
