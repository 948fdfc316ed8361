"""What torch.export cannot look up while it traces: the numbers in tensors that the module holds.

To torch.export, how many cells a mask chooses is an open size even where the mask is a buffer, and `if self.flag` has
no answer. Here each function that the traced module calls is seen first. Of a tensor that derives from the module's own
and from nothing else, the numbers are computed beside the trace; choices by such masks become choices by places, and
numbers that are taken out of such tensors become Python's. What draws random numbers is not known, nor what is
written to through a view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch
from msgspec import Struct
from msgspec.structs import replace
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

READS = frozenset({"item", "tolist", "__bool__", "__int__", "__float__", "__index__"})
OPEN_SIZES = frozenset({"nonzero", "argwhere", "unique", "unique_consecutive", "bincount", "masked_select"})
NOT_WRITING = frozenset({"__invert__", "__int__", "__index__", "__iter__"})
FACTORIES = frozenset({"tensor", "as_tensor", "arange", "zeros", "ones", "full", "eye", "linspace"})
Result = TypeVar("Result")
Given = tuple[tuple[Any, ...], dict[str, Any]]


class Made(Struct, frozen=True, kw_only=True):
    """A tensor of the trace, and the call that made it from known ones. It is computed when somebody asks."""

    traced: torch.Tensor
    func: Callable[..., Any]
    given: Given
    place: int
    """Which of the call's results it is."""
    numbers: torch.Tensor | None = None
    """Its numbers, where they are known once and for all: what it was made of has been written to since, or itself."""


