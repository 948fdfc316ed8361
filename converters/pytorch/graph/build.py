"""What a handler of an ATen operation works with: the call that it reads, and the net that it adds to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from msgspec import Struct, field

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.errors import NoteKind, Origin, Problem
from caffe_ir.free_names import FreeNames
from caffe_ir.layer import Layer
from caffe_ir.layers import Flatten, Parameter, Reshape
from caffe_ir.net import Net
from caffe_ir.node import Node
from converters.pytorch.graph.weight_sources import WeightSources


class Value(Struct, frozen=True, kw_only=True):
    """A tensor that depends on the net's inputs: the blob that holds it, its shape, its type in torch."""

    blob: str
    shape: Shape
    dtype: torch.dtype = torch.float32


class Missing(Struct, frozen=True, kw_only=True):
    """A result that Caffe cannot hold, such as the indices of a maximum; told only if somebody reads it."""

    what: str
    why: str = ""
    hint: str = ""


Operand = Value | torch.Tensor | float | int | bool
Result = Value | Missing | Sequence[Value | Missing]


class Refused(Exception):
    """A call that no Caffe net can hold; the walk goes on behind it, so that all of them are told together."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class Given(Struct, frozen=True, kw_only=True):
    """One argument of a call: its schema's default, and what stands there now."""

    value: object
    default: object = None
    has_default: bool = False


