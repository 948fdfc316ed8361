"""The sections of Darknet: their options with the defaults, and what they become."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from converters.darknet.activations import ACTIVATIONS, DEFAULTS
from converters.darknet.cfg import ALIASES
from converters.darknet.ignored import IGNORED_BY_KIND, IGNORED_IN_LAYERS, IGNORED_IN_NET
from converters.darknet.sections import HANDLERS, REFUSED
from document_tables.read_off import bodies, calls, first_sentence, layers_built
from document_tables.table import code, codes, page, plain, table

ROOMS = ("converters.darknet",)
READERS = ("int", "float", "text", "has", "ints", "floats", "size")
ABOUT = """
`convert darknet` reads the sections of both Darknets: the original's and AlexeyAB's, as `--dialect` says or as the cfg
shows. An option in the table is read as Darknet's own parser reads it, with the default in parentheses. Options that
never change what a net computes (training, augmentation) are passed over; **every other option that is not in
the table is reported**, and so is one whose value Darknet would read otherwise than it is written.
"""
ACTIVATION = """
The option `activation`. Those marked *AlexeyAB* are unknown to the original, which takes them for ReLU; tocaffe refuses
them there unless you say `--lenient`.
"""


def sections() -> str:
    """The page."""
    rows = [
        (
            code(f"[{name}]"),
            _options(name, handler),
            codes(layers_built(handler, ROOMS)),
            plain(first_sentence(handler)),
        )
        for name, handler in sorted(HANDLERS.items())
    ]
    return page(
        "Darknet sections",
        ABOUT,
        table(("section", "options", "stated in", "what it computes"), rows),
        f"Other names for the same sections: {', '.join(f'`[{a}]` is `[{b}]`' for a, b in sorted(ALIASES.items()))}.",
        "## Activations",
        ACTIVATION,
        table(("activation", "stated in", "in"), _activations()),
        "## Refused",
        table(("section", "why"), [(code(f"[{name}]"), plain(why)) for name, why in sorted(REFUSED.items())]),
        "## Passed over",
        table(("where", "options that change no output"), _ignored()),
    )


def _options(name: str, handler: Callable[..., Any]) -> str:
    found: dict[str, str] = {}
    for tree, _ in bodies(handler, ROOMS):
        for key, default in _read(tree):
            found[key] = found.get(key) or default
    if name in DEFAULTS:
        found["activation"] = DEFAULTS[name]
    else:
        found.pop("activation", None)
    return ", ".join(code(key) + (f" ({default})" if default else "") for key, default in sorted(found.items()))


def _read(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The options that a function reads, with their defaults where these are literal."""
    for method, given in calls(tree):
        if method not in READERS or not given:
            continue
        first, *others = given
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value, _literal(others)
        elif isinstance(first, ast.Name):
            yield from ((key, _literal(others)) for key in _looped(tree, first.id))


def _literal(others: list[ast.expr]) -> str:
    return str(others[0].value) if others and isinstance(others[0], ast.Constant) else ""


def _looped(tree: ast.AST, name: str) -> Iterator[str]:
    """The texts that a loop over a literal tuple gives to a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and ast.unparse(node.target) == name:
            yield from (
                one.value for one in ast.walk(node.iter) if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def _activations() -> list[tuple[str, str, str]]:
    rows = []
    for name, one in ACTIVATIONS.items():
        stated = "refused" if one.layers is None else codes(type(layer).__name__ for layer in one.layers) or "nothing"
        where = "AlexeyAB" if one.only_alexeyab else "both"
        if one.only_in:
            where += f", in {', '.join(f'`[{each}]`' for each in sorted(one.only_in))}"
        rows.append((code(name), stated, where))
    return rows


def _ignored() -> list[tuple[str, str]]:
    rows: Mapping[str, frozenset[str]] = {"net": IGNORED_IN_NET, "every section": IGNORED_IN_LAYERS, **IGNORED_BY_KIND}
    return [
        (code(f"[{name}]") if name != "every section" else name, codes(sorted(keys))) for name, keys in rows.items()
    ]
