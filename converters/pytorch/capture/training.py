"""Modules left in training mode: eval mode for the time of a capture, and whether it makes a difference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType

import torch
from torch.export import ExportedProgram

from caffe_ir.error_kinds.capture import TRAINING_MODE
from caffe_ir.errors import ConversionError, Note, Problem

_SHOWN = 3


@contextmanager
def in_eval(module: torch.nn.Module) -> Iterator[list[Note]]:
    """Eval mode for the time of the capture; a note names what had been left in training mode and asks for its mode."""
    training = [(name, part) for name, part in module.named_modules() if getattr(part, "training", False)]
    notes: list[Note] = []
    if training:
        whole = module.training
        asking = [name or "the model" for name, part in training if asks_for_its_mode(part)]
        try:
            module.eval()
            if asking:
                notes.append(Note(kind="assumed", text=_told(asking, whole=whole)))
        except NotImplementedError:  # the module of a program, which has the mode in which it was exported
            training = []
    try:
        yield notes
    finally:
        for _, part in training:
            part.training = True


def asks_for_its_mode(part: torch.nn.Module) -> bool:
    """Whether a module, its parts aside, may compute something else in training mode.

    BatchNorm, dropouts and the like read their own `training`, as a user's module does that has another branch.
    """
    if isinstance(part, torch.jit.ScriptModule):
        return 'name="training"' in str(getattr(part, "graph", ""))
    if type(part).__module__.startswith("torch.nn.") and 0 in (getattr(part, "p", 1), getattr(part, "dropout", 1)):
        return False
    classes = type(part).__mro__[: type(part).__mro__.index(torch.nn.Module)]
    held = [method for kind in classes for method in vars(kind).values()]
    return any("training" in method.__code__.co_names for method in held if isinstance(method, FunctionType))


def refuse_traced_in_training(program: ExportedProgram) -> None:
    """Raise ConversionError where a TorchScript program has training mode in it as a constant."""
    names = dict.fromkeys(node.name for node in program.graph.nodes if _trains(node))
    if names:
        raise ConversionError(
            Problem(
                kind=TRAINING_MODE,
                what=f"this TorchScript was made in training mode: {', '.join(list(names)[:_SHOWN])}",
                why="a trace has the mode in it for good, and drops at random or takes the statistics of the batch",
                hint="make it again from the model in eval mode: torch.jit.trace(model.eval(), inputs)",
            )
        )


def _trains(node: torch.fx.Node) -> bool:
    """A dropout that drops, or a BatchNorm that has statistics and does not use them."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return False
    given = {**dict(zip([one.name for one in schema.arguments], node.args, strict=False)), **node.kwargs}
    if "running_mean" in given:
        return given["running_mean"] is not None and given.get("training") is True
    return "dropout" in schema.name and given.get("train") is True and given.get("p") != 0


def _told(names: list[str], *, whole: bool) -> str:
    listed = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    if whole:
        where = f"the model was in training mode, in which {listed} may compute something else"
    else:
        where = f"{listed} {'were' if len(names) > 1 else 'was'} in training mode"
    return f"{where}; converted as after model.eval()"
