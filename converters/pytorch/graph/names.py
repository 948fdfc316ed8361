"""What a layer is called and where it stands in the user's own Python, read off the captured graph."""

from __future__ import annotations

import inspect
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import torch
from torch.export import ExportedProgram
from torch.fx import Node as FxNode

from caffe_ir.errors import Origin

FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in')
TORCH = os.path.dirname(torch.__file__) + os.sep
OURS = tuple(f"{folder}{os.sep}" for folder in (Path(__file__).parents[2], Path(inspect.getfile(Origin)).parent))
PYTHONS = os.path.dirname(os.__file__) + os.sep
INSTALLED = ("site-packages", "dist-packages")
"""The folders below Python's own in which a user's packages lie."""


def origins(nodes: Iterable[FxNode]) -> dict[FxNode, Origin]:
    """The origin of each call, named by its module's path.

    A module that makes one call and holds no module gives its path alone (`layer1.0.conv1`); any other call has the
    path of the module around it and the operation's name (`layer1.0.add`). Names repeat where modules are used twice.
    """
    calls = list(nodes)
    stacks = {node: _stack(node) for node in calls}
    own = Counter(stack[-1][0] for stack in stacks.values() if stack)
    around = {key for stack in stacks.values() for key, _ in stack[:-1]}
    places: dict[str, tuple[str, int | None]] = {}
    found = {}
    for node in calls:
        trace = node.meta.get("stack_trace") or ""
        if trace not in places:
            places[trace] = place_of(trace)
        file, line = places[trace]
        what = operation(node)
        key, path = stacks[node][-1] if stacks[node] else ("", "")
        alone = bool(path) and own[key] == 1 and key not in around
        layer = path if alone else f"{path}.{what}" if path else what
        found[node] = Origin(layer=layer, what=what, file=file, line=line)
    return found


def class_name(model: object, program: ExportedProgram) -> str:
    """The name of the model's class, which a saved program still has."""
    if isinstance(model, torch.jit.ScriptModule):
        return str(model.original_name)
    if not isinstance(model, ExportedProgram):
        return type(model).__name__
    stacks = (node.meta.get("nn_module_stack") for node in program.graph.nodes)
    outermost = next((str(next(iter(stack.values()))[1]) for stack in stacks if stack), type(model).__name__)
    return outermost.rpartition(".")[2].strip("'>")


def operation(node: FxNode) -> str:
    """The short name of a call: conv2d for aten.conv2d.default, relu for aten.relu_.default."""
    full = str(node.target).split(".")
    return (full[1] if len(full) == 3 else full[-1]).rstrip("_") or "call"


def caller(node: FxNode) -> str:
    """The function of torch's Python that the user called and that makes a call of another name; empty elsewhere.

    gumbel_softmax of exponential, fractional_max_pool2d of rand: torch keeps what it met first (`torch_fn`).
    """
    _, met = node.meta.get("torch_fn") or ("", "")
    kind, _, name = str(met).rpartition(".")
    return name if kind == "function" and name.strip("_") != operation(node).strip("_") else ""


def told(node: FxNode, name: str) -> str:
    """A call by a name, with the function of the user's that makes it."""
    return f"{name}, which {by} calls," if (by := caller(node)) else name


def is_the_users(file: str) -> bool:
    """Whether a file is the user's own or of a package of his, and neither torch's nor Python's nor ours."""
    pythons = file.startswith(PYTHONS) and not file.removeprefix(PYTHONS).startswith(INSTALLED)
    return not pythons and not file.startswith((TORCH, *OURS, "<"))


def place_of(trace: str) -> tuple[str, int | None]:
    """File and line of the innermost frame that is the user's; torch keeps those of forward functions."""
    for frame in reversed(list(FRAME.finditer(trace))):
        file = frame["file"]
        if is_the_users(file):
            return seen_from_here(file), int(frame["line"])
    return "", None


def seen_from_here(file: str) -> str:
    """A path as the user would type it: relative where it lies below the working folder."""
    here = os.getcwd() + os.sep
    return file.removeprefix(here)


def _stack(node: FxNode) -> list[tuple[str, str]]:
    """The modules around a call, outermost first: (key that differs for each call of a module, dotted path)."""
    stack = node.meta.get("nn_module_stack") or {}
    return [(key, path) for key, (path, _) in stack.items()]
