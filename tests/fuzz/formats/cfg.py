"""Darknet's cfg: sections with their options, some of them odd, converted and lowered with weights that always fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from caffe_ir.errors import ConversionError
from caffe_ir.files.prototxt import prototxt
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import TARGETS
from converters.darknet import convert
from converters.darknet.cfg import read_cfg
from tests.fuzz.format import Files, Format
from tests.fuzz.mutation import maybe_damaged, number, text

ACTIVATIONS = (
    *("linear", "leaky", "relu", "logistic", "mish", "swish", "elu", "selu", "tanh", "ramp", "hardtan", "gelu"),
    *("stair", "plse", "loggy", "lhtan", "relie", "relu6", "normalize_channels", "nonsense"),
)
ANCHORS = "10,14, 23,27, 37,58, 81,82"
CONVOLUTION = ("filters", "size", "stride", "pad", "padding", "groups", "dilation", "batch_normalize", "activation")
SECTIONS: dict[str, tuple[str, ...]] = {
    "convolutional": CONVOLUTION,
    "conv": CONVOLUTION,
    "deconvolutional": ("filters", "size", "stride", "pad", "batch_normalize", "activation"),
    "local": ("filters", "size", "stride", "pad", "activation"),
    "connected": ("output", "activation", "batch_normalize"),
    "maxpool": ("size", "stride", "padding", "maxpool_depth", "out_channels"),
    "avgpool": (),
    "local_avgpool": ("size", "stride"),
    "upsample": ("stride", "scale"),
    "reorg": ("stride", "reverse", "flatten", "extra"),
    "reorg3d": ("stride",),
    "route": ("layers", "groups", "group_id"),
    "shortcut": ("from", "activation", "weights_type", "weights_normalization"),
    "scale_channels": ("from", "activation", "scale_wh"),
    "sam": ("from", "activation"),
    "dropout": ("probability",),
    "batchnorm": (),
    "normalization": ("size", "alpha", "beta", "kappa"),
    "softmax": ("groups", "temperature", "spatial", "tree"),
    "activation": ("activation",),
    "logistic": (),
    "l2norm": (),
    "crop": ("crop_height", "crop_width", "noadjust"),
    "cost": ("type",),
    "empty": (),
    "implicit_add": ("filters",),
    "yolo": ("mask", "anchors", "classes", "num", "scale_x_y", "new_coords"),
    "Gaussian_yolo": ("mask", "anchors", "classes", "num"),
    "region": ("anchors", "classes", "num", "coords", "softmax", "background", "tree"),
    "detection": ("classes", "coords", "num", "side", "rescore", "softmax", "sqrt"),
    "lstm": ("output",),
    "frobnicate": ("stride",),
}
_FROM = ("-1", "-2", "-3", "-4", "-1,-2", "-1,-3")
_FACTORS = (1, 0.5, 2, 0.0001)
_WORDS = ("sse", "per_feature", "per_channel", "softmax", "none", "relu")
_WIDTHS = (1, 2, 4, 8, 21, 255)
VALUES: dict[str, Sequence[object]] = {
    "activation": ACTIVATIONS,
    "stride": (1, 1, 2),
    "size": (1, 3, 2, 5),
    "pad": (0, 1),
    "batch_normalize": (0, 1),
    "groups": (1, 1, 2, 4),
    "layers": _FROM,
    "from": _FROM,
    "mask": ("0,1", "1", "0,1,2,3"),
    "anchors": (ANCHORS,),
    "filters": _WIDTHS,
    "output": _WIDTHS,
    **dict.fromkeys(("alpha", "beta", "kappa", "temperature", "probability", "scale_x_y", "scale"), _FACTORS),
    **dict.fromkeys(("tree", "type", "weights_type", "weights_normalization"), _WORDS),
}
COUNTS = (0, 0, 1, 1, 2, 4)
"""What any other option may say."""


def make(rng: Random) -> Files:
    """A cfg of up to eight sections; a third of them with an odd value, a tenth with damaged bytes."""
    odd = rng.random() < 0.35
    sides = (8, 13, 16, 32) if not odd else (8, 13, 0, -1, 10**6, 99999)
    lines = ["[net]", f"width={rng.choice(sides)}", f"height={rng.choice(sides)}", f"channels={rng.choice((1, 3, 4))}"]
    for _ in range(rng.randint(1, 8)):
        kind = rng.choice(tuple(SECTIONS)) if rng.random() < 0.7 else "convolutional"
        lines += ["", f"[{kind}]"]
        for key in SECTIONS[kind]:
            if rng.random() < 0.8:
                lines.append(
                    f"{key}={_odd(rng) if odd and rng.random() < 0.08 else rng.choice(VALUES.get(key, COUNTS))}"
                )
        if odd and rng.random() < 0.1:
            lines.append(rng.choice((f"{text(rng)}={text(rng)}", text(rng), "stride = 2 # two", "# comment", "size=3")))
    content = "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"
    return {"x.cfg": maybe_damaged(content, rng, 0.1)}


def _odd(rng: Random) -> object:
    return number(rng) if rng.random() < 0.6 else text(rng).replace("\n", "")


def read(folder: Path) -> None:
    """The reader, then all that `convert darknet` does before it writes; what is refused there has been read."""
    cfg, weights = folder / "x.cfg", folder / "any.weights"
    read_cfg(cfg)
    if not weights.exists():
        _make_weights(weights)
    try:
        model = convert(cfg, weights, allow_trailing=True, check_finite=False)
        prototxt(lower(model.net, TARGETS["caffe"], Options()))
    except ConversionError:
        return


def _make_weights(path: Path) -> None:
    """As many zeros as any cfg asks for, of which the disk holds none."""
    with open(path, "wb") as file:
        file.write(bytes([0, 0, 0, 0, 2, 0, 0, 0]) + bytes(12))
        file.truncate(1 << 33)


FORMATS = (Format(name="cfg", make=make, read=read),)
