"""What kind of Caffe net is written."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Struct

from converters.options.declared import Option

TARGETS = (
    "caffe", "caffe-master", "ssd", "opencv", "mnn", "ncnn", "openvino", "rknn2", "caffe2onnx", "x2paddle", "portable",
    "tensorrt", "tpu-mlir", "nncase", "mace", "tvm", "ascend", "nnie", "svp", "rknn1", "acuity", "sigmastar", "horizon",
    "ambarella", "novatek",
)  # fmt: skip
"""The names of caffe_ir.targets, written down so that --help loads nothing; a test holds them together."""


class CaffeOptions(Struct, frozen=True, kw_only=True):
    """How a net of exact-source layers is lowered."""

    TITLE: ClassVar[str] = "The Caffe net"

    head: Annotated[
        Literal["raw", "activated"],
        Option(
            help="Detection heads: `raw` ends at the maps that decoders read, `activated` computes what Darknet's head "
            "layers output.",
            sources=("darknet",),
        ),
    ] = "raw"
    target: Annotated[
        str,
        Option(help="Engine the files are written for; `convert targets` lists them.", metavar="NAME", choices=TARGETS),
    ] = "caffe"
    input_is: Annotated[
        Literal["prepared", "u8-rgb", "u8-bgr"],
        Option(
            help="Input of the Caffe net: that of the source (`prepared`), or the bytes of a picture, 0..255; channel "
            "order, mean and scale then go into the first layer."
        ),
    ] = "prepared"
    fold_bn: Annotated[bool, Option(help="Fold BatchNorm, Scale and linear Power into the layer before them.")] = False
