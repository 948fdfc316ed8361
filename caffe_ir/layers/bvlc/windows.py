"""How files spell the kernels, strides, pads and dilations of windows: one number, one for each axis, or _h and _w."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from caffe_ir.blob import Shape
from caffe_ir.layer import require

SHORT = {"kernel_size": "kernel", "stride": "stride", "pad": "pad"}
"""What stands before _h and _w in the names of the fields that have such a form; dilation has none."""


def every_axis(values: Shape, axes: int, default: int) -> Shape:
    """One number for each axis: the default where none is given."""
    return values or (default,) * axes


def require_windows(kernel: Shape, stride: Shape, pad: Shape, dilation: Shape, axes: int) -> None:
    """Raise ShapeError on windows that Caffe refuses (base_conv_layer.cpp, LayerSetUp)."""
    require(len(kernel) == axes, f"a kernel of {len(kernel)} axes on a bottom with {axes} spatial ones")
    checks = (("kernel", kernel, 1), ("stride", stride, 1), ("pad", pad, 0), ("dilation", dilation, 0))
    for name, values, least in checks:
        require(len(values) == axes, f"{name} has {len(values)} numbers for {axes} axes")
        require(all(value >= least for value in values), f"{name} is {values}")


# ---- Convolution, Deconvolution, Im2col: repeated fields -------------------------------------------------------------


def spell_repeated(name: str, values: Shape, default: int | None) -> dict[str, Any]:
    """The fields that say `values`: none for the default, else one number, else _h and _w, else a number an axis."""
    if not values:
        return {name: [1]} if default is None else {}
    if len(set(values)) == 1:
        return {} if values[0] == default else {name: [values[0]]}
    if len(values) == 2 and name in SHORT:
        return {f"{SHORT[name]}_h": values[0], f"{SHORT[name]}_w": values[1]}
    return {name: list(values)}


def parse_repeated(spelled: Mapping[str, Any], name: str, default: int, axes: int) -> Shape:
    """The numbers that the fields of `name` say for `axes` axes (base_conv_layer.cpp:18-97). Raises ValueError."""
    given: Sequence[int] = spelled.get(name, ())
    pair = [f"{SHORT[name]}_h", f"{SHORT[name]}_w"] if name in SHORT else []
    if any(field in spelled for field in pair):
        if given:
            raise ValueError(f"{name} and {' or '.join(pair)} are given, which exclude each other")
        if axes != 2:
            raise ValueError(f"{' and '.join(pair)} are for two spatial axes, not {axes}")
        return tuple(spelled.get(field, 0) for field in pair)
    if len(given) > 1 and len(given) != axes:
        raise ValueError(f"{name} has {len(given)} numbers for {axes} spatial axes")
    return tuple(given) if len(given) > 1 else (given[0] if given else default,) * axes


# ---- Pooling: singular fields ----------------------------------------------------------------------------------------


def spell_singular(name: str, values: Shape, default: int | None) -> dict[str, Any]:
    """The fields that say `values`: none for the default or for no values, else one number, else _h and _w."""
    if not values or set(values) == {default}:
        return {}
    if values[0] == values[1]:
        return {name: values[0]}
    return {f"{SHORT[name]}_h": values[0], f"{SHORT[name]}_w": values[1]}


def parse_singular(spelled: Mapping[str, Any], name: str, default: int | None) -> Shape:
    """The pair that the fields of `name` say; empty where they say nothing and there is no default. Raises ValueError.

    Either one number or both of the pair (pooling_layer.cpp:14-38).
    """
    pair = [f"{SHORT[name]}_h", f"{SHORT[name]}_w"]
    given = [field for field in pair if field in spelled]
    if given and (name in spelled or len(given) == 1):
        raise ValueError(f"pooling takes either {name} or both {pair[0]} and {pair[1]}")
    if given:
        return spelled[pair[0]], spelled[pair[1]]
    number = spelled.get(name, default)
    return () if number is None else (number, number)
