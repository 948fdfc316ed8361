"""Functions that the user lets be near ones, exchanged in the captured program: references compute the near one too.

gelu=tanh: x Phi(x) -> 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), Hendrycks, Gimpel 2016, "Gaussian Error Linear
Units", section 2; torch's own approximate="tanh". The two differ by 4.74e-4 at most, at |x| = 2.70.
"""

from __future__ import annotations

import copy
from collections.abc import Collection

import torch
from torch.export import ExportedProgram

from caffe_ir.errors import Note

GELU_BY_TANH = "gelu=tanh"
APPROXIMATIONS = (GELU_BY_TANH,)
_GELUS = (torch.ops.aten.gelu.default, torch.ops.aten.gelu_.default)


def approximated(program: ExportedProgram, wanted: Collection[str]) -> tuple[ExportedProgram, list[Note]]:
    """A program with the near functions, which shares its weights with the one given, and what to say of them.

    Raises ValueError for what is not in APPROXIMATIONS.
    """
    if unknown := set(wanted) - set(APPROXIMATIONS):
        raise ValueError(f"{', '.join(sorted(unknown))} is not one of {', '.join(APPROXIMATIONS)}")
    if not wanted:
        return program, []
    module = copy.deepcopy(program.graph_module)
    for node, given in zip(module.graph.nodes, program.graph.nodes, strict=True):
        node.name = given.name  # a copy calls `input` input_1, which the signature does not know
    exact = [node for node in module.graph.nodes if node.target in _GELUS and _argument(node) == "none"]
    if not exact:
        return program, [Note(kind="warning", text="--approx gelu=tanh: the model has no GELU that is not so already")]
    for node in exact:
        node.kwargs = {**node.kwargs, "approximate": "tanh"}
    near = ExportedProgram(
        root=module,
        graph=module.graph,
        graph_signature=program.graph_signature,
        state_dict=program.state_dict,
        range_constraints=program.range_constraints,
        module_call_graph=program.module_call_graph,
        example_inputs=program.example_inputs,
        constants=program.constants,
    )
    calls = f"{len(exact)} GELU{'s' * (len(exact) > 1)}"
    text = f"--approx gelu=tanh: {calls} by tanh, each off by up to 4.74e-4 from what the model computes"
    return near, [Note(kind="warning", text=text)]


def _argument(node: torch.fx.Node) -> object:
    """`approximate`, which can be given by its name only (native_functions.yaml)."""
    return node.kwargs.get("approximate", "none")
