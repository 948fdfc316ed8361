"""Changes of shape, joining and cutting: the numbers stay what they are."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from msgspec.structs import replace

from caffe_ir.error_kinds.operations import EMPTY
from caffe_ir.layers import Concat, Slice
from converters.pytorch.graph.build import Build
from converters.pytorch.graph.call import Call
from converters.pytorch.graph.frontend import Handler
from converters.pytorch.graph.value import Result, Value


def reshaped(call: Call, build: Build) -> Value:
    """view, flatten, squeeze and their like: the same numbers in the same order, in the shape that torch computed."""
    call.ignore(*(name for name in call.arguments if name != "self"))
    x = call.value(any_type=True)
    return replace(build.reshape(x, call.shape), dtype=x.dtype)


def cat(call: Call, build: Build) -> Value:
    """Tensors one behind the other along dim, without those that have no numbers."""
    parts = [part for part in call.values("tensors", any_type=True) if 0 not in part.shape]
    axis = call.axis("dim", len(call.shape))
    values = [build.as_value(part) for part in parts]
    return values[0] if len(values) == 1 else build.add(Concat(axis=axis), *values)


def pieces(call: Call, build: Build) -> Result:
    """chunk, split, split_with_sizes, tensor_split, unsafe_*: torch computed how long each piece is."""
    call.ignore(*(name for name in call.arguments if name not in ("self", "dim")))
    x = call.value(any_type=True)
    axis = call.axis("dim", len(x.shape))
    if len(call.shapes) == 1:
        return (x,)
    points = tuple(accumulate(shape[axis] for shape in call.shapes[:-1]))
    if min(shape[axis] for shape in call.shapes) == 0:
        raise call.refused("one of its pieces is empty", why="Caffe has no blob without numbers", kind=EMPTY)
    return build.add_many(Slice(slice_point=points, axis=axis), x, tops=len(call.shapes))


HANDLERS: Mapping[str, Handler] = {
    "aten.flatten.using_ints": reshaped,
    "aten.view.default": reshaped,
    "aten.view_as.default": reshaped,
    "aten._unsafe_view.default": reshaped,
    "aten.reshape.default": reshaped,
    "aten.reshape_as.default": reshaped,
    "aten.squeeze.default": reshaped,
    "aten.squeeze.dim": reshaped,
    "aten.squeeze.dims": reshaped,
    "aten.unsqueeze.default": reshaped,
    "aten.unflatten.int": reshaped,
    "aten.cat.default": cat,
    "aten.concat.default": cat,
    "aten.concatenate.default": cat,
    "aten.chunk.default": pieces,
    "aten.split.Tensor": pieces,
    "aten.split.sizes": pieces,
    "aten.split_with_sizes.default": pieces,
    "aten.tensor_split.sections": pieces,
    "aten.tensor_split.indices": pieces,
    "aten.unsafe_chunk.default": pieces,
    "aten.unsafe_split.Tensor": pieces,
    "aten.unsafe_split_with_sizes.default": pieces,
}
