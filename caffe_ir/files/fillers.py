"""The numbers that Caffe gives to weights which no file holds (filler.hpp), here from a seed: the same each time."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil, prod, sqrt
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.error_kinds.caffe import NO_FILLER
from caffe_ir.errors import Problems
from caffe_ir.net import Net
from caffe_ir.node import Node


class Filler(Struct, frozen=True, kw_only=True):
    """caffe.proto's FillerParameter, with its defaults."""

    type: str = "constant"
    value: float = 0.0
    min: float = 0.0
    max: float = 1.0
    mean: float = 0.0
    std: float = 1.0
    sparse: int = -1
    variance_norm: Literal["FAN_IN", "FAN_OUT", "AVERAGE"] = "FAN_IN"


_ZERO = ("", Filler())
_WEIGHT, _BIAS = ("weight_filler", Filler()), ("bias_filler", Filler())
FIELDS: dict[str, tuple[tuple[str, Filler], ...]] = {
    "Convolution": (_WEIGHT, _BIAS),
    "Deconvolution": (_WEIGHT, _BIAS),
    "InnerProduct": (_WEIGHT, _BIAS),
    "Embed": (_WEIGHT, _BIAS),
    "BatchNorm": (_ZERO, _ZERO, _ZERO),
    "Scale": (("filler", Filler(value=1.0)), _BIAS),
    "Bias": (("filler", Filler()),),
    "PReLU": (("filler", Filler(value=0.25)),),
    "Parameter": (_ZERO,),
    "LSTM": (_WEIGHT, _BIAS, _WEIGHT),
    "RNN": (_WEIGHT, _BIAS, _WEIGHT, _WEIGHT, _BIAS),
}
"""For each blob of a layer the field that says how it is filled, and what Caffe takes where the field is missing."""


def filled(net: Net, spelled: Mapping[str, Mapping[str, Any]], *, seed: int, only: frozenset[str] | None = None) -> Net:
    """The net with the weights that its fillers make, in all layers or in those named.

    `spelled` holds each layer's parameters as the prototxt spells them. Blobs that layers share are filled as their
    first owner says. Raises ConversionError on fillers that Caffe refuses.
    """
    problems, shared, nodes = Problems(), dict[str, Blob](), list[Node]()
    for node in net.nodes:
        if not node.blobs or (only is not None and node.name not in only):
            nodes.append(node)
            continue
        try:
            blobs = _blobs(node, spelled.get(node.name, {}), seed)
        except ValueError as error:
            problems.add(f"{node.name} cannot be filled: {error}", origin=node.origin, kind=NO_FILLER)
            continue
        names = node.param_names + ("",) * len(blobs)
        owned = tuple(
            shared.setdefault(name, blob).reshaped(blob.shape) if name else blob
            for name, blob in zip(names, blobs, strict=False)
        )
        nodes.append(replace(node, blobs=owned))
    problems.raise_if_any()
    return dataclasses.replace(net, nodes=nodes)


def _blobs(node: Node, spelled: Mapping[str, Any], seed: int) -> tuple[Blob, ...]:
    blobs = []
    for place, ((field, default), blob) in enumerate(zip(_fields(node), node.blobs, strict=True)):
        filler = Filler(**spelled[field]) if field in spelled else default
        check(filler, blob.shape)
        rng = partial(np.random.default_rng, (seed, zlib.crc32(f"{node.name}/{place}".encode())))
        blobs.append(Blob.computed(blob.shape, partial(_seeded, filler, blob.shape, rng)))
    return tuple(blobs)


def _fields(node: Node) -> tuple[tuple[str, Filler], ...]:
    kind, count = node.layer.type_name(), len(node.blobs)
    if kind not in FIELDS:
        raise ValueError(f"no filler is known for the weights of {kind}")
    fields = FIELDS[kind]
    if kind == "Scale" and len(node.bottoms) == 2:
        return fields[1:]
    if kind in ("LSTM", "RNN") and count > len(fields):
        return (*fields[:2], _WEIGHT, *fields[2:])
    return fields[:count]


def check(filler: Filler, shape: Shape) -> None:
    """Raise ValueError on a filler that Caffe refuses for a blob of this shape."""
    if filler.type not in _DRAWN:
        raise ValueError(f"{filler.type!r} is not one of Caffe's fillers, which are {', '.join(_DRAWN)}")
    if filler.sparse >= 0 and filler.type != "gaussian":
        raise ValueError(f"the filler {filler.type} knows no sparse")
    if filler.type == "bilinear" and (len(shape) != 4 or shape[2] != shape[3]):
        raise ValueError(f"the filler bilinear is for 4 axes with square kernels, not {shape}")
    if (filler.type in ("positive_unitball", "xavier", "msra") or filler.sparse >= 0) and not shape:
        raise ValueError(f"the filler {filler.type} needs a blob with axes")


def fill(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    """Numbers as Caffe's filler of that type draws them (filler.hpp), as float32. Raises ValueError like `check`."""
    check(filler, shape)
    return _DRAWN[filler.type](filler, shape, rng)


def _seeded(filler: Filler, shape: Shape, rng: partial[np.random.Generator]) -> Array:
    return fill(filler, shape, rng())


def _fan(filler: Filler, shape: Shape) -> float:
    """The n of xavier and msra: values for each output, for each input, or their mean."""
    count = prod(shape)
    fan_in = count // shape[0]
    fan_out = count // shape[1] if len(shape) > 1 else count
    return {"FAN_IN": fan_in, "FAN_OUT": fan_out, "AVERAGE": (fan_in + fan_out) / 2}[filler.variance_norm]


# ---- The types -------------------------------------------------------------------------------------------------------


def _constant(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    return np.full(shape, filler.value, np.float32)


def _uniform(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    return _between(filler.min, filler.max, shape, rng)


def _gaussian(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    values = _normal(filler.mean, filler.std, shape, rng)
    if filler.sparse >= 0:
        values *= rng.random(shape, np.float32) < filler.sparse / shape[0]
    return values


def _positive_unitball(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    rows = _between(0.0, 1.0, (shape[0], prod(shape[1:])), rng)
    return np.asarray(rows / rows.sum(axis=1, keepdims=True)).reshape(shape)


def _xavier(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    bound = sqrt(3.0 / _fan(filler, shape))
    return _between(-bound, bound, shape, rng)


def _msra(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    return _normal(0.0, sqrt(2.0 / _fan(filler, shape)), shape, rng)


def _bilinear(filler: Filler, shape: Shape, rng: np.random.Generator) -> Array:
    size = shape[3]
    factor = ceil(size / 2.0)
    centre = (size - 1) / (2.0 * factor)
    row = 1 - np.abs(np.arange(size) / factor - centre)
    return np.broadcast_to(np.outer(row, row), shape).astype(np.float32)


_DRAWN: dict[str, Callable[[Filler, Shape, np.random.Generator], Array]] = {
    "constant": _constant,
    "uniform": _uniform,
    "gaussian": _gaussian,
    "positive_unitball": _positive_unitball,
    "xavier": _xavier,
    "msra": _msra,
    "bilinear": _bilinear,
}


def _between(low: float, high: float, shape: Shape, rng: np.random.Generator) -> Array:
    values = rng.random(shape, np.float32)
    values *= np.float32(high - low)
    values += np.float32(low)
    return values


def _normal(mean: float, std: float, shape: Shape, rng: np.random.Generator) -> Array:
    values = np.asarray(rng.standard_normal(shape, np.float32))
    values *= np.float32(std)
    values += np.float32(mean)
    return values