class KnownTensors(TorchFunctionMode):
    """While it is entered, what `module` computes from its parameters, its buffers and literals alone has numbers."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self._module = module
        self._held = dict(_named(module))
        self._made: dict[int, Made] = {}
        self._written = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given: Given = (tuple(args), dict(kwargs or {}))
        name, tensors = _name(func), _tensors(given)
        if not self._written and tensors and _writes(name, given) and self._is_known(tensors[0]):
            if self._rewritten(func, given):
                return func(*given[0], **given[1])
            self._written = True  # what was known of it, and of its views, is no longer so
        if self._written or not (tensors or name in FACTORIES):
            return func(*given[0], **given[1])
        known = all(map(self._is_known, tensors))
        if known and (name in READS or name in OPEN_SIZES or (name == "where" and len(given[0]) == 1)):
            found = self._computed(func, given)
            if found is not None:
                return found
        traced = self._by_places(func, name, given)
        for place, tensor in enumerate(_tensors(traced) if known else ()):
            self._made[id(tensor)] = Made(traced=tensor, func=func, given=given, place=place)
        return traced

    def _rewritten(self, func: Callable[..., Any], given: Given) -> bool:
        """Let a known tensor that has its memory for itself have the numbers that a call writes; False for others."""
        args, kwargs = given
        written, made = args[0], self._made.get(id(args[0])) if args else None
        if made is None or kwargs or not all(map(self._is_known, _tensors(given))):
            return False
        readers = [one for one in self._made.values() if any(held is written for held in _tensors(one.given))]
        if any(map(self._is_view, (made, *readers))):
            return False
        before = self._numbers(written)
        others = {id(tensor): self._numbers(tensor) for tensor in _tensors(given) if tensor is not written}
        told = {id(one.traced): self._numbers(one.traced) for one in readers}
        if before is None or any(held is None for held in (*others.values(), *told.values())):
            return False

        def after() -> torch.Tensor:
            fresh = before.clone()
            func(*tree_map(lambda leaf: fresh if leaf is written else others.get(id(leaf), leaf), args))
            return fresh

        fresh = _beside_the_trace(lambda: _unless_random(after))
        if fresh is None:
            return False
        for one in readers:
            self._made[id(one.traced)] = replace(one, numbers=told[id(one.traced)])
        self._made[id(written)] = replace(made, numbers=fresh)
        return True

    def _is_view(self, made: Made) -> bool:
        """Whether what a call gave lies in the memory of what it was given."""
        if made.numbers is not None:
            return False
        given = {id(tensor): self._numbers(tensor) for tensor in _tensors(made.given)}
        if any(held is None for held in given.values()):
            return True
        args, kwargs = tree_map(lambda leaf: given.get(id(leaf), leaf), made.given)
        found = _beside_the_trace(lambda: _tensors(made.func(*args, **kwargs)))
        places = {held.untyped_storage().data_ptr() for held in given.values() if held is not None}
        return any(one.untyped_storage().data_ptr() in places for one in found)

    def _by_places(self, func: Callable[..., Any], name: str, given: Given) -> Any:
        """The call as it is traced: a choice by known masks is one by places."""
        args, kwargs = given
        if name == "__getitem__":
            return func(args[0], self._places(args[1]))
        if name == "index" and len(args) > 1 and isinstance(args[1], list | tuple):  # aten.index.Tensor of a graph
            return func(args[0], list(self._places(tuple(args[1]))))
        if name == "repeat_interleave" and len(args) > 1 and isinstance(args[1], torch.Tensor):
            return self._repeated(func, given)
        if name == "masked_select" and (mask := self._numbers(_tensors(given)[-1])) is not None:
            return self._selected(_tensors(given)[0], mask)
        return func(*args, **kwargs)

    def _is_known(self, tensor: torch.Tensor) -> bool:
        return id(tensor) in self._made or any(held is tensor for _, held in _named(self._module))

    def _numbers(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """A known tensor's numbers; None for another one."""
        if (made := self._made.get(id(tensor))) is not None:
            if made.numbers is not None:
                return made.numbers
            found = self._computed(made.func, made.given)
            return None if found is None else _tensors(found)[made.place]
        name = next((name for name, held in _named(self._module) if held is tensor), None)
        return None if name is None else self._held[name]

    def _computed(self, func: Callable[..., Any], given: Given) -> Any:
        """What a call on known tensors gives, beside the trace; None where it draws random numbers."""
        numbers = {id(tensor): self._numbers(tensor) for tensor in _tensors(given)}
        if any(held is None for held in numbers.values()):
            return None
        args, kwargs = tree_map(lambda leaf: numbers.get(id(leaf), leaf), given)

        return _beside_the_trace(lambda: _unless_random(lambda: func(*args, **kwargs)))

    def _places(self, index: Any) -> Any:
        """An index whose known masks are the places that they choose."""
        if not isinstance(index, tuple):
            places = self._places_of(index)
            return places[0] if len(places) == 1 else tuple(places)
        return tuple(place for item in index for place in self._places_of(item))

    def _places_of(self, item: Any) -> Sequence[Any]:
        if isinstance(item, list) and item and all(isinstance(flag, bool) for flag in item):
            return _beside_the_trace(lambda: torch.tensor(item).nonzero(as_tuple=True))
        if not isinstance(item, torch.Tensor) or item.dtype != torch.bool or item.dim() == 0:
            return [item]
        mask = self._numbers(item)
        if mask is None:
            return [item]
        return _beside_the_trace(lambda: mask.nonzero(as_tuple=True))

    def _repeated(self, func: Callable[..., Any], given: Given) -> Any:
        """Each place of an axis as often as a known tensor says."""
        (x, repeats, *rest), kwargs = given
        times, dim = self._numbers(repeats), rest[0] if rest else kwargs.get("dim")
        if times is None or not isinstance(x, torch.Tensor):
            return func(*given[0], **kwargs)
        line, axis = (x.reshape(-1), 0) if dim is None else (x, dim)
        count = line.shape[axis]
        return line.index_select(axis, _beside_the_trace(lambda: torch.arange(count).repeat_interleave(times)))

    def _selected(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        shape = np.broadcast_shapes(x.shape, mask.shape)
        places = _beside_the_trace(lambda: mask.expand(shape).nonzero(as_tuple=True))
        return x.expand(shape)[places]


def _beside_the_trace(work: Callable[[], Result]) -> Result:
    """What work computes with real numbers. The modes that trace belong to a thread; a new one has none of them."""

    def without_gradients() -> Result:
        with torch.no_grad():
            return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(without_gradients).result()


def _named(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]


def _unless_random(work: Callable[[], Result]) -> Result | None:
    """What work computes; None where it draws random numbers."""
    before = torch.get_rng_state()
    found = work()
    random = not torch.equal(before, torch.get_rng_state())
    torch.set_rng_state(before)
    return None if random else found


def _name(func: Callable[..., Any]) -> str:
    """`index` of torch.index and of torch.ops.aten.index.Tensor."""
    packet = getattr(func, "overloadpacket", func)
    return str(getattr(packet, "__name__", ""))


def _tensors(given: object) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(given) if isinstance(leaf, torch.Tensor)]


def _writes(name: str, given: Given) -> bool:
    """Whether a call writes to its first tensor: `add_`, `x[i] =`, `x |= y`, inplace=, out=."""
    plain = name.endswith("_") and not name.endswith("__")
    dunder = name in ("__setitem__", "__set__") or (name.startswith("__i") and name not in NOT_WRITING)
    return plain or dunder or bool(given[1].get("inplace")) or given[1].get("out") is not None
