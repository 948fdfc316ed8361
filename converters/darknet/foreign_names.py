"""What other frameworks and forks call things, and what that is to Darknet: for hints, where a name is unknown.

An equality stands here only where it is one for every number; what merely resembles a name of Darknet's says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from caffe_ir.near_misses import did_you_mean

# torch.nn.SiLU is x / (1 + e^-x), AlexeyAB's swish; torch.nn.CELU with alpha=1 is ELU; torch.nn.LeakyReLU has 0.01 by
# default, Darknet's leaky 0.1 and its relie 0.01 (activations.h).
_ACTIVATIONS: Mapping[str, str] = {
    "silu": "silu is AlexeyAB's swish, x / (1 + e^-x): write activation=swish",
    "sigmoid": "Darknet calls it logistic: write activation=logistic",
    "none": "for no activation write activation=linear",
    "null": "for no activation write activation=linear",
    "identity": "for no activation write activation=linear",
    "hardtanh": "Darknet calls it hardtan: write activation=hardtan",
    "celu": "with alpha 1 it is Darknet's elu: write activation=elu",
    "leakyrelu": "write activation=leaky for a slope of 0.1, activation=relie for 0.01 (PyTorch's default)",
    "lrelu": "write activation=leaky for a slope of 0.1, activation=relie for 0.01 (PyTorch's default)",
    "prelu": "Darknet has no learned slope; leaky has 0.1, relie 0.01",
}
_HARD_SWISH = "no Darknet has x min(max(x + 3, 0), 6) / 6: it is neither swish nor hard_mish"
_HARD_SIGMOID = "no Darknet has min(max(x + 3, 0), 6) / 6: it is not logistic"
_OF_NONE: Mapping[str, str] = {
    "hswish": _HARD_SWISH,
    "hardswish": _HARD_SWISH,
    "hsigmoid": _HARD_SIGMOID,
    "hardsigmoid": _HARD_SIGMOID,
    "softplus": "no Darknet has it",
    "softsign": "no Darknet has it",
}

_CONV, _ADD = "did you mean [convolutional]?", "a sum is [shortcut] with from="
_CONNECTED = "did you mean [connected]?"
_SECTIONS: Mapping[str, str] = {
    "conv2d": _CONV,
    "convolution": _CONV,
    "depthwise": "a depthwise convolution is [convolutional] with groups= the number of its channels",
    "depthwiseconvolutional": "a depthwise convolution is [convolutional] with groups= the number of its channels",
    "fc": _CONNECTED,
    "linear": _CONNECTED,
    "dense": _CONNECTED,
    "innerproduct": _CONNECTED,
    "concat": "did you mean [route]?",
    "cat": "did you mean [route]?",
    "split": "a part of the channels is [route] with groups= and group_id= (AlexeyAB's)",
    "slice": "a part of the channels is [route] with groups= and group_id= (AlexeyAB's)",
    "add": _ADD,
    "sum": _ADD,
    "eltwise": _ADD,
    "residual": _ADD,
    "se": "squeeze and excitation is [avgpool], two [convolutional] with size=1, and [scale_channels] with from=",
    "seblock": "squeeze and excitation is [avgpool], two [convolutional] with size=1, and [scale_channels] with from=",
    "bn": "did you mean [batchnorm]?",
    "relu": "an activation by itself is [activation] with activation=relu",
    "gap": "did you mean [avgpool]? It is the mean of each channel",
    "globalavgpool": "did you mean [avgpool]? It is the mean of each channel",
    "flatten": "it is not needed: [connected] and [softmax] read an image as a vector",
    "detect": "did you mean [yolo]?",
}

_OPTIONS: Mapping[str, str] = {
    "stridew": "stride_x",
    "strideh": "stride_y",
    "kernel": "size",
    "kernelsize": "size",
    "ksize": "size",
    "numoutput": "filters",
    "outchannels": "filters",
    "numfilters": "filters",
    "group": "groups",
    "bn": "batch_normalize",
    "batchnorm": "batch_normalize",
    "usebn": "batch_normalize",
    "dilationrate": "dilation",
    "act": "activation",
    "numclasses": "classes",
    "numanchors": "num",
    "outfeatures": "output",
    "k": "size",
    "anchormask": "mask",
    "padw": "padding",
    "padh": "padding",
    "padx": "padding",
    "pady": "padding",
}
_OPTIONS_OF_NONE = frozenset({"bias", "norm", "slope", "planes", "aligncorners", "paddingmode", "outputpadding"})
"""Options that no section of Darknet has, whatever resembles their names."""


def activation_hint(name: str, known: Iterable[str]) -> str:
    """What to write for an activation that has another name elsewhere, or a comment behind; empty for all others."""
    plain = re.split("[#;]", name)[0]
    if plain != name and plain in known:
        return f"Darknet knows no comment behind a value: write activation={plain}"
    return {**_ACTIVATIONS, **_OF_NONE}.get(_plain(name), "")


def section_hint(kind: str, known: Iterable[str]) -> str:
    """What to write for a type of section that is not one of `known`; empty where nothing is near."""
    return _SECTIONS.get(_plain(kind)) or did_you_mean(kind, known, "[{}]")


def option_hint(key: str, known: Iterable[str]) -> str:
    """What to write for an option that is not one of `known`; empty where nothing is near."""
    known = list(known)
    if _plain(key) in _OPTIONS_OF_NONE:
        return ""
    meant = _OPTIONS.get(_plain(key))
    return did_you_mean(meant if meant in known else key, known)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
