"""Weights from a checkpoint into a model: found in their nest, freed of prefixes, or refused as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from msgspec import Struct

from caffe_ir.errors import ConversionError, Note, Problem, Problems
from caffe_ir.near_misses import did_you_mean, near_misses
from converters.pytorch.unfit import refuse_without_shapes

Tensors = dict[str, torch.Tensor]
DEEPEST = 3
ENOUGH = 20
"""So many keys of the model are enough to find a prefix by."""
UNUSED = "num_batches_tracked"
"""Counts the batches of the training; no output depends on it, and old checkpoints lack it."""
SHOWN = 8
"""So many keys of a checkpoint are listed; of more weights that do not fit it is said how many there are."""
TOP = "."
"""How the tensors that lie in no nest and have no prefix are called."""


class Fit(Struct, frozen=True, kw_only=True):
    """Some of a checkpoint's tensors under the names that they may have in the model."""

    nest: str
    prefix: str
    tensors: Tensors
    hits: int
    """So many of the model's names are among them."""
    alike: int
    """Of so many the shape is the model's, too."""

    @property
    def label(self) -> str:
        """The path of keys to them, the prefix at its end."""
        return ".".join(part for part in (self.nest, self.prefix.rstrip(".")) if part) or TOP


def load_weights(module: torch.nn.Module, checkpoint: Mapping[str, Any], *, key: str = "") -> list[Note]:
    """Put the tensors of a checkpoint into the module, without copying them; says what was taken and what was left.

    `key` says which, where a checkpoint has several that fit: a path of keys, the prefix at its end ("ema",
    "model.state_dict", "state_dict.student"). A tensor of another floating type becomes the module's, as
    load_state_dict does it.
    Raises ConversionError with every missing key and wrong shape, and the names that come near.
    """
    refuse_without_shapes(module)
    wanted = {name: own for name, own in module.state_dict().items() if isinstance(own, torch.Tensor)}
    found = nests(checkpoint)
    if not found:
        raise ConversionError(_no_tensors(checkpoint))
    fits = [fit for nest, tensors in found.items() for fit in _fits(nest, tensors, wanted)]
    fit = _chosen(_keyed(fits, key), wanted)
    tensors = {**fit.tensors, **_tied(module, fit.tensors)}
    _refuse_misfits(tensors, wanted)
    notes = [*_taken(fit), *_types_told(tensors, wanted)]
    given = {name: _of_type(tensors[name], own.dtype) for name, own in wanted.items() if name in tensors}
    module.load_state_dict(given, strict=False, assign=True)
    left = sorted(tensors.keys() - wanted.keys())
    if left:
        shown = ", ".join(left[:5]) + (" ..." if len(left) > 5 else "")
        text = f"the model has no place for {len(left)} tensor{'s' * (len(left) > 1)} of the checkpoint: {shown}"
        notes.append(Note(kind="warning", text=text))
    return notes


def _no_tensors(checkpoint: Mapping[str, Any]) -> Problem:
    keys = [str(key) for key in islice(checkpoint, SHOWN)]
    why = f"its keys are {', '.join(keys)}" if keys else "it is empty"
    if {"state", "param_groups"} <= checkpoint.keys():
        why = "it is the state of an optimizer"
    hint = "give the model's weights: torch.save(model.state_dict(), 'weights.pth')"
    return Problem(what="the checkpoint has no tensors by name", why=why, hint=hint)


def nests(checkpoint: Mapping[str, Any], path: str = "", depth: int = 0) -> dict[str, Tensors]:
    """Every state_dict inside a checkpoint, by its path of keys; that of the checkpoint itself is empty."""
    tensors = {str(key): value for key, value in checkpoint.items() if isinstance(value, torch.Tensor)}
    found = {path: tensors} if tensors else {}
    for key, value in checkpoint.items():
        inner = value.state_dict() if isinstance(value, torch.nn.Module) else value
        if isinstance(inner, Mapping) and depth < DEEPEST:
            found |= nests(inner, f"{path}.{key}" if path else str(key), depth + 1)
    return found


def _fits(nest: str, tensors: Tensors, wanted: Mapping[str, torch.Tensor]) -> Iterator[Fit]:
    """The tensors as they are called, and without each prefix that stands before the model's own names ("module.")."""
    first = list(islice(wanted, ENOUGH))
    prefixes = {key.removesuffix(own) for own in first for key in tensors if key.endswith(f".{own}")}
    for prefix in ("", *sorted(prefixes)):
        held = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        common = held.keys() & wanted.keys()
        alike = sum(held[name].shape == wanted[name].shape for name in common)
        yield Fit(nest=nest, prefix=prefix, tensors=held, hits=len(common), alike=alike)


