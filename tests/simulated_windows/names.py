"""What Windows lacks of Python's standard library, by typeshed, which mypy brings."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

PARTLY = ("os", "signal", "select", "time", "mmap", "subprocess", "socket", "threading", "errno")
WHOLLY = ("fcntl", "resource", "termios", "pwd", "grp", "tty", "pty", "syslog", "posix")


@cache
def missing() -> dict[str, list[str]]:
    """The names by their modules; `*` for a module of which nothing is there."""
    found = {}
    for module in (*PARTLY, *WHOLLY):
        there, here = (set(_defined(_stub(module), platform)) for platform in ("win32", "linux"))
        own = {name for name in there if not name.startswith("_")}
        found[module] = sorted(here - there) if own else ["*"]
    return found


def _stub(module: str) -> ast.Module:
    spec = find_spec("mypy")
    assert spec is not None, "the tests need mypy"
    assert spec.origin is not None, "it is a package"
    folder = Path(spec.origin).parent / "typeshed/stdlib"
    path = folder / f"{module}.pyi"
    return ast.parse((path if path.exists() else folder / module / "__init__.pyi").read_text(encoding="utf-8"))


def _defined(tree: ast.Module | ast.If, platform: str) -> Iterator[str]:
    for node in tree.body:
        yield from _names(node, platform)


def _names(node: ast.stmt, platform: str) -> Iterator[str]:
    """The names that one statement of a stub defines; those of imports do not count."""
    if isinstance(node, ast.If):
        known = {"sys": SimpleNamespace(platform=platform, version_info=sys.version_info), "TYPE_CHECKING": True}
        taken = eval(compile(ast.Expression(node.test), "", "eval"), known)
        for inner in node.body if taken else node.orelse:
            yield from _names(inner, platform)
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name) and target.id != "__all__")
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.asname for alias in node.names if alias.asname == alias.name)
