"""Weights from a checkpoint into a model: found in their nest, freed of prefixes, or refused as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import torch
from msgspec import Struct

from caffe_ir.blob import read_into
from caffe_ir.error_kinds.opening import WEIGHTS_DO_NOT_FIT
from caffe_ir.errors import ConversionError, Note, Problem, Problems
from caffe_ir.near_misses import near_misses
from converters.pytorch.capture.unfit import refuse_without_shapes
from converters.weights.sets import Tensors, WeightSet, sets_in, several
from converters.weights.tensors import Nested, Tensor

ENOUGH = 20
"""So many keys of the model are enough to find a prefix by."""
UNUSED = "num_batches_tracked"
"""Counts the batches of the training; no output depends on it, and old checkpoints lack it."""
SHOWN = 8
"""Of more weights that do not fit it is said how many there are."""


class Fit(Struct, frozen=True, kw_only=True):
    """A set of weights under the names that it may have in the model."""

    weights: WeightSet
    hits: int
    """So many of the model's names are among them."""
    alike: int
    """Of so many the shape is the model's, too."""


def load_weights(module: torch.nn.Module, checkpoint: Nested, *, key: str = "") -> list[Note]:
    """Read the tensors of a checkpoint into the module's own memory; says what was taken and what was left.

    `key` says which, where a checkpoint has several that fit, by its label (converters/weights/sets.py). A tensor of
    another floating type becomes the module's, as load_state_dict does it.
    Raises ConversionError with every missing key and wrong shape, and the names that come near.
    """
    refuse_without_shapes(module)
    wanted = {name: own for name, own in module.state_dict().items() if isinstance(own, torch.Tensor)}
    fits = [fit for one in sets_in(checkpoint, key) for fit in _fits(one, wanted)]
    weights = _chosen(fits, wanted)
    tensors = {**weights.tensors, **_tied(module, weights.tensors)}
    _refuse_misfits(tensors, wanted)
    notes = [*weights.notes(), *_types_told(tensors, wanted)]
    read: dict[int, torch.Tensor] = {}
    given = {name: _given(tensors[name], own, read) for name, own in wanted.items() if name in tensors}
    module.load_state_dict(given, strict=False, assign=True)
    left = sorted(tensors.keys() - wanted.keys())
    if left:
        shown = ", ".join(left[:5]) + (" ..." if len(left) > 5 else "")
        text = f"the model has no place for {len(left)} tensor{'s' * (len(left) > 1)} of the checkpoint: {shown}"
        notes.append(Note(kind="warning", text=text))
    return notes


# ---- which set -------------------------------------------------------------------------------------------------------


def _fits(one: WeightSet, wanted: Mapping[str, torch.Tensor]) -> Iterator[Fit]:
    """The tensors as they are called, and without each prefix that stands before the model's own names ("module.")."""
    first = list(islice(wanted, ENOUGH))
    prefixes = {name.removesuffix(own) for own in first for name in one.tensors if name.endswith(f".{own}")}
    for prefix in ("", *sorted(prefixes)):
        tensors = {name.removeprefix(prefix): each for name, each in one.tensors.items() if name.startswith(prefix)}
        common = tensors.keys() & wanted.keys()
        alike = sum(tensors[name].shape == wanted[name].shape for name in common)
        weights = WeightSet(nest=one.nest, prefix=one.prefix + prefix, tensors=tensors)
        yield Fit(weights=weights, hits=len(common), alike=alike)


def _chosen(fits: Sequence[Fit], wanted: Mapping[str, torch.Tensor]) -> WeightSet:
    """The one that fits best, first by names. Raises ConversionError where several fit equally well, or none at all."""
    most = max((fit.hits, fit.alike) for fit in fits)
    best = [fit.weights for fit in fits if (fit.hits, fit.alike) == most]
    if most[0] == 0 and wanted:
        own, theirs = (", ".join(islice(names, 3)) for names in (wanted, best[0].tensors))
        raise ConversionError(
            Problem(
                kind=WEIGHTS_DO_NOT_FIT,
                what=f"none of the {len(wanted)} names that the model's weights have is in the checkpoint",
                why=f"the model has {own} ..., the checkpoint {theirs} ...",
                hint="is it the checkpoint of this model, and does the function make the variant that was trained?",
            )
        )
    if len(best) > 1:
        raise ConversionError(several(" that fit", [one.label for one in best]))
    return best[0]


