"""The sets of weights in a checkpoint, and which of them is meant: by its key, or because there is no other.

A set has a label: the path of keys to it, then the prefix that its names have there, with dots between: `ema`,
`model.state_dict`, `state_dict.student`. It is what --weights-key takes, whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from caffe_ir.error_kinds.weights import NO_SUCH_SET, NOT_WEIGHTS, SEVERAL_SETS
from caffe_ir.errors import ConversionError, Note, Problem
from caffe_ir.near_misses import did_you_mean
from converters.weights.tensors import Nested, Tensor

Tensors = dict[str, Tensor]

TOP = "."
"""How the tensors that lie in no table and have no prefix are called."""
WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""
SHOWN = 8
"""So many labels are listed."""

_OF_A_MODEL = frozenset({"weight", "bias", "running_mean", "running_var"})
_TRAINING = frozenset({"optimizer", "optimizer_state_dict", "optim", "scheduler", "lr_scheduler", "scaler"})


class WeightSet(Struct, frozen=True, kw_only=True):
    """The tensors of one table of a checkpoint under their names there, which `prefix` was taken from."""

    nest: str
    prefix: str
    tensors: Tensors

    @property
    def label(self) -> str:
        return ".".join(part for part in (self.nest, self.prefix.rstrip(".")) if part) or TOP

    def notes(self) -> list[Note]:
        """What was assumed to find it; nothing where it is all that there is."""
        where = f"from {self.nest}" if self.nest else ""
        cut = f"without the prefix {self.prefix}" if self.prefix else ""
        told = " ".join(part for part in (where, cut) if part)
        return [Note(kind="assumed", text=f"weights taken {told}")] if told else []


def sets_in(checkpoint: Nested, key: str = "") -> list[WeightSet]:
    """Every set of weights in a checkpoint that `key` may mean: itself, those beneath it, or the names that begin so.

    Raises ConversionError where there is none.
    """
    tables = _tables(checkpoint)
    if not tables:
        raise ConversionError(Problem(kind=NOT_WEIGHTS, what="the checkpoint has no tensors by name"))
    found = [WeightSet(nest=nest, prefix="", tensors=tensors) for nest, tensors in tables.items()]
    if not key:
        return found
    wanted = "" if key == TOP else key
    if wanted in tables:
        return [one for one in found if one.nest == wanted]
    beneath = [one for one in found if one.nest.startswith(f"{wanted}.")]
    meant = [*beneath, *(part for one in found if (part := _part(one, wanted)))]
    if meant:
        return meant
    raise ConversionError(_unknown(key, tables))


def only_set(checkpoint: Nested, key: str = "") -> WeightSet:
    """The one set that looks like a model's, under the names that the model has, for who knows nothing of the model.

    Raises ConversionError where several do, or none is under `key`.
    """
    found = sets_in(checkpoint, key)
    if len(found) > 1:
        found = [one for one in found if one.nest.partition(".")[0] not in _TRAINING] or found
        found = [one for one in found if _looks_like_a_model(one.tensors)] or found
    if len(found) > 1:
        raise ConversionError(several("", [one.label for one in found]))
    return _unwrapped(found[0])


def several(which: str, labels: list[str]) -> Problem:
    """The problem with a checkpoint that has more than one set of weights; `which` says what they have in common."""
    return Problem(
        kind=SEVERAL_SETS,
        what=f"the checkpoint has {len(labels)} sets of weights{which}: {_listed(labels)}",
        why="they may differ, and only you know which one you mean",
        hint=f"choose, for example with --weights-key {labels[0]}",
    )


def _tables(nested: Nested, path: str = "") -> dict[str, Tensors]:
    """Every table that has tensors itself, by its path of keys; that of the checkpoint is empty."""
    own = {name: value for name, value in nested.items() if isinstance(value, Tensor)}
    found = {path: own} if own else {}
    for name, value in nested.items():
        if not isinstance(value, Tensor):
            found |= _tables(value, f"{path}.{name}" if path else name)
    return found


def _part(one: WeightSet, key: str) -> WeightSet | None:
    """The tensors of a table whose names begin as the rest of the key says, without that."""
    if one.nest and not key.startswith(f"{one.nest}."):
        return None
    prefix = f"{key.removeprefix(f'{one.nest}.')}."
    tensors = {name.removeprefix(prefix): each for name, each in one.tensors.items() if name.startswith(prefix)}
    return WeightSet(nest=one.nest, prefix=prefix, tensors=tensors) if tensors else None


def _unwrapped(one: WeightSet) -> WeightSet:
    """The set without the prefixes of wrappers that all names have."""
    tensors, cut = one.tensors, one.prefix
    while prefix := next((each for each in WRAPPERS if all(name.startswith(each) for name in tensors)), ""):
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
        cut += prefix
    return WeightSet(nest=one.nest, prefix=cut, tensors=tensors)


def _unknown(key: str, tables: Mapping[str, Tensors]) -> Problem:
    labels = [nest or TOP for nest in tables]
    why, hint = f"it has {_listed(labels)}", ""
    if labels == [TOP]:
        why, hint = "it is one itself, with none inside", "leave --weights-key out"
    paths = (f"{nest}.{name}".lstrip(".").split(".") for nest, names in tables.items() for name in names)
    parts = {".".join(path[:count]) for path in paths for count in range(1, len(path))}
    known = [*labels, *sorted(parts, key=lambda part: (part.count("."), part))]
    ends = [label for label in known if label.endswith(f".{key}")]
    near = did_you_mean(ends[0] if ends else key, known, "--weights-key {}")
    return Problem(kind=NO_SUCH_SET, what=f"the checkpoint has no weights under {key}", why=why, hint=near or hint)


def _looks_like_a_model(tensors: Tensors) -> bool:
    return any(name.rpartition(".")[2] in _OF_A_MODEL for name in tensors)


def _listed(labels: list[str]) -> str:
    return ", ".join(labels[:SHOWN]) + (f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else "")
