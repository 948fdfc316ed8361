"""The one set of weights that is meant in a checkpoint, under the names that its model has."""

from __future__ import annotations

from caffe_ir.errors import ConversionError, Note, Problem
from converters.weights.tensors import Nested, Tensor

WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

_OF_A_MODEL = frozenset({"weight", "bias", "running_mean", "running_var"})
_TRAINING = frozenset({"optimizer", "optimizer_state_dict", "optim", "scheduler", "lr_scheduler", "scaler"})


def state_dict(checkpoint: Nested, key: str = "") -> tuple[dict[str, Tensor], list[Note]]:
    """The tensors by the model's own names, and what was assumed to find them.

    `key` names the nested set where a checkpoint has several ("ema"). Raises ConversionError where that is open.
    """
    found = _sets(checkpoint)
    if key and key not in found:
        why = f"it has {', '.join(map(_called, found))}"
        raise ConversionError(Problem(what=f"the checkpoint has no weights under {key}", why=why))
    if not key and len(found) > 1:
        named = {name: tensors for name, tensors in found.items() if _looks_like_a_model(tensors)}
        found = named or found
    if not key and len(found) > 1:
        raise ConversionError(
            Problem(
                what=f"the checkpoint has {len(found)} sets of weights: {', '.join(map(_called, found))}",
                why="they may differ, and only you know which one you mean",
                hint=f"say which, for example --weights-key {next(filter(None, found))}",
            )
        )
    name = key or next(iter(found))
    tensors, prefix = unwrapped(found[name])
    notes = []
    if name:
        notes.append(Note(kind="assumed", text=f"the weights are taken from {name!r} in the checkpoint"))
    if prefix:
        notes.append(Note(kind="assumed", text=f"the names are taken without {prefix!r} before them"))
    return tensors, notes


def unwrapped(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors without the prefixes of wrappers that all names have, and those prefixes."""
    cut = ""
    while prefix := next((one for one in WRAPPERS if all(name.startswith(one) for name in tensors)), ""):
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
        cut += prefix
    return tensors, cut


def _sets(nested: Nested, path: str = "") -> dict[str, dict[str, Tensor]]:
    own = {name: value for name, value in nested.items() if isinstance(value, Tensor)}
    found = {path: own} if own else {}
    for name, value in nested.items():
        if not isinstance(value, Tensor) and (path or name not in _TRAINING):
            found |= _sets(value, f"{path}.{name}" if path else name)
    return found


def _looks_like_a_model(tensors: dict[str, Tensor]) -> bool:
    return any(name.rpartition(".")[2] in _OF_A_MODEL for name in tensors)


def _called(name: str) -> str:
    return name or "(its top)"
