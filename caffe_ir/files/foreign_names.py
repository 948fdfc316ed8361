"""What PyTorch, Keras and ONNX call layers and their fields, and what Caffe does: for hints on unknown names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from caffe_ir.near_misses import did_you_mean

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "outchannels": ("num_output",),
    "outfeatures": ("num_output",),
    "filters": ("num_output",),
    "numfilters": ("num_output",),
    "units": ("num_output",),
    "ksize": ("kernel_size",),
    "kernelshape": ("kernel_size",),
    "poolsize": ("kernel_size",),
    "numgroups": ("group",),
    "usebias": ("bias_term",),
    "mode": ("pool", "operation"),
    "rate": ("dropout_ratio",),
    "p": ("dropout_ratio",),
    "alpha": ("negative_slope",),
    "slope": ("negative_slope",),
    "epsilon": ("eps",),
    "exponent": ("power",),
    "dim": ("axis",),
    "perm": ("order",),
    "dims": ("order", "dim"),
    "scalefactor": ("zoom_factor", "scale"),
    "weights": ("coeff",),
}
"""The fields that may be meant; the first that a message has is."""

_CONVOLUTION, _DECONVOLUTION = "did you mean Convolution?", "did you mean Deconvolution?"
_DEPTHWISE = "a depthwise convolution is a Convolution with group: the number of its channels"
_LINEAR = "did you mean InnerProduct?"
_MAXIMUM = "it is a Pooling with pooling_param { pool: MAX }"
_MEAN = "it is a Pooling with pooling_param { pool: AVE }"
_WHOLE = "it is a Pooling with pooling_param { pool: AVE global_pooling: true }"
_SUM = "it is an Eltwise with eltwise_param { operation: SUM }"
_PRODUCT = "it is an Eltwise with eltwise_param { operation: PROD }"
_SLOPE = "it is a ReLU with relu_param { negative_slope: 0.01 }, or another slope"
_NORM = "it is a BatchNorm, which divides, with a Scale behind it, which has the factors and addends"
_TYPES: Mapping[str, str] = {
    "conv2d": _CONVOLUTION,
    "depthwiseconv2d": _DEPTHWISE,
    "depthwise": _DEPTHWISE,
    "convtranspose": _DECONVOLUTION,
    "convtranspose2d": _DECONVOLUTION,
    "conv2dtranspose": _DECONVOLUTION,
    "linear": _LINEAR,
    "dense": _LINEAR,
    "fc": _LINEAR,
    "fullyconnected": _LINEAR,
    "gemm": _LINEAR,
    "maxpool": _MAXIMUM,
    "maxpool2d": _MAXIMUM,
    "maxpooling": _MAXIMUM,
    "maxpooling2d": _MAXIMUM,
    "avgpool": _MEAN,
    "avgpool2d": _MEAN,
    "averagepool": _MEAN,
    "averagepooling2d": _MEAN,
    "globalaveragepool": _WHOLE,
    "globalaveragepooling2d": _WHOLE,
    "add": _SUM,
    "sum": _SUM,
    "mul": _PRODUCT,
    "multiply": _PRODUCT,
    "leakyrelu": _SLOPE,
    "lrelu": _SLOPE,
    "batchnorm2d": _NORM,
    "batchnormalization": _NORM,
    "cat": "did you mean Concat?",
    "concatenate": "did you mean Concat?",
    "transpose": "did you mean Permute?",
    "view": "did you mean Reshape?",
    "softplus": "with a factor of 1 it is BNLL",
    "silu": "it is Swish",
}


def field_hint(field: str, known: Iterable[str]) -> str:
    """What to write for a field that a message with the fields `known` lacks; empty where nothing is near."""
    known = list(known)
    meant = next((one for one in _FIELDS.get(_plain(field), ()) if one in known), field)
    return did_you_mean(meant, known)


def type_hint(kind: str, known: Iterable[str]) -> str:
    """What to write for a layer type that is not one of `known`; empty where nothing is near."""
    return _TYPES.get(_plain(kind)) or did_you_mean(kind, known)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
