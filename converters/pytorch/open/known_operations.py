"""The operations that a program in a file may name: those that compute from tensors and numbers, and reach no further.

torch resolves a name like `torch.os.system` attribute by attribute (torch/_export/serde/serialize.py,
`deserialize_operator`) and calls what it finds with the arguments that stand in the file. Of the operations that
PyTorch registers, some open files (`aten::from_file`, `aten::save`) or sockets (`c10d`).
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

import torch

SPACES = frozenset({"aten", "prims", "torchvision"})
"""Whose operations compute from tensors and numbers, those below aside."""
FUNCTIONS = re.compile(
    r"_operator\.(add|and_|eq|floordiv|ge|getitem|gt|le|lshift|lt|mod|mul|ne|neg|or_|pos|pow|rshift|sub|truediv)|"
    r"math\.(ceil|floor|sqrt|trunc)|torch\.(sym_(float|int|ite|max|min|not|sqrt)|_sym_sqrt)|"
    r"torch\._functorch\.predispatch\.(_add_batch_dim|_remove_batch_dim|_vmap_(decrement|increment)_nesting)|"
    r"torch\._functorch\.predispatch\.lazy_load_decompositions"
)
"""Plain functions: what torch computes with sizes, and the brackets of torch.vmap."""
HIGHER_ORDER = re.compile(
    r"torch\.ops\.higher_order\.(associative_scan|auto_functionalized|auto_functionalized_v2|cond|flex_attention|"
    r"hints_wrapper|invoke_subgraph|map_impl|scan|strict_mode|tag_activation_checkpoint|while_loop|wrap|"
    r"wrap_activation_checkpoint|wrap_with_autocast|wrap_with_set_grad_enabled)"
)
"""Operations that run parts of the program, and nothing else."""
_OPERATION = re.compile(r"torch\.ops\.([A-Za-z]\w*)\.([A-Za-z_]\w*)\.([A-Za-z]\w*)", re.ASCII)
_PATHS = frozenset({"file", "filename", "path"})
_BEYOND_TENSORS = ("__torch__", "Await", "Future", "PyObject", "RRef", "Storage", "Stream")
"""Parts of the types of arguments by which an operation gets hold of more than tensors, numbers and texts."""


def fault_of_operation(target: str, handled: Container[str] = ()) -> str:
    """Why a program in a file may not name an operation; empty where it may.

    `handled` are operations that the user gave handlers for, as `mylib.op.default`: those are his own.
    """
    if FUNCTIONS.fullmatch(target) or HIGHER_ORDER.fullmatch(target):
        return ""
    found = _OPERATION.fullmatch(target)
    if found is None or found[1] == "higher_order":
        return f"{target[:100]} is not an operation of torch.export"
    space, name, overload = found.groups()
    if f"{space}.{name}.{overload}" in handled:
        return ""
    if space not in SPACES:
        return f"{target} is not an operation of PyTorch's own computations; --plugin FILE gives it a handler"
    return _fault_of_registered(space, name, overload)


def _fault_of_registered(space: str, name: str, overload: str) -> str:
    operation = getattr(getattr(getattr(torch.ops, space), name, None), overload, None)
    if operation is None:
        return ""  # torch refuses it, in its own words
    full = f"{space}::{name}" + (f".{overload}" if overload != "default" else "")
    if not isinstance(operation, torch._ops.OpOverload) or not torch._C._dispatch_has_kernel(full):
        return f"{full} is not an operation of torch.export"
    return fault_of_schema(operation._schema)


def fault_of_schema(schema: Any) -> str:
    """Why an operation with this schema reaches beyond tensors and numbers; empty where it does not."""
    if takes_path(schema):
        return f"{schema.name} opens a file"
    for argument in schema.arguments:
        if any(part in str(argument.type) for part in _BEYOND_TENSORS):
            return f"{schema.name} takes more than tensors and numbers: {argument.name}"
    return ""


def takes_path(schema: Any) -> bool:
    """Whether an operation with this schema takes the path of a file."""
    return any(argument.name in _PATHS and "str" in str(argument.type) for argument in schema.arguments)