class Call(Struct, kw_only=True):
    """One ATen call. Arguments go by their names in the operation's schema, and each one read is remembered.

    What nobody read must be at its default: `unread` names the others.
    """

    name: str
    op: str
    origin: Origin
    arguments: Mapping[str, Given]
    shapes: tuple[Shape, ...]
    dtypes: tuple[torch.dtype, ...]
    wanted: frozenset[int] = frozenset({0})
    """The numbers of the results that something reads, of several."""
    read: set[str] = field(default_factory=set)

    @property
    def shape(self) -> Shape:
        """The shape of the (first) result, as torch has it."""
        return self.shapes[0]

    # ---- arguments ------------------------------------------------------------------------------------------------

    def argument(self, name: str) -> object:
        """An argument as it is. Raises KeyError where the schema has none of that name."""
        self.read.add(name)
        if name not in self.arguments:
            raise KeyError(f"{self.op} has no argument {name}, only {', '.join(self.arguments)}")
        return self.arguments[name].value

    def ignore(self, *names: str) -> None:
        """Arguments that change nothing in the result: memory formats, devices, the choice of a kernel."""
        self.read.update(names)

    def value(self, name: str = "self", *, any_type: bool = False) -> Value:
        """An argument that depends on the net's inputs, of a floating type unless `any_type`. Raises Refused."""
        found = self.argument(name)
        if not isinstance(found, Value):
            raise self.refused(f"its {name} is {_shown(found)}", why="a tensor that the inputs lead to belongs there")
        return found if any_type else self._floating(name, found)

    def values(self, name: str, *, any_type: bool = False) -> list[Value | torch.Tensor]:
        """A list of tensors, each an activation or a constant. Raises Refused."""
        found = self.argument(name)
        assert isinstance(found, list | tuple), f"{self.op}: {name} is no list"
        return [self._floating(name, item) if isinstance(item, Value) and not any_type else item for item in found]

    def operand(self, name: str, *, any_type: bool = False) -> Operand:
        """An activation, a constant tensor or a number. Raises Refused."""
        found = self.argument(name)
        if isinstance(found, Value):
            return found if any_type else self._floating(name, found)
        assert isinstance(found, torch.Tensor | float | int), f"{self.op}: {name} is {_shown(found)}"
        return found

    def tensor(self, name: str) -> torch.Tensor:
        """A constant: weights. Raises Refused where it depends on the net's inputs."""
        found = self.optional_tensor(name)
        assert found is not None, f"{self.op}: {name} is None"
        return found

    def optional_tensor(self, name: str) -> torch.Tensor | None:
        """A constant, or None. Raises Refused where it depends on the net's inputs."""
        found = self.argument(name)
        if isinstance(found, Value):
            raise self.refused(
                f"its {name} depends on the net's input",
                why="a Caffe layer keeps its weights in the caffemodel",
                hint=f"make {name} a parameter or a buffer, or state the product with matmul",
            )
        assert found is None or isinstance(found, torch.Tensor), f"{self.op}: {name} is {_shown(found)}"
        return found

    def integer(self, name: str) -> int:
        found = self.argument(name)
        assert isinstance(found, int), f"{self.op}: {name} is {_shown(found)}"
        return int(found)

    def number(self, name: str) -> float:
        found = self.argument(name)
        if isinstance(found, torch.Tensor) and found.numel() == 1:
            return float(found.item())
        assert isinstance(found, int | float), f"{self.op}: {name} is {_shown(found)}"
        return float(found)

    def optional_number(self, name: str) -> float | None:
        return None if self.argument(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        return bool(self.argument(name))

    def text(self, name: str) -> str:
        found = self.argument(name)
        assert isinstance(found, str), f"{self.op}: {name} is {_shown(found)}"
        return found

    def integers(self, name: str, count: int | None = None) -> tuple[int, ...]:
        """A list of integers; one integer stands for `count` equal ones, an empty list stays empty."""
        found = self.argument(name)
        items = tuple(found) if isinstance(found, list | tuple) else (found,)
        assert all(isinstance(item, int) for item in items), f"{self.op}: {name} is {_shown(found)}"
        return items * count if count is not None and len(items) == 1 else items

    def axis(self, name: str, rank: int) -> int:
        """An axis, counted from the front."""
        axis = self.integer(name)
        return axis + rank if axis < 0 else axis

    def axes(self, name: str, rank: int) -> tuple[int, ...]:
        """Axes, counted from the front and sorted; none given, or None, means all of them."""
        found = self.argument(name)
        if found is None or found == []:
            return tuple(range(rank))
        return tuple(sorted(axis % rank for axis in self.integers(name)))

    def unread(self) -> list[str]:
        """The arguments that no handler read though they are not at their default, as `name=value`."""
        return [
            f"{name}={_shown(given.value)}"
            for name, given in self.arguments.items()
            if name not in self.read and not (given.has_default and _same(given.value, given.default))
        ]

    def exact(self) -> bool:
        """Whether Caffe's floats count as the result's type does: floating, or integers that never wrap in practice."""
        return self.dtypes[0].is_floating_point or self.dtypes[0] in (torch.int32, torch.int64)

    # ---- refusing -------------------------------------------------------------------------------------------------

    def refused(self, what: str, *, why: str = "", hint: str = "") -> Refused:
        """The exception to raise; `what` goes on from the operation's name."""
        told = what if self.origin.layer == self.origin.what else f"{self.origin.layer}: {what}"
        return Refused(Problem(what=told, why=why, hint=hint, origin=self.origin))

    def _floating(self, name: str, value: Value) -> Value:
        if value.dtype.is_floating_point:
            return value
        kind = str(value.dtype).removeprefix("torch.")
        raise self.refused(
            f"its {name} is of type {kind}",
            why="Caffe computes in floating point, and integers would be rounded otherwise",
            hint="turn it into float before: .float()",
        )


class Build(Struct, kw_only=True):
    """Adds layers for one call to the net. Every layer carries the call's origin and a name that derives from it."""

    net: Net
    origin: Origin
    names: FreeNames
    weights: dict[Blob, torch.Tensor]
    """The tensor behind each blob made here: where one is met twice, the weights are shared."""
    sources: WeightSources = field(default_factory=WeightSources)

    def add(self, layer: Layer, *bottoms: Value, blobs: Sequence[Blob] = (), suffix: str = "") -> Value:
        """Append a layer with one top. The call's last layer has no suffix, those before it say what they are for."""
        name = self._free(suffix)
        self._append(layer, name, (name,), bottoms, blobs)
        return Value(blob=name, shape=self.net.shapes[name])

    def add_many(
        self, layer: Layer, *bottoms: Value, tops: int, blobs: Sequence[Blob] = (), suffix: str = ""
    ) -> tuple[Value, ...]:
        """Append a layer with several tops: `name_0`, `name_1` ..."""
        name = self._free(suffix)
        written = tuple(self._unique(f"{name}_{number}") for number in range(tops))
        self._append(layer, name, written, bottoms, blobs)
        return tuple(Value(blob=top, shape=self.net.shapes[top]) for top in written)

    def blob(self, tensor: torch.Tensor, *, constant: bool = False) -> Blob:
        """Weights that stay where torch has them; half precision becomes float32 when asked for.

        `constant` says that the numbers depend on no tensor of the model, which of the model's own is known.
        """
        held = tensor.detach()

        def load() -> Array:
            whole = held.cpu().contiguous()
            return np.asarray((whole if whole.dtype in (torch.float32, torch.float64) else whole.float()).numpy())

        key, same = self.sources.source_of(held)
        blob = Blob(shape=tuple(held.shape), load=load, key=key, constant=constant or same)
        self.weights[blob] = held
        return blob

    def constant(self, tensor: torch.Tensor, *, suffix: str = "constant") -> Value:
        """A constant as a value: a Parameter layer."""
        shape = tuple(tensor.shape)
        return self.add(Parameter(shape=shape), blobs=(self.blob(tensor),), suffix=suffix)

    def as_value(self, operand: Value | torch.Tensor, *, suffix: str = "constant") -> Value:
        """The operand itself, or its Parameter layer where it is a constant."""
        return operand if isinstance(operand, Value) else self.constant(operand, suffix=suffix)

    def reshape(self, value: Value, shape: Shape, *, suffix: str = "") -> Value:
        """The same numbers under another shape; the value itself where nothing changes."""
        if value.shape == shape:
            return value
        if len(shape) == 2 and len(value.shape) > 2 and shape[0] == value.shape[0]:
            return self.add(Flatten(), value, suffix=suffix)
        kept = value.shape[:1] == shape[:1]
        return self.add(Reshape(shape=(0, *shape[1:]) if kept else shape), value, suffix=suffix)

    def note(self, kind: NoteKind, text: str) -> None:
        self.net.note(kind, text, self.origin)

    def _append(
        self, layer: Layer, name: str, tops: tuple[str, ...], bottoms: Sequence[Value], blobs: Sequence[Blob]
    ) -> None:
        read = tuple(bottom.blob for bottom in bottoms)
        self.net.append(Node(name=name, layer=layer, bottoms=read, tops=tops, blobs=tuple(blobs), origin=self.origin))

    def _free(self, suffix: str) -> str:
        return self._unique(f"{self.origin.layer}_{suffix}" if suffix else self.origin.layer)

    def _unique(self, wanted: str) -> str:
        return self.names.take(wanted)


def _same(value: object, default: object) -> bool:
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return list(value) == list(default)
    return type(value) in (type(default), int, float, bool) and value == default


def _shown(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return f"a constant of shape {tuple(value.shape)}"
    return f"a tensor of shape {value.shape}" if isinstance(value, Value) else repr(value)