# ---- what is put where -----------------------------------------------------------------------------------------------


def _given(tensor: Tensor, own: torch.Tensor, read: dict[int, torch.Tensor]) -> torch.Tensor:
    """The numbers in the memory that the module has for them; in other memory where that has another type or none.

    `read` keeps the latter, so that a tensor under two names stays one.
    """
    theirs, target = _type_of(tensor), own.detach()
    if theirs != own.dtype and not _differ(theirs, own.dtype):
        return read.setdefault(id(tensor), _read(tensor))
    if own.is_meta or own.device.type != "cpu" or _repeats(own):
        return read.setdefault(id(tensor), _read(tensor).to(own.dtype))
    if tensor.span is not None and own.dtype == torch.float32 and own.is_contiguous():
        read_into(target.numpy(), tensor.span)
    else:
        target.copy_(_read(tensor))
    return target


def _read(tensor: Tensor) -> torch.Tensor:
    """The numbers in their own type, in memory of their own."""
    array = tensor.stored()
    array = array if array.flags.writeable and array.flags.c_contiguous else array.copy()
    return torch.from_numpy(array.reshape(-1)).view(_type_of(tensor)).reshape(tensor.shape)


def _type_of(tensor: Tensor) -> torch.dtype:
    kind: torch.dtype = getattr(torch, tensor.dtype)
    return kind


def _repeats(tensor: torch.Tensor) -> bool:
    """Whether several places of it are the same number, so that it cannot be written to."""
    return any(size > 1 and step == 0 for size, step in zip(tensor.shape, tensor.stride(), strict=True))


def _types_told(tensors: Tensors, wanted: Mapping[str, torch.Tensor]) -> Iterator[Note]:
    pairs = [(_type_of(tensors[name]), own.dtype) for name, own in wanted.items() if name in tensors]
    for (theirs, own), count in Counter(pair for pair in pairs if _differ(*pair)).items():
        held, made = (str(dtype).removeprefix("torch.") for dtype in (theirs, own))
        text = f"{count} tensor{'s' * (count > 1)} of the checkpoint are {held}; the model has them as {made}"
        wide, narrow = torch.finfo(theirs), torch.finfo(own)
        rounded = narrow.eps > wide.eps or narrow.max < wide.max
        yield Note(kind="warning" if rounded else "assumed", text=text + (", rounded" if rounded else ""))


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
                alike = [name for name in spare if tensors[name].shape == tuple(own.shape)]
                near = near_misses(key, alike) or near_misses(key, spare, alike=0.8)
                hint = f"the checkpoint has {near[0]} {tensors[near[0]].shape}" if near else ""
                problems.add(f"missing: {key} {tuple(own.shape)}", hint=hint, kind=WEIGHTS_DO_NOT_FIT)
        elif tensors[key].shape != tuple(own.shape):
            shapes = f"{tensors[key].shape} where the model has {tuple(own.shape)}"
            problems.add(f"wrong shape: {key} is {shapes}", kind=WEIGHTS_DO_NOT_FIT)
        elif not isinstance(getattr(torch, tensors[key].dtype, None), torch.dtype):
            problems.add(
                f"{key} is of the type {tensors[key].dtype}, which torch does not have", kind=WEIGHTS_DO_NOT_FIT
            )
    if len(problems.found) > SHOWN:
        what = f"{len(problems.found)} of the model's {len(wanted)} weights do not fit"
        why = "the checkpoint seems to be of another variant of the model"
        hint = "give the function the arguments of the variant that was trained, as --arg NAME=VALUE"
        problems.add(what, why=why, hint=hint, kind=WEIGHTS_DO_NOT_FIT)
    problems.raise_if_any()
