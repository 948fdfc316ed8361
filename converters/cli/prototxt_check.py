"""The end of a transplant with the model at hand: module by module, what it gives beside what the filled net gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from caffe_ir import reference
from caffe_ir.error_kinds.opening import NOT_A_MODEL
from caffe_ir.error_kinds.transplant import DIFFERS_FROM_MODEL
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.reader import read
from caffe_ir.layers import Input
from converters.cli.say import say
from converters.cli.sources import load_torch, users_code
from converters.verify.comparison import Row, row

if TYPE_CHECKING:
    import torch

    from caffe_ir.blob import Array
    from caffe_ir.net import Net
    from converters.transplant import Transplanted
    from converters.weights.tensors import Tensor

OUTPUT = "output"
"""How the outputs of the model are called, with their number: no module has a blank in its name."""
TOLERANCE = 1e-5
"""Both sides compute in float64; what was folded was rounded to float32 once, which costs some 1e-7 a layer."""


def check(
    prototxt: Path,
    caffemodel: Path,
    done: Transplanted,
    model: torch.nn.Module,
    *,
    factory: str,
    quiet: bool,
) -> None:
    """Read the two files back, run them and the model on the same numbers, and report every module's difference.

    Raises ConversionError where a layer differs by more than TOLERANCE of its largest value.
    """
    net = read(prototxt, caffemodel)
    feeds = _feeds(net)
    wanted = {one.top: one.modules[-1] for one in done.rows if not one.named}
    theirs, outputs = _module_values(model, list(feeds.values()), set(wanted.values()))
    # of one output there is no doubt which it is; a net that was converted from the model has them in its order
    if len(outputs) == len(net.outputs) == 1 or (len(outputs) == len(net.outputs) and not wanted):
        ours = {name: f"{OUTPUT} {place}" for place, name in enumerate(net.outputs, 1)}
        wanted |= ours
        theirs |= dict(zip(ours.values(), outputs, strict=True))
    elif not quiet:
        say(f"the {len(outputs)} outputs of the model and {len(net.outputs)} of the net are not compared")
    compared = _compared(net, feeds, wanted, theirs)
    if not compared:
        raise ConversionError(
            Problem(kind=DIFFERS_FROM_MODEL, what="the model gave no value of a module that fills a layer", why=factory)
        )
    for one in compared:
        if not quiet:
            say(f"{one.value}  {'x'.join(map(str, one.shape))}  {one.relative:.1e}")
    wrong = [one for one in compared if not one.relative <= TOLERANCE]
    if wrong:
        what = f"{len(wrong)} of {len(compared)} values differ from {factory}, first {wrong[0].value}"
        why = f"by {wrong[0].relative:.1e} of the largest value"
        hint = "look at its line in the mapping, at its eps, and at the layers between it and the one before"
        raise ConversionError(Problem(kind=DIFFERS_FROM_MODEL, what=what, why=why, hint=hint))
    if not quiet:
        worst = max(one.relative for one in compared)
        say(f"verified  {len(compared)} values agree with {factory} to {worst:.1e}")


def _feeds(net: Net) -> dict[str, Array]:
    rng = np.random.default_rng(0)
    inputs = [node.top for node in net.nodes if isinstance(node.layer, Input)]
    return {name: rng.normal(size=net.shapes[name]).astype(np.float32).astype(np.float64) for name in inputs}


def _compared(
    net: Net, feeds: Mapping[str, Array], wanted: Mapping[str, str], theirs: Mapping[str, Array]
) -> list[Row]:
    """A row for each top that a module's value is wanted for, or an output of the model."""
    return [
        row(f"{node.name} <- {wanted[top]}", theirs[wanted[top]], value)
        for node, values in reference.walk(net, feeds, np.float64)
        for top, value in zip(node.tops, values, strict=True)
        if wanted.get(top) in theirs
    ]


def filled_model(factory: str, arguments: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> torch.nn.Module:
    """The model that a function makes, with the weights in it, in eval mode and in float64. Raises ConversionError."""
    load_torch()
    import torch

    from converters.pytorch.open.factories import load_factory
    from converters.pytorch.open.state_dict import load_weights

    with users_code():
        module = load_factory(factory, arguments).model
    if not isinstance(module, torch.nn.Module):
        why = "it returned a program of torch.export, which has weights of its own"
        raise ConversionError(
            Problem(kind=NOT_A_MODEL, what=f"{factory} makes no module that the weights could go into", why=why)
        )
    try:
        load_weights(module, dict(tensors))
    except ConversionError as error:
        whose = (replace(one, what=f"the weights do not fit {factory}: {one.what}") for one in error.problems)
        raise ConversionError(*whose) from None
    return module.double().eval()


def _module_values(
    module: torch.nn.Module, inputs: Sequence[Array], wanted: set[str]
) -> tuple[dict[str, Array], list[Array]]:
    """What each wanted module gave when it was first called, and the model's outputs. Raises ConversionError."""
    import torch

    from converters.pytorch.capture.export_errors import explained

    found: dict[str, Array] = {}

    def keep(name: str) -> Any:
        def hook(_module: torch.nn.Module, _inputs: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            found.setdefault(name, first.detach().clone().numpy())

        return hook

    for name, inner in module.named_modules():
        if name in wanted:
            inner.register_forward_hook(keep(name))
    given = list(map(torch.from_numpy, inputs))
    try:
        with users_code(), torch.no_grad():
            given_back = module(*given)
    except Exception as error:
        raise ConversionError(explained(error, given, {})) from error
    outputs, _ = torch.utils._pytree.tree_flatten(given_back)
    return found, [output.numpy() for output in outputs if isinstance(output, torch.Tensor)]
