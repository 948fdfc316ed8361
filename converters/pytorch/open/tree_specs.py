"""How a program in a file nests its inputs and outputs: tuples, lists and dicts, and no import of anything else.

torch reads such a text with `treespec_loads` (torch/utils/_pytree.py): a key that is an enum and the factory of a
defaultdict name a module and an attribute, and both are imported. The keys of dicts become Python source between
quotes (torch/fx/graph.py, torch/export/_unlift.py).
"""

from __future__ import annotations

import json
import re
from typing import Any

from converters.pytorch.open.expressions import PLAIN

DEEPEST = 60
_TYPE = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_FACTORIES = frozenset({"bool", "dict", "float", "int", "list", "set", "str", "tuple"})


def fault_of_tree(text: str) -> str:
    """Why a text is not a nest of inputs that can be read without an import; empty where it is one."""
    try:
        protocol, tree = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return "it is not a nest of inputs"
    if protocol != 1:
        return f"it is written in the way {str(protocol)[:60]}, not 1"
    level = [tree]
    for depth in range(DEEPEST):
        if fault := next(filter(None, map(_fault_of_node, level)), ""):
            return fault
        if depth == 1 and (fault := next(filter(None, map(_fault_of_names, level)), "")):
            return fault
        level = [child for node in level for child in node["children_spec"]]
        if not level:
            return ""
    return "it nests too deep"


def _fault_of_node(node: Any) -> str:
    kind = node.get("type", 0) if isinstance(node, dict) else 0
    if not isinstance(kind, str | None) or not isinstance(node.get("children_spec"), list):
        return "it is not a nest of inputs"
    if kind is None:
        return "it is not a nest of inputs" if node.get("context") is not None or node["children_spec"] else ""
    if not _TYPE.fullmatch(kind):
        return f"{kind[:60]!r} is not a type of a nest"
    return _fault_of_context(kind, node.get("context"))


def _fault_of_context(kind: str, context: Any) -> str:
    """By the type: the keys of a dict, the class of a named tuple, the factory and the keys of a defaultdict."""
    if kind == "collections.defaultdict":
        return _fault_of_factory(context)
    if kind == "collections.namedtuple" and isinstance(context, str):
        return "" if _TYPE.fullmatch(context) else f"{context[:60]!r} is not a type of a nest"
    try:
        keys = json.loads(context) if isinstance(context, str) else context
    except (ValueError, RecursionError):
        return f"{context[:60]!r} is not a list of keys"
    return "a dict has no keys" if kind == "builtins.dict" and not isinstance(keys, list) else _fault_of_keys(keys)


def _fault_of_names(node: Any) -> str:
    """The keys of the outer dict are forward's arguments by name."""
    if node["type"] != "builtins.dict":
        return ""
    keys = json.loads(node["context"])
    strange = [key for key in keys if not (isinstance(key, str) and key.isidentifier())] if keys else []
    return f"{str(strange[0])[:60]!r} is not a name of an argument" if strange else ""


def _fault_of_factory(context: Any) -> str:
    """A defaultdict has {"default_factory_module": ..., "default_factory_name": ..., "dict_context": [...]}."""
    if not isinstance(context, dict):
        return "a defaultdict has no factory"
    module, name = context.get("default_factory_module"), context.get("default_factory_name")
    if module != "builtins" or name not in _FACTORIES:
        return f"a defaultdict would import {str(module)[:60]} and call its {str(name)[:60]}"
    return _fault_of_keys(context.get("dict_context"))


def _fault_of_keys(keys: Any) -> str:
    level = [keys]
    for _ in range(DEEPEST):
        texts = [key for key in level if isinstance(key, str)]
        texts += [key for item in level if isinstance(item, dict) for key in item]
        if "__enum__" in texts:
            return "a key is an enum, whose module would be imported"
        if strange := [text for text in texts if not PLAIN.fullmatch(text)]:
            return f"the key {strange[0][:60]!r} has quotes or other signs that a key does not need"
        level = [part for item in level if isinstance(item, list | dict) for part in _parts(item)]
        if not level:
            return ""
    return "it nests too deep"


def _parts(item: list[Any] | dict[str, Any]) -> list[Any]:
    return list(item.values()) if isinstance(item, dict) else item
