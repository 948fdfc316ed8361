"""Weights from a checkpoint into a model: found in their nest, freed of prefixes, or refused as a whole."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import islice
from typing import Any

import torch

from caffe_ir.errors import ConversionError, Note, Problem, Problems

Tensors = dict[str, torch.Tensor]
DEEPEST = 3
ENOUGH = 20
"""So many keys of the model are enough to find a prefix by."""
UNUSED = "num_batches_tracked"
"""Counts the batches of the training; no output depends on it, and old checkpoints lack it."""


def load_weights(module: torch.nn.Module, checkpoint: Mapping[str, Any], *, key: str = "") -> list[Note]:
    """Put the tensors of a checkpoint into the module, without copying them; says what was taken and what was left.

    `key` names the nested state_dict to take where a checkpoint has several that fit ("ema", "model.state_dict").
    Raises ConversionError with every missing key and wrong shape, and the names that come near.
    """
    wanted = dict(module.state_dict())
    found = nests(checkpoint)
    if key:
        if key not in found:
            why = f"it has {', '.join(name or '(top)' for name in found) or 'none'}"
            raise ConversionError(Problem(what=f"the checkpoint has no state_dict {key}", why=why))
        found = {key: found[key]}
    if not found:
        raise ConversionError(Problem(what="the checkpoint has no tensors by name", hint="give a state_dict"))
    fits = {name: stripped(tensors, wanted) for name, tensors in found.items()}
    name = _chosen(fits, wanted)
    prefix, tensors = fits[name]
    tensors = {**tensors, **_tied(module, tensors)}
    _refuse_misfits(tensors, wanted)
    module.load_state_dict({key: tensors[key] for key in wanted if key in tensors}, strict=False, assign=True)
    notes = []
    if name or prefix:
        where = f"from {name}" if name else ""
        cut = f"without the prefix {prefix}" if prefix else ""
        notes.append(Note(kind="assumed", text=f"weights taken {' '.join(part for part in (where, cut) if part)}"))
    left = sorted(tensors.keys() - wanted.keys())
    if left:
        text = f"the model has no place for {len(left)} tensors of the checkpoint: {', '.join(left[:5])}"
        notes.append(Note(kind="warning", text=text + (" ..." if len(left) > 5 else "")))
    return notes


def nests(checkpoint: Mapping[str, Any], path: str = "", depth: int = 0) -> dict[str, Tensors]:
    """Every state_dict inside a checkpoint, by its path of keys; that of the checkpoint itself is empty."""
    tensors = {str(key): value for key, value in checkpoint.items() if isinstance(value, torch.Tensor)}
    found = {path: tensors} if tensors else {}
    for key, value in checkpoint.items():
        inner = value.state_dict() if isinstance(value, torch.nn.Module) else value
        if isinstance(inner, Mapping) and depth < DEEPEST:
            found |= nests(inner, f"{path}.{key}" if path else str(key), depth + 1)
    return found


def stripped(tensors: Tensors, wanted: Mapping[str, Any]) -> tuple[str, Tensors]:
    """The prefix that the keys have before the model's own ("module."), and the tensors without it."""
    if tensors.keys() & wanted.keys():
        return "", tensors
    prefixes = {key.removesuffix(own) for own in islice(wanted, ENOUGH) for key in tensors if key.endswith(f".{own}")}
    hits = {prefix: sum(f"{prefix}{own}" in tensors for own in wanted) for prefix in prefixes}
    if not hits:
        return "", tensors
    best = max(hits, key=lambda prefix: (hits[prefix], -len(prefix)))
    return best, {key.removeprefix(best): value for key, value in tensors.items() if key.startswith(best)}


def _chosen(fits: Mapping[str, tuple[str, Tensors]], wanted: Mapping[str, Any]) -> str:
    """The nest that fits best. Raises ConversionError where several fit equally well."""
    hits = {name: len(tensors.keys() & wanted.keys()) for name, (_, tensors) in fits.items()}
    best = [name for name, count in hits.items() if count == max(hits.values())]
    if len(best) > 1 and max(hits.values()) > 0:
        raise ConversionError(
            Problem(
                what=f"the checkpoint has {len(best)} sets of weights that fit: {', '.join(best)}",
                why="they may differ, and only you know which one you mean",
                hint=f"say which, for example --weights-key {best[0]}",
            )
        )
    return best[0]


def _tied(module: torch.nn.Module, tensors: Tensors) -> Tensors:
    """Tensors for the names under which the module holds a parameter a second time and the checkpoint does not."""
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    found = {}
    for group in names.values():
        given = next((tensors[name] for name in group if name in tensors), None)
        if given is not None:
            found.update({name: given for name in group if name not in tensors})
    return found


def _refuse_misfits(tensors: Tensors, wanted: Mapping[str, Any]) -> None:
    problems = Problems()
    spare = [key for key in tensors if key not in wanted]
    for key, own in wanted.items():
        if key not in tensors:
            if key.rpartition(".")[2] != UNUSED:
                alike = [name for name in spare if tensors[name].shape == own.shape]
                near = difflib.get_close_matches(key, alike, 1) or difflib.get_close_matches(key, spare, 1, 0.8)
                hint = f"the checkpoint has {near[0]} {tuple(tensors[near[0]].shape)}" if near else ""
                problems.add(f"missing: {key} {tuple(own.shape)}", hint=hint)
        elif tensors[key].shape != own.shape:
            shapes = f"{tuple(tensors[key].shape)} where the model has {tuple(own.shape)}"
            problems.add(f"wrong shape: {key} is {shapes}")
    problems.raise_if_any()
