"""Darknet's activation functions (activations.h; activations.c, get_activation) as layers."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from caffe_ir.layer import Layer
from caffe_ir.layers import ELU, Clip, Mish, Power, ReLU, Sigmoid, Swish, TanH
from caffe_ir.layers.source import GeluTanh, HardMish, LHTan, NormalizeChannels, Plse, Ramp, Selu
from caffe_ir.near_misses import did_you_mean
from converters.darknet.foreign_names import activation_hint
from converters.darknet.header import Dialect


class Activation(Struct, frozen=True, kw_only=True):
    """The layers that compute an activation, one after the other; None where there is no static form."""

    layers: tuple[Layer, ...] | None
    only_alexeyab: bool = False
    only_in: frozenset[str] | None = None
    """The sections of DEFAULTS in which AlexeyAB's program computes it, on either device; the others give zeros."""


_RELU = ReLU()
_CONVOLUTIONAL = frozenset({"convolutional"})
_AND_SHORTCUT = frozenset({"convolutional", "shortcut"})

# With convolutional layers AlexeyAB calls activate_array_swish, _mish, _hard_mish and _normalize_channels; elsewhere
# activate(), which has no case for them (convolutional_layer.c, shortcut_layer.c, activations.c).
ACTIVATIONS: Mapping[str, Activation] = {
    "linear": Activation(layers=()),
    "leaky": Activation(layers=(ReLU(negative_slope=0.1),)),
    "relu": Activation(layers=(_RELU,)),
    "logistic": Activation(layers=(Sigmoid(),)),
    "tanh": Activation(layers=(TanH(),)),
    "loggy": Activation(layers=(Sigmoid(), Power(scale=2.0, shift=-1.0))),
    "elu": Activation(layers=(ELU(alpha=1.0),)),
    "selu": Activation(layers=(Selu(alpha=1.6732, scale=1.0507),)),
    "relie": Activation(layers=(ReLU(negative_slope=0.01),)),
    "ramp": Activation(layers=(Ramp(),)),
    "plse": Activation(layers=(Plse(),)),
    "hardtan": Activation(layers=(Clip(min=-1.0, max=1.0),)),
    "lhtan": Activation(layers=(LHTan(),)),
    "stair": Activation(layers=None),
    "relu6": Activation(layers=(Clip(min=0.0, max=6.0),), only_alexeyab=True),
    "gelu": Activation(layers=(GeluTanh(),), only_alexeyab=True),
    "revleaky": Activation(layers=(ReLU(negative_slope=0.1),), only_alexeyab=True),
    "swish": Activation(layers=(Swish(),), only_alexeyab=True, only_in=_AND_SHORTCUT),
    "mish": Activation(layers=(Mish(),), only_alexeyab=True, only_in=_AND_SHORTCUT),
    "hard_mish": Activation(layers=(HardMish(),), only_alexeyab=True, only_in=_CONVOLUTIONAL),
    "normalize_channels": Activation(
        layers=(NormalizeChannels(softmax=False, subtract_max=False),), only_alexeyab=True, only_in=_CONVOLUTIONAL
    ),
    "normalize_channels_softmax": Activation(
        layers=(NormalizeChannels(softmax=True, subtract_max=False),), only_alexeyab=True, only_in=_CONVOLUTIONAL
    ),
    "normalize_channels_softmax_maxval": Activation(
        layers=(NormalizeChannels(softmax=True, subtract_max=True),), only_alexeyab=True, only_in=_CONVOLUTIONAL
    ),
}

# Which sections have an activation, and what it is where none is written (parser.c, parse_*).
DEFAULTS: Mapping[str, str] = {
    "convolutional": "logistic",
    "deconvolutional": "logistic",
    "connected": "logistic",
    "local": "logistic",
    "shortcut": "linear",
    "activation": "linear",
    "scale_channels": "linear",
    "sam": "linear",
}


class Chosen(Struct, frozen=True, kw_only=True):
    """The layers of an activation as a section asks for it; what stands against it, or what must be reported."""

    layers: tuple[Layer, ...] = ()
    refused: str = ""
    why: str = ""
    hint: str = ""
    assumed: str = ""
    warning: str = ""


def choose(name: str, kind: str, dialect: Dialect, *, lenient: bool) -> Chosen:
    """What activation `name` means in a section of this kind.

    An unknown one is ReLU to Darknet (activations.c, get_activation); here it is refused, but for `lenient`.
    """
    found = ACTIVATIONS.get(name)
    if found is None or (found.only_alexeyab and dialect == "darknet"):
        return _unknown(name, dialect, known_to_alexeyab=found is not None, lenient=lenient)
    if found.layers is None:
        return Chosen(refused=f"the activation {name} cannot be written in Caffe", why="it needs the floor of a number")
    if found.only_in is not None and kind in DEFAULTS and kind not in found.only_in:
        refused = f"the activation {name} in [{kind}]"
        return Chosen(refused=refused, why="AlexeyAB's program gives nothing but zeros there, on CPU and GPU")
    if name == "relu6":
        assumed = "relu6 means min(max(x, 0), 6) as AlexeyAB's GPU code has it; his CPU code gives zeros"
        return Chosen(layers=found.layers, assumed=assumed)
    return Chosen(layers=found.layers)


def _unknown(name: str, dialect: Dialect, *, known_to_alexeyab: bool, lenient: bool) -> Chosen:
    if lenient:
        return Chosen(layers=(_RELU,), warning=f"the unknown activation {name} is taken for relu, as Darknet does")
    near = f"{did_you_mean(name, ACTIVATIONS)} correct the name, or take it for relu with --lenient".lstrip()
    hint = activation_hint(name, ACTIVATIONS) or near
    if known_to_alexeyab and dialect == "darknet":
        hint = "only AlexeyAB's Darknet knows it: --dialect alexeyab"
    refused = f"the activation {name} is unknown"
    return Chosen(refused=refused, why="Darknet takes it for relu and goes on", hint=hint)
