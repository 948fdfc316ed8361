"""The modules that a state_dict speaks of: keys with one prefix, grouped, in the order of registration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from converters.weights.tensors import Tensor

ModuleKind = Literal["filter", "batchnorm", "affine", "plain", "lstm"]
COUNTER = "num_batches_tracked"

_ROLES = ("weight", "bias", "running_mean", "running_var", COUNTER)
_KINDS = re.compile(r"conv[123]d|conv|batch_?norm([123]d)?|norm|bn|linear|fc")
_RECURRENT = re.compile(r"(?:(.*)\.)?(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(_l\d+(?:_reverse)?)?")


class Module(Struct, frozen=True, kw_only=True, eq=False):
    """One module, or one bare parameter, with its tensors by their role; `keys` are theirs in the state_dict.

    filter: a convolution, a matrix or a table (weight of 2 axes or more). affine: weight and bias of one axis.
    plain: one tensor of any shape.
    """

    name: str
    kind: ModuleKind
    place: int
    tensors: Mapping[str, Tensor]
    keys: tuple[str, ...]

    @property
    def parent(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def leaf(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def main(self) -> Tensor:
        """The tensor that says the most: the weight, or for BatchNorm the mean."""
        first = {"batchnorm": "running_mean", "lstm": "weight_ih"}.get(self.kind, "weight")
        return self.tensors[first]

    def __str__(self) -> str:
        shapes = " ".join(f"{role}{list(tensor.shape)}" for role, tensor in self.tensors.items() if role != COUNTER)
        return f"{self.name} ({shapes})"


def modules_of(tensors: Mapping[str, Tensor]) -> list[Module]:
    """The modules of a state_dict in its order; keys that form no module that we know are modules by themselves."""
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for key in tensors:
        prefix, role, part = _split(key)
        groups.setdefault((prefix, part), {})[role] = key
    parts: dict[str, int] = {}
    for prefix, part in groups:
        parts[prefix] = parts.get(prefix, 0) + (part.startswith("_l"))
    found: list[Module] = []
    for (prefix, part), keys in groups.items():
        name = f"{prefix}.{part.lstrip('_')}".lstrip(".") if part.startswith("_l") and parts[prefix] > 1 else prefix
        found += _modules(name, part, {role: (key, tensors[key]) for role, key in keys.items()}, len(found))
    return found


def _split(key: str) -> tuple[str, str, str]:
    """Prefix, role and part of a key; the part distinguishes the layers of one LSTM, and its tensors from others."""
    if recurrent := _RECURRENT.fullmatch(key):
        return recurrent[1] or "", recurrent[2], recurrent[3] or "cell"
    prefix, _, role = key.rpartition(".")
    return (prefix, role, "") if role in _ROLES else (key, "weight", "bare")


def _modules(name: str, part: str, held: dict[str, tuple[str, Tensor]], place: int) -> list[Module]:
    kind = _kind(part, {role: tensor for role, (_, tensor) in held.items()})
    if kind is None:
        return [
            Module(name=key, kind="plain", place=place + step, tensors={"weight": tensor}, keys=(key,))
            for step, (key, tensor) in enumerate(held.values())
        ]
    tensors = {role: tensor for role, (_, tensor) in held.items()}
    keys = tuple(key for key, _ in held.values())
    return [Module(name=name or keys[0], kind=kind, place=place, tensors=tensors, keys=keys)]


def _kind(part: str, tensors: Mapping[str, Tensor]) -> ModuleKind | None:
    roles = tensors.keys()
    if part == "bare":
        return "plain"
    if part:
        gates = tensors["weight_ih"].shape[0] if {"weight_ih", "weight_hh"} <= roles else 0
        is_lstm = gates and "weight_hr" not in roles and gates == 4 * tensors["weight_hh"].shape[1]
        return "lstm" if is_lstm else None
    has_weight, has_bias = "weight" in roles, "bias" in roles
    if {"running_mean", "running_var"} <= roles:
        return "batchnorm" if has_weight == has_bias else None
    if not has_weight or COUNTER in roles:
        return None
    axes = len(tensors["weight"].shape)
    if axes >= 2:
        return "filter"
    return ("affine" if axes else None) if has_bias else "plain"


def aliases(modules: list[Module]) -> dict[Module, Module]:
    """Modules whose numbers are all an earlier module's very own (tied weights), with that module."""
    first: dict[object, Module] = {}
    found = {}
    for module in modules:
        places = tuple((role, tensor.place, tensor.shape) for role, tensor in module.tensors.items())
        if any(place is None for _, place, _ in places):
            continue
        if (owner := first.setdefault(places, module)) is not module:
            found[module] = owner
    return found


def batch_norm_of(modules: list[Module]) -> dict[Module, Module]:
    """For a filter the BatchNorm that surely follows it, by the order in which they are registered and their names.

    Sure is what stands right behind its filter in the same parent, with as many channels (a transposed convolution's
    are on its second axis, which only the layer that takes it can tell), and is the only pair there
    (`conv`, `norm`), or has the same number (`conv1`, `bn1`), or the next one in a Sequential (`0`, `1`).
    """
    by_parent: dict[str, list[Module]] = {}
    for module in modules:
        by_parent.setdefault(module.parent, []).append(module)
    pairs = {}
    for family in by_parent.values():
        filters = [module for module in family if module.kind == "filter"]
        norms = [module for module in family if module.kind == "batchnorm"]
        alone = len(filters) == len(norms) == 1
        for norm in norms:
            before = [module for module in filters if module.place < norm.place and _channels_fit(module, norm)]
            for own in before:
                behind = own.place == norm.place - 1
                if (behind and (alone or _next_in_sequence(own, norm))) or _same_number(own, norm):
                    pairs[own] = norm
    return pairs


def _channels_fit(own: Module, norm: Module) -> bool:
    bias = own.tensors.get("bias")
    channels = norm.main.shape[0]
    return channels in (bias.shape if bias is not None else own.main.shape[:2])


def _next_in_sequence(own: Module, norm: Module) -> bool:
    return own.leaf.isdecimal() and norm.leaf.isdecimal() and int(norm.leaf) == int(own.leaf) + 1


def _same_number(own: Module, norm: Module) -> bool:
    """`conv1` and `bn1`, `conv_a` and `bn_a`, `left_conv` and `left_norm`: alike but for the word of their kind."""
    bare = [_KINDS.sub("", module.leaf.lower()).strip("_") for module in (own, norm)]
    return bare[0] == bare[1] != ""
