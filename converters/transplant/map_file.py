"""The mapping as a TOML file: which module fills which layer, to be read, corrected and used again.

unused = ["aux.*"]              # keys that no layer takes, on purpose

[layers]
"conv1" = "features.0"          # a layer, and the module that fills it
"conv2" = ["features.3", "features.4"]    # a filter, and the BatchNorm to fold into it
"extra" = ""                    # left to its filler, with --partial
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.error_kinds.transplant import MAP
from caffe_ir.errors import ConversionError, Origin, Problem, Problems
from caffe_ir.given_files import read_bytes
from caffe_ir.toml import LARGEST_TOML, parsed
from caffe_ir.toml_text import quoted


class Map(Struct, frozen=True, kw_only=True):
    """`layers`: modules by the layer that they fill; none stands for the filler. `unused`: patterns of keys."""

    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


def read_map(path: str | Path) -> Map:
    """The mapping in a file. Raises ConversionError on what it may not hold."""
    path = Path(path)
    origin = Origin(layer=path.name, file=str(path))
    try:
        content = parsed(read_bytes(path, LARGEST_TOML).decode("utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConversionError(Problem(kind=CANNOT_READ, what=f"cannot read {path}", why=why, origin=origin)) from None
    problems = Problems()
    for name in content.keys() - {"layers", "unused"}:
        problems.add(
            f"{name} has no meaning in a map", hint="it holds unused = [...] and [layers]", origin=origin, kind=MAP
        )
    layers, unused = content.get("layers", {}), content.get("unused", [])
    if not isinstance(layers, dict) or not isinstance(unused, list) or not all(isinstance(key, str) for key in unused):
        problems.add("[layers] is a table, and unused a list of keys", origin=origin, kind=MAP)
        problems.raise_if_any()
    found = {}
    for layer, value in layers.items():
        modules = _modules(value)
        if modules is None:
            hint = f'"{layer}" = "module", or ["convolution", "batchnorm"]; quote names with dots'
            problems.add(f"{layer} is given {value!r}", hint=hint, origin=origin, kind=MAP)
        else:
            found[layer] = modules
    problems.raise_if_any()
    return Map(layers=found, unused=tuple(unused))


def _modules(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) and each for each in value):
        return tuple(value)
    return None


def map_text(lines: Iterable[tuple[str, tuple[str, ...], str]], unused: Iterable[str] = ()) -> str:
    """A mapping as text: for each layer its modules, and a remark."""
    left = "".join(f"    {quoted(key)},\n" for key in unused)
    head = f"unused = [\n{left}]\n\n" if left else ""
    body = "".join(
        f"{map_line(layer, modules)}{f'  # {remark}' if remark else ''}\n" for layer, modules, remark in lines
    )
    return f"{head}[layers]\n{body}"


def map_line(layer: str, modules: tuple[str, ...]) -> str:
    """One line of [layers]."""
    names = [quoted(module) for module in modules]
    value = f"[{', '.join(names)}]" if len(names) > 1 else names[0] if names else '""'
    return f"{quoted(layer)} = {value}"
