"""Seeded .weights files of which a net makes activations of ordinary size, for cfgs of either fork.

Not a trained net, but its look: batch norms with scattered statistics, some negative scales, and on demand the channels
of almost no variance that published files have. Sizes follow the first two moments of every layer's output through the
net (the input is taken for uniform in 0..1), so weights need no forward and the file is written as fast as it is drawn.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.cfg_shapes import Layer, Section, Shape, conv_padding, infer, read_sections
from tests.oracles.moments import Moments, activated, moments_after

Array = npt.NDArray[np.floating[Any]]

ALEXEYAB = (0, 2, 5)
HARD_VARIANCES = (0.0, 1e-12, 1e-8, 1e-6, 1e-5)
RECURRENT = ("rnn", "gru", "lstm", "crnn", "conv_lstm")
# How much wider the scales of a batch norm are before an activation that is curved around zero. Its gain grows with the
# size of its input, by the power 1.08 (mish) or 1.17 (swish) of it, and so do the errors of the moments from layer to
# layer. This wide, it is nearly that of relu: powers of 1.006 and 1.014.
WIDE = {"mish": 4.0, "swish": 6.0}


@dataclass(frozen=True, kw_only=True)
class _Draw:
    """The arrays of one layer in file order, and what its output looks like."""

    arrays: tuple[Array, ...]
    moments: Moments


def write_weights(
    cfg: Path | str, out: Path, *, seed: int, hard: bool = False, header: tuple[int, int, int] = (0, 2, 0)
) -> int:
    """Write the weights of `cfg` (a file, or the text itself) to `out`; returns the number of bytes.

    With `hard` five channels (all, if there are fewer) of every batch norm behind a [convolutional] or [connected] have
    the variances HARD_VARIANCES; the weights before them shrink by what Darknet's CPU code divides by, sqrt(var) + 1e-6
    (blas.c:normalize_cpu). A standalone [batchnorm] stays ordinary: nothing before it could shrink.
    `header` is (major, minor, revision); (0, 2, 5), AlexeyAB's, puts the biases of a [batchnorm] into the file.
    Raises ValueError for recurrent sections and for transposed files (major or minor above 1000).
    """
    major, minor, _ = header
    if max(major, minor) > 1000:
        raise ValueError("transposed files are not written here")
    text = cfg.read_text() if isinstance(cfg, Path) else cfg
    seen = struct.pack("<Q" if major * 10 + minor >= 2 else "<I", 0)
    written = 0
    with out.open("wb") as sink:
        sink.write(struct.pack("<3i", *header) + seen)
        for array in _arrays(text, seed, hard, header == ALEXEYAB):
            np.ascontiguousarray(array, np.float32).tofile(sink)
            written += 4 * array.size
    return 12 + len(seen) + written


def _arrays(text: str, seed: int, hard: bool, alexeyab: bool) -> Iterator[Array]:
    sections = read_sections(text)
    if any(section.kind in RECURRENT for section in sections):
        raise ValueError("recurrent sections are out of scope")
    known: list[Moments] = []
    before = Moments(mean=0.5, square=1 / 3)
    for layer in infer(sections):
        rng = np.random.default_rng([seed, layer.index])
        if layer.section.kind in DRAWS:
            draw = DRAWS[layer.section.kind](layer, before, known, rng, hard)
        elif layer.section.kind == "batchnorm":
            draw = _batchnorm(layer, before, rng, alexeyab)
        else:
            draw = _Draw(arrays=(), moments=moments_after(layer, before, known))
        if not _left_out_of_file(layer.section):
            yield from draw.arrays
        before = draw.moments
        known.append(before)


def _left_out_of_file(section: Section) -> bool:
    return section.integer("dontload", 0) != 0 or "share_index" in section.options


def _convolutional(layer: Layer, before: Moments, known: list[Moments], rng: np.random.Generator, hard: bool) -> _Draw:
    s = layer.section
    n, size = s.integer("numload", 0) or s.integer("filters", 1), s.integer("size", 1)
    fan_in = layer.input.c // s.integer("groups", 1) * size * size
    normalised = s.integer("batch_normalize", 0) != 0 and not s.integer("dontloadscales", 0)
    activation = s.options.get("activation", "logistic")
    wide = WIDE.get(activation, 1.0)
    spread, norm = _batch_norm(n, rng, hard, wide) if normalised else (_ordinary_spread(n, rng), ())
    square = before.square * _taps_inside(layer, size)
    weights = _filters(rng, n, fan_in, spread / np.sqrt(square))
    if s.integer("flipped", 0):
        weights = weights.T
    out = activated(0.0, _behind_batch_norm(wide) if normalised else 1.05, activation)
    return _Draw(arrays=(_biases(rng, n), *norm, weights), moments=out)


def _deconvolutional(
    layer: Layer, before: Moments, known: list[Moments], rng: np.random.Generator, hard: bool
) -> _Draw:
    s = layer.section
    n, size, c = s.integer("filters", 1), s.integer("size", 1), layer.input.c
    if s.integer("batch_normalize", 0):
        raise ValueError("Darknet reads no [deconvolutional] with batch_normalize")
    taps = max(1.0, c * (size / s.integer("stride", 1)) ** 2)
    weights = rng.standard_normal((c, n * size * size), np.float32) / np.sqrt(taps * before.square)
    out = activated(0.0, 1.05, s.options.get("activation", "logistic"))
    return _Draw(arrays=(_biases(rng, n), weights), moments=out)


def _connected(layer: Layer, before: Moments, known: list[Moments], rng: np.random.Generator, hard: bool) -> _Draw:
    s = layer.section
    n = s.integer("output", 1)
    normalised = s.integer("batch_normalize", 0) != 0
    spread, norm = _batch_norm(n, rng, hard) if normalised else (_ordinary_spread(n, rng), ())
    weights = _filters(rng, n, layer.input.count, spread / np.sqrt(before.square))
    stored = () if s.integer("dontloadscales", 0) else norm
    out = activated(0.0, _behind_batch_norm() if normalised else 1.05, s.options.get("activation", "logistic"))
    return _Draw(arrays=(_biases(rng, n), weights, *stored), moments=out)


def _local(layer: Layer, before: Moments, known: list[Moments], rng: np.random.Generator, hard: bool) -> _Draw:
    s = layer.section
    places = layer.output.h * layer.output.w
    fan_in = layer.input.c * s.integer("size", 1) ** 2
    weights = rng.standard_normal((places * layer.output.c, fan_in), np.float32)
    weights *= np.float32(1 / np.sqrt(fan_in * before.square * _taps_inside(layer, s.integer("size", 1))))
    out = activated(0.0, 1.01, s.options.get("activation", "logistic"))
    return _Draw(arrays=(_biases(rng, layer.output.count), weights), moments=out)


def _batchnorm(layer: Layer, before: Moments, rng: np.random.Generator, alexeyab: bool) -> _Draw:
    c = layer.input.c
    spread, (scales, mean, variance) = _batch_norm(c, rng, False)
    ratio = np.sqrt(before.square) / spread
    arrays = (scales, before.mean + mean * ratio, variance * ratio**2)
    biases = (_biases(rng, c),) if alexeyab else ()
    return _Draw(arrays=(*biases, *arrays), moments=activated(0.0, _behind_batch_norm(), "linear"))


def _shortcut(layer: Layer, before: Moments, known: list[Moments], rng: np.random.Generator, hard: bool) -> _Draw:
    kind = layer.section.options.get("weights_type", "none")
    terms = 1 + len(layer.sources)
    count = {"none": 0, "per_layer": terms, "per_feature": terms, "per_channel": terms * layer.output.c}[kind]
    weights = rng.uniform(0.2, 1.2, count)
    return _Draw(arrays=(weights,) if count else (), moments=moments_after(layer, before, known))


def _implicit(layer: Layer, before: Moments, known: list[Moments], rng: np.random.Generator, hard: bool) -> _Draw:
    return _Draw(arrays=(rng.standard_normal(layer.output.count),), moments=Moments(mean=0.0, square=1.0))


def _behind_batch_norm(wide: float = 1.0) -> float:
    """E[x^2]: E[scale^2] * E[true/stored variance] * (1 + mean^2) + bias^2, of the distributions in _batch_norm."""
    return float(13 / 12 * wide**2 * np.exp(0.02) * 1.01 + 0.01)


def _batch_norm(
    n: int, rng: np.random.Generator, hard: bool, wide: float = 1.0
) -> tuple[Array, tuple[Array, Array, Array]]:
    """Per channel: the standard deviation that the weights must give, and (scales, mean, variance) as in the file."""
    spread = rng.lognormal(0.0, 0.5, n)
    variance = spread**2 * rng.lognormal(0.0, 0.2, n)
    scales = wide * rng.uniform(0.5, 1.5, n) * np.where(rng.random(n) < 0.08, -1, 1)
    if hard:
        few = rng.choice(n, min(n, len(HARD_VARIANCES)), replace=False)
        variance[few] = HARD_VARIANCES[: len(few)]
        spread[few] = np.sqrt(variance[few]) + 1e-6
    return spread, (scales, spread * rng.normal(0.0, 0.1, n), variance)


def _ordinary_spread(n: int, rng: np.random.Generator) -> Array:
    spread = rng.lognormal(0.0, 0.2, n)
    return spread / np.sqrt(np.mean(spread**2))


def _biases(rng: np.random.Generator, n: int) -> Array:
    return rng.normal(0.0, 0.1, n)


def _filters(rng: np.random.Generator, n: int, fan_in: int, norms: Array) -> Array:
    """n rows of fan_in random weights, each row of the Euclidean norm asked for."""
    weights = rng.standard_normal((n, fan_in), np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", weights, weights))
    weights *= (norms / np.maximum(lengths, 1e-3)).astype(np.float32)[:, None]
    return weights


def _taps_inside(layer: Layer, size: int) -> float:
    """The mean share of a kernel's taps that fall on the image and not on the padding: half or less on tiny maps."""
    s = layer.section
    pad = s.integer("pad", 0) if s.kind == "local" else conv_padding(s)
    stride, dilation = s.integer("stride", 1), s.integer("dilation", 1)
    dilation = dilation if size > 1 else 1

    def share(extent: int, outputs: int, step: int) -> float:
        first = np.arange(outputs)[:, None] * step - pad * dilation
        place = first + np.arange(size)[None, :] * dilation
        return float(np.mean((place >= 0) & (place < extent)))

    x: Shape = layer.input
    rows = share(x.h, layer.output.h, s.integer("stride_y", stride))
    return rows * share(x.w, layer.output.w, s.integer("stride_x", stride))


DRAWS: dict[str, Callable[[Layer, Moments, list[Moments], np.random.Generator, bool], _Draw]] = {
    "convolutional": _convolutional,
    "deconvolutional": _deconvolutional,
    "connected": _connected,
    "local": _local,
    "shortcut": _shortcut,
    "implicit": _implicit,
}
