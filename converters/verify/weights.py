"""How the weights of a layer differ from those that belong there, and what was probably done to them."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from caffe_ir.blob import Array, Blob


def other_weights(held: Blob, wanted: Blob) -> str:
    """How a blob differs from the one that the converter writes; empty where it does not.

    Numbers that are copied from the source (`span`) must be the same to the bit. Those that a pass or a front end
    computed may differ in the last bit of float32: another machine's mathematics may round them to the other side.
    """
    expected = np.asarray(wanted.load(), np.float32)
    return changed(np.asarray(held.load(), np.float32), expected, last_bits=0 if wanted.span else 1)


def changed(found: Array, wanted: Array, *, last_bits: int = 1) -> str:
    """How float32 numbers differ by more than so many of their last bits, in words; empty where they do not."""
    with np.errstate(invalid="ignore"):
        other = (found != wanted) & ~(np.isnan(found) & np.isnan(wanted))
        if last_bits and other.any():
            other &= ~(np.abs(found - wanted) <= last_bits * np.spacing(np.abs(wanted)))
    count = int(other.sum())
    if not count:
        return ""
    if not np.all(np.isfinite(found) | ~np.isfinite(wanted)):
        return f"hold {int((~np.isfinite(found)).sum())} values that are NaN or infinity"
    if not found.any():
        return "are all zero"
    if np.array_equal(np.sort(found, axis=None), np.sort(wanted, axis=None)):
        axes = _axes(found, wanted)
        where = f"their axes are in another order: {axes}" if axes else f"{count} of {found.size} elsewhere"
        return f"are the right numbers in another order ({where})"
    factor = _factor(found, wanted)
    if factor is not None:
        return f"are {factor:.7g} times what they should be"
    worst = float(np.nanmax(np.abs(found - wanted)))
    return f"differ in {count} of {found.size} numbers, by up to {worst:.3g}"


def _axes(found: Array, wanted: Array) -> str:
    """The order of axes that turns the wanted weights into these, also where their shape had to be kept."""
    axes = [axis for axis in range(wanted.ndim) if wanted.shape[axis] > 1]
    for order in permutations(axes):
        full = list(range(wanted.ndim))
        for axis, moved in zip(axes, order, strict=True):
            full[axis] = moved
        if full != sorted(full) and np.array_equal(wanted.transpose(full).ravel(), found.ravel()):
            return str(tuple(full))
    return ""


def _factor(found: Array, wanted: Array) -> float | None:
    """The one factor between all numbers; none where a single number could have any."""
    there = wanted != 0
    if found.size < 2 or not there.any() or found[~there].any():
        return None
    ratios = found[there].astype(np.float64) / wanted[there]
    middle = float(np.median(ratios))
    return middle if abs(middle - 1) > 1e-6 and np.allclose(ratios, middle, rtol=1e-6, atol=0) else None