def _keyed(fits: Sequence[Fit], key: str) -> Sequence[Fit]:
    """Those of a nest or with the prefix that the user names. Raises ConversionError where there are none."""
    found = [fit for fit in fits if key in (fit.label, fit.nest)] if key else fits
    if found:
        return found
    labels = list(dict.fromkeys(fit.label for fit in fits if fit.hits or not fit.prefix))
    ends = [label for label in labels if label.endswith(f".{key}")]
    hint = did_you_mean(ends[0] if ends else key, labels, "--weights-key {}")
    why = f"it has {', '.join(labels[:SHOWN])}" + (f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else "")
    if labels == [TOP]:
        why, hint = "it is one itself, with none inside", "leave --weights-key out"
    raise ConversionError(Problem(what=f"the checkpoint has no state_dict {key}", why=why, hint=hint))


def _chosen(fits: Sequence[Fit], wanted: Mapping[str, torch.Tensor]) -> Fit:
    """The one that fits best, first by names. Raises ConversionError where several fit equally well, or none at all."""
    most = max((fit.hits, fit.alike) for fit in fits)
    best = [fit for fit in fits if (fit.hits, fit.alike) == most]
    if most[0] == 0 and wanted:
        own, theirs = (", ".join(islice(names, 3)) for names in (wanted, best[0].tensors))
        raise ConversionError(
            Problem(
                what=f"none of the {len(wanted)} names that the model's weights have is in the checkpoint",
                why=f"the model has {own} ..., the checkpoint {theirs} ...",
                hint="is it the checkpoint of this model, and does the function make the variant that was trained?",
            )
        )
    if len(best) > 1:
        labels = [fit.label for fit in best]
        raise ConversionError(
            Problem(
                what=f"the checkpoint has {len(best)} sets of weights that fit: {', '.join(labels)}",
                why="they may differ, and only you know which one you mean",
                hint=f"say which, for example --weights-key {labels[0]}",
            )
        )
    return best[0]


def _taken(fit: Fit) -> Iterator[Note]:
    if fit.nest or fit.prefix:
        where = f"from {fit.nest}" if fit.nest else ""
        cut = f"without the prefix {fit.prefix}" if fit.prefix else ""
        yield Note(kind="assumed", text=f"weights taken {' '.join(part for part in (where, cut) if part)}")


def _types_told(tensors: Tensors, wanted: Mapping[str, torch.Tensor]) -> Iterator[Note]:
    pairs = [(tensors[name].dtype, own.dtype) for name, own in wanted.items() if name in tensors]
    for (theirs, own), count in Counter(pair for pair in pairs if _differ(*pair)).items():
        held, made = (str(dtype).removeprefix("torch.") for dtype in (theirs, own))
        text = f"{count} tensor{'s' * (count > 1)} of the checkpoint are {held}; the model has them as {made}"
        rounded = torch.promote_types(theirs, own) != own
        yield Note(kind="warning" if rounded else "assumed", text=text + (", rounded" if rounded else ""))


def _of_type(tensor: torch.Tensor, own: torch.dtype) -> torch.Tensor:
    return tensor.to(own) if _differ(tensor.dtype, own) else tensor


def _differ(theirs: torch.dtype, own: torch.dtype) -> bool:
    return theirs != own and theirs.is_floating_point and own.is_floating_point


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


def _refuse_misfits(tensors: Tensors, wanted: Mapping[str, torch.Tensor]) -> None:
    problems = Problems()
    spare = [key for key in tensors if key not in wanted]
    for key, own in wanted.items():
        if key not in tensors:
            if key.rpartition(".")[2] != UNUSED:
                alike = [name for name in spare if tensors[name].shape == own.shape]
                near = near_misses(key, alike) or near_misses(key, spare, alike=0.8)
                hint = f"the checkpoint has {near[0]} {tuple(tensors[near[0]].shape)}" if near else ""
                problems.add(f"missing: {key} {tuple(own.shape)}", hint=hint)
        elif tensors[key].shape != own.shape:
            shapes = f"{tuple(tensors[key].shape)} where the model has {tuple(own.shape)}"
            problems.add(f"wrong shape: {key} is {shapes}")
    if len(problems.found) > SHOWN:
        what = f"{len(problems.found)} of the model's {len(wanted)} weights do not fit"
        why = "the checkpoint seems to be of another variant of the model"
        hint = "give the function the arguments of the variant that was trained, as --arg NAME=VALUE"
        problems.add(what, why=why, hint=hint)
    problems.raise_if_any()
