"""One ATen call as a handler reads it: its arguments by name, each one that was read remembered."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from msgspec import Struct, field

from caffe_ir.blob import Shape
from caffe_ir.error_kinds.kind import Kind
from caffe_ir.error_kinds.operations import DEPENDS_ON_INPUT, NOT_FLOATING, UNSUPPORTED_CASE
from caffe_ir.errors import Origin, Problem
from converters.pytorch.graph.value import Operand, Value


class Refused(Exception):
    """A call that no Caffe net can hold; the walk goes on behind it, so that all of them are reported together."""

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
        assert isinstance(found, list | tuple), f"{self.op}: {name} is not a list"
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
                hint=f"make {name} a parameter or a buffer, or write the product with matmul",
                kind=DEPENDS_ON_INPUT,
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

    def refused(self, what: str, *, why: str = "", hint: str = "", kind: Kind = UNSUPPORTED_CASE) -> Refused:
        """The exception to raise; `what` goes on from the operation's name."""
        told = what if self.origin.layer == self.origin.what else f"{self.origin.layer}: {what}"
        return Refused(Problem(kind=kind, what=told, why=why, hint=hint, origin=self.origin))

    def _floating(self, name: str, value: Value) -> Value:
        if value.dtype.is_floating_point:
            return value
        kind = str(value.dtype).removeprefix("torch.")
        raise self.refused(
            f"its {name} is of type {kind}",
            why="Caffe computes in floating point, and integers would be rounded otherwise",
            hint="turn it into float before: .float()",
            kind=NOT_FLOATING,
        )


def _same(value: object, default: object) -> bool:
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return list(value) == list(default)
    return type(value) in (type(default), int, float, bool) and value == default


def _shown(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return f"a constant of shape {tuple(value.shape)}"
    return f"a tensor of shape {value.shape}" if isinstance(value, Value) else repr(value)
