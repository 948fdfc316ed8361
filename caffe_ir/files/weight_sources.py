"""Where the weights of a net come from, written at the end of its prototxt, so that it can be filled again exactly.

A comment for each layer with weights names, blob by blob, the tensor of the checkpoint whose numbers they are; or says
that they are constant, the same for every checkpoint in which the tensors below are as they were; or that they were
computed in another way:

    # "stem.1" <- "stem.1.running_mean" "stem.1.running_var" constant
    # "up" <- constant
    # the shape of "gamma" 8
    # as it was "relative_position_index" 5f0c0b3d4c6b2a17
    # unused "aux.weight"
    # the same "decoder.weight" "encoder.weight"

The shape of a tensor is its blob's, if none is given; a blob of several times its numbers has them over and over.
Tensors must be as they were whose numbers stand in the net otherwise than as a blob: in fields of layers, or in weights
that the model computes. The number behind a name is the beginning of a SHA-256 of its numbers in float64.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

import numpy as np
from msgspec import Struct, field

from caffe_ir.blob import Array, Blob, Shape, shape_text
from caffe_ir.net import Net

HEAD = "# Where the weights come from (`convert pytorch WEIGHTS --prototxt FILE` fills the net by it):"
CONSTANT, COMPUTED = "constant", "computed"

_NO_AXES = "()"
_SIZES = re.compile(r"\d{1,9}(x\d{1,9})*|\(\)")
_DIGITS = 16
_BLOCK = 1 << 20
_DECODER = json.JSONDecoder()


class BlobSource(Struct, frozen=True):
    """The tensor of the checkpoint that a blob is, by its name; or without one, whether it is constant."""

    key: str = ""
    constant: bool = False


class WeightSources(Struct, frozen=True, kw_only=True):
    """The sources of each layer's blobs; the digests of tensors that must be as they were; tensors without a use.

    `shapes` are of tensors that have other ones than their blobs, `same` has tensors that are another one's numbers.
    """

    layers: Mapping[str, tuple[BlobSource, ...]] = field(default_factory=dict)
    as_it_was: Mapping[str, str] = field(default_factory=dict)
    unused: frozenset[str] = frozenset()
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)


def sources_text(net: Net) -> str:
    """The comments for a net; none where no tensor of a checkpoint is behind it."""
    layers = [(node.name, node.blobs) for node in net.nodes if node.blobs]
    direct = {blob.key for _, blobs in layers for blob in blobs} - {""}
    if not direct and not net.behind.used and not net.behind.computed_from:
        return ""
    lines = [HEAD, *(f"# {json.dumps(name)} <- {' '.join(map(_spelled, blobs))}" for name, blobs in layers)]
    behind = net.behind
    shaped = {blob.key for _, blobs in layers for blob in blobs if blob.key and behind.shape(blob.key) != blob.shape}
    lines += (f"# the shape of {json.dumps(key)} {_by(behind.shape(key))}" for key in sorted(shaped))
    elsewhere = behind.computed_from | (behind.used.keys() - direct)
    lines += (f"# as it was {json.dumps(key)} {digest(behind.used[key].load())}" for key in sorted(elsewhere))
    lines += (f"# unused {json.dumps(key)}" for key in behind.unused)
    lines += (f"# the same {json.dumps(key)} {json.dumps(other)}" for key, other in behind.same.items())
    return "\n".join(lines) + "\n"


def read_sources(text: str) -> WeightSources:
    """The sources that a prototxt names; empty where it names none. What is no such line is passed over."""
    begin = text.find(HEAD)
    layers: dict[str, tuple[BlobSource, ...]] = {}
    as_it_was: dict[str, str] = {}
    unused: set[str] = set()
    shapes: dict[str, Shape] = {}
    same: dict[str, str] = {}
    for line in text[begin:].splitlines() if begin >= 0 else ():
        words = list(_words(line))
        match [isinstance(word, _Bare) and str(word) for word in words[:4]], words[1:]:
            case ["#", False, "<-", *_], [name, _, *blobs]:
                layers[name] = tuple(map(_source, blobs))
            case ["#", "as", "it", "was"], [_, _, _, key, number]:
                as_it_was[key] = number
            case ["#", "unused", False], [_, key]:
                unused.add(key)
            case ["#", "the", "same", False], [_, _, key, other]:
                same[key] = other
            case ["#", "the", "shape", "of"], [_, _, _, key, sizes] if _SIZES.fullmatch(sizes):
                shapes[key] = tuple(map(int, sizes.split("x"))) if sizes != _NO_AXES else ()
    return WeightSources(layers=layers, as_it_was=as_it_was, unused=frozenset(unused), shapes=shapes, same=same)


def digest(values: Array) -> str:
    """The beginning of a SHA-256 of the numbers in float64, row by row."""
    flat, found = values.reshape(-1), hashlib.sha256()
    for begin in range(0, flat.size, _BLOCK):
        found.update(np.ascontiguousarray(flat[begin : begin + _BLOCK], "<f8").data)
    return found.hexdigest()[:_DIGITS]


class _Bare(str):
    """A word without quotes."""


def _words(line: str) -> Iterator[str]:
    """The words of a line, those in quotes as JSON's texts; up to what is neither."""
    place = 0
    while place < len(line):
        if line[place] == '"':
            try:
                word, place = _DECODER.raw_decode(line, place)
            except json.JSONDecodeError:
                return
            yield word
        else:
            end = line.find(" ", place)
            word, place = line[place : end if end >= 0 else None], end if end >= 0 else len(line)
            yield _Bare(word)
        place += 1


def _source(word: str) -> BlobSource:
    return BlobSource(constant=word == CONSTANT) if isinstance(word, _Bare) else BlobSource(key=word)


def _by(shape: Shape) -> str:
    return shape_text(shape) or _NO_AXES


def _spelled(blob: Blob) -> str:
    return json.dumps(blob.key) if blob.key else CONSTANT if blob.constant else COMPUTED
