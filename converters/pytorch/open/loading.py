"""From what a user names to a model with its weights: a file or a factory, a checkpoint, and handlers of his own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct

from caffe_ir.error_kinds.opening import FUNCTION_ARGUMENTS, NOT_A_MODEL, PLUGIN
from caffe_ir.errors import ConversionError, Note, Problem, Problems
from converters.pytorch.capture.capture import Model
from converters.pytorch.capture.unfit import unwrapped
from converters.pytorch.graph.handlers import full_name, wrong_handlers
from converters.pytorch.graph.walk import Handler
from converters.pytorch.open.factories import Made, import_file, load_factory
from converters.pytorch.open.files import open_model
from converters.pytorch.open.state_dict import load_weights
from converters.pytorch.open.transforms import Transform, transform_of
from converters.weights import open_weights

RANDOM = "the weights are random, unless the function itself loads trained ones; --weights FILE loads them"


class Loaded(Struct, frozen=True, kw_only=True):
    """A model ready for capture, its name, what is to be said of its weights, and what it says of pictures."""

    model: Model
    name: str
    notes: tuple[Note, ...] = ()
    transform: Transform | None = None
    """What the model's maker says of pictures."""


def load(
    source: str,
    *,
    weights: Path | None = None,
    weights_key: str = "",
    arguments: Mapping[str, Any] | None = None,
    trust_pickle: bool = False,
    handlers: Mapping[str, Handler] | None = None,
) -> Loaded:
    """The model that `source` names: a file, or a function as package.module:function or file.py:function.

    `weights` go into a model made by a function or held by a pickle; `arguments` go to the function.
    `handlers` are those of the user's own operations, which a program in a file may name. Raises ConversionError.
    """
    is_file = Path(source).exists() or ":" not in source
    if is_file and arguments:
        raise ConversionError(
            Problem(
                kind=FUNCTION_ARGUMENTS, what="--arg is for a function that makes the model", why=f"{source} is a file"
            )
        )
    own = {full_name(op) for op in handlers or ()}
    made = Made(model=open_model(source, trust_pickle=trust_pickle, handled=own)) if is_file else None
    made = made or load_factory(source, arguments)
    model = unwrapped(made.model) if isinstance(made.model, torch.nn.Module) else made.model
    name = Path(source).stem if is_file else source.rpartition(":")[2]
    transform = transform_of(model, made.factory, arguments)
    if weights is None:
        notes = (Note(kind="warning", text=RANDOM),) if made.random else ()
        return Loaded(model=model, name=name, notes=notes, transform=transform)
    if not isinstance(model, torch.nn.Module):
        why = f"{source} is a program with weights of its own"
        raise ConversionError(Problem(kind=NOT_A_MODEL, what="--weights has no place to go to", why=why))
    checkpoint = open_weights(weights)
    try:
        loaded = load_weights(model, checkpoint.tensors, key=weights_key)
    except ConversionError as error:  # what was passed over in the file may be what is missing
        raise ConversionError(*error.problems, notes=checkpoint.notes) from None
    return Loaded(model=model, name=name, notes=(*checkpoint.notes, *loaded), transform=transform)


def load_plugins(files: Iterable[Path]) -> dict[str, Handler]:
    """The handlers of further operations: each file's HANDLERS, a dict by "mylib::op".

    Raises ConversionError with everything in them that is not a handler of an operation.
    """
    known: dict[str, Handler] = {}
    problems = Problems()
    for file in files:
        held = vars(import_file(file)).get("HANDLERS")
        if not isinstance(held, dict):
            problems.add(f"{file} has no HANDLERS", hint='give it HANDLERS = {"mylib::op": function}', kind=PLUGIN)
            continue
        problems.found += wrong_handlers(held, f"HANDLERS of {file}")
        known |= held
    problems.raise_if_any()
    return known
