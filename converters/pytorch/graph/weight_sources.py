"""Which tensors of a captured program are the checkpoint's own, which are the same for every checkpoint, and which were
computed from it.

What is only seen in another shape is still the checkpoint's own: the same numbers in the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from msgspec import Struct, field
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Node as FxNode

from caffe_ir.blob import Blob
from caffe_ir.tensors_behind import TensorsBehind

SAME_ORDER = frozenset(
    {
        "aten.view.default",
        "aten._unsafe_view.default",
        "aten.reshape.default",
        "aten.unsqueeze.default",
        "aten.squeeze.default",
        "aten.squeeze.dim",
        "aten.squeeze.dims",
        "aten.flatten.using_ints",
        "aten.unflatten.int",
        "aten.alias.default",
        "aten.detach.default",
        "aten.contiguous.default",
        "aten.clone.default",
        "aten._to_copy.default",
        "aten.to.dtype",
        "aten.expand.default",
    }
)
"""Calls that give their first argument's numbers in the same order, if they give as many."""

Place = tuple[int, int]
"""Where the numbers of a tensor begin, and how many there are."""


class WeightSources(Struct, kw_only=True):
    """What is known of tensors by where they lie. Those that were named to it must live as long as it is asked."""

    keys: dict[Place, str] = field(default_factory=dict)
    constants: set[int] = field(default_factory=set)
    """Storages that are the same for every checkpoint with the same tensors in `computed_from`."""
    computed_from: set[str] = field(default_factory=set)
    """The names of tensors from which something was computed that stands in the net."""
    stored: dict[str, torch.Tensor] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    same: dict[str, str] = field(default_factory=dict)
    """Names of stored tensors that are another one, with its name."""
    behind: dict[FxNode, frozenset[str]] = field(default_factory=dict)
    """The names of the checkpoint's tensors that a known value depends on."""

    def source_of(self, tensor: torch.Tensor) -> tuple[str, bool]:
        """The name of the checkpoint's tensor that it is, or none; and whether it is the same for every checkpoint.

        What the model computes beforehand is the same as long as the tensors in `computed_from` are.
        """
        key = self._key_of(tensor)
        self.used |= {key} - {""}
        return key, not key and tensor.untyped_storage().data_ptr() in self.constants

    def add_stored(self, program: ExportedProgram, held: Mapping[FxNode, Any]) -> None:
        """Take note of what the placeholders of a program hold."""
        specs = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
        for node, value in held.items():
            spec = specs[node.name]
            if spec.kind == InputKind.PARAMETER or (spec.kind == InputKind.BUFFER and spec.persistent is not False):
                name = str(spec.target)
                first = self._key_of(value)
                if first:
                    self.same[name] = first
                else:
                    self.stored[name] = value
                    self._add_key(value, name)
                self.behind[node] = frozenset({first or name})
            else:
                self.behind[node] = frozenset()
                self._add_constant(value)

    def add_folded(self, calls: Iterable[FxNode], folded: Mapping[FxNode, Any]) -> None:
        """Take note of what was computed beforehand, and of what the other calls make of it."""
        uses = Counter[str]()
        for node in calls:
            known = [item for item in node.all_input_nodes if item in self.behind]
            names = frozenset[str]().union(*(self.behind[item] for item in known))
            self.used |= names
            if node not in folded:
                direct = {key: folded[item].numel() for item in known if (key := self._key_of(folded.get(item)))}
                self.computed_from |= names - direct.keys()
                uses.update(key for key, count in direct.items() if count == 1)
                continue
            self.behind[node] = names
            key = self._key_of(folded.get(known[0])) if len(node.all_input_nodes) == len(known) == 1 else ""
            if key and _only_viewed(node, folded[node], folded[known[0]]):
                self._add_key(folded[node], key)
            else:
                self._add_constant(folded[node])
        # a number may end in a field of a layer: one that is used twice may be a weight at one place alone
        self.computed_from |= {name for name, count in uses.items() if count > 1}

    def tensors_behind(self) -> TensorsBehind:
        """The checkpoint's tensors for the net."""
        used = {name: _blob(self.stored[name]) for name in self.stored if name in self.used}
        counters = ("num_batches_tracked",)  # no output ever depends on them
        unused = tuple(name for name in self.stored if name not in self.used and not name.endswith(counters))
        return TensorsBehind(used=used, computed_from=set(self.computed_from), unused=unused, same=dict(self.same))

    def add_same(self, item: FxNode, given: FxNode) -> None:
        """Take note that two nodes hold the same."""
        if given in self.behind:
            self.behind[item] = self.behind[given]

    def _add_constant(self, value: Any) -> None:
        if isinstance(value, torch.Tensor) and value.numel():
            self.constants.add(value.untyped_storage().data_ptr())

    def _add_key(self, value: Any, key: str) -> None:
        if key and isinstance(value, torch.Tensor) and value.numel() and value.is_contiguous():
            self.keys.setdefault(_place(value), key)

    def _key_of(self, value: Any) -> str:
        known = isinstance(value, torch.Tensor) and value.is_contiguous()
        return self.keys.get(_place(value), "") if known else ""


def _blob(tensor: torch.Tensor) -> Blob:
    return Blob.computed(tuple(tensor.shape), lambda: tensor.detach().double().cpu().numpy())


def _only_viewed(node: FxNode, value: Any, given: Any) -> bool:
    """Whether a call gives the numbers that it is given, in their order."""
    return (
        str(node.target) in SAME_ORDER
        and isinstance(value, torch.Tensor)
        and isinstance(given, torch.Tensor)
        and 0 < value.numel() == given.numel()
        and value.is_floating_point()
        and given.is_floating_point()
        and value.is_contiguous()
    )


def _place(tensor: torch.Tensor) -> Place:
    return tensor.data_ptr(), tensor.numel()
