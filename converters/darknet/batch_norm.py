"""The two forms of batch normalisation, and how `--bn` names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
from msgspec import Struct

from caffe_ir.near_misses import near_misses


class BatchNormForm(Struct, frozen=True, kw_only=True):
    """`outside`: (x - mean) / (sqrt(var) + eps); `inside`: (x - mean) / sqrt(var + eps)."""

    form: Literal["inside", "outside"]
    eps: float
    why: str = ""

    def __str__(self) -> str:
        eps = _spelled(self.eps)
        return f"sqrt(variance) + {eps}" if self.form == "outside" else f"sqrt(variance + {eps})"


# blas.c, normalize_cpu; blas_kernels.cu, normalize_kernel; AlexeyAB's CPU code is as his GPU code.
DARKNET_CPU = BatchNormForm(form="outside", eps=1e-6)
DARKNET_GPU = BatchNormForm(form="inside", eps=1e-5)
NAMED: Mapping[str, BatchNormForm] = {"darknet-cpu": DARKNET_CPU, "darknet-gpu": DARKNET_GPU, "alexeyab": DARKNET_GPU}

# PyTorch's darknet ports; Keras'; AlexeyAB's fused code of the winter of 2019 and OpenCV.
IN_USE = ("darknet-cpu", "darknet-gpu", "inside:1e-4", "inside:1e-3", "inside:1e-6")
"""Forms that weights are meant for, the likeliest first."""
LEAST = 1e-12
"""Of an epsilon: the square of a smaller one would be lost in the float32 of batch_norm_param.eps."""
_USUAL = {"inside": "1e-5", "outside": "1e-6"}
_NUMBER = re.compile(r"[0-9.]+(?:[eE][-+]?[0-9]+)?")
_PARTS = re.compile(r"([A-Za-z_-]*)[^A-Za-z0-9.]*(.*)", re.DOTALL)


def form_of(text: str) -> BatchNormForm:
    """The form that a name or `inside:1e-4` means. Raises ValueError with what is wrong and what may be meant."""
    if text in NAMED:
        return NAMED[text]
    form, _, number = text.partition(":")
    eps = _epsilon(number)
    if form in _USUAL and eps is not None:
        return BatchNormForm(form="inside" if form == "inside" else "outside", eps=eps)
    known = "auto, darknet-cpu, darknet-gpu, alexeyab, inside:EPS (sqrt(v + EPS)) and outside:EPS (sqrt(v) + EPS)"
    raise ValueError(f"{text!r} is not one of {known}, EPS from 1e-12 up to 1{_meant(text)}")


def _epsilon(text: str) -> float | None:
    try:
        eps = float(text) if _NUMBER.fullmatch(text) else 0.0
    except ValueError:
        return None
    return eps if LEAST <= eps < 1 else None


def _spelled(eps: float) -> str:
    return np.format_float_scientific(eps, trim="-", exp_digits=1)


def _meant(text: str) -> str:
    """What the user may have meant, as a question; empty where nothing is near."""
    parts = _PARTS.match(text.strip())
    word, number = parts.groups() if parts else ("", "")
    if not number:
        near = near_misses(word.replace("_", "-"), [*NAMED, *_USUAL, "auto"], 1)
        return f"; did you mean {near[0]}{f':{_USUAL[near[0]]}' if near[0] in _USUAL else ''}?" if near else ""
    eps = _epsilon(re.sub(r"(?<=[eE])(?=[0-9])", "-", number))  # 1e4 for 1e-4
    form = (near_misses(word, _USUAL, 1) or ["inside"])[0]
    return f"; did you mean {form}:{_spelled(eps)}?" if eps is not None else ""
