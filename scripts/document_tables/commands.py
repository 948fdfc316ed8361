"""The commands, their options, the keys of a manifest, and the exit codes."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

import click
from msgspec import Struct

from converters.cli.command import Command, SectionedOption
from converters.cli.main import CODES, COMMANDS, convert
from converters.options import (
    CaffeOptions,
    DarknetOptions,
    Declared,
    ModelKeys,
    OutputOptions,
    PyTorchOptions,
    VerifyOptions,
    declared,
)
from document_tables.table import code, codes, page, plain, table

COMMAND = """
`tocaffe` and `python -m converters` are the same program as `convert`. `convert COMMAND -h` prints what stands here.
"""
MANIFEST = """
A manifest for [`convert batch`](../how-to/many-models.md) is a TOML file: a table `[defaults]` and one table
`[NAME]` for each model. Paths are relative to the manifest. Keys that belong to one model alone cannot stand
in `[defaults]`. What is not in these tables is refused, with its line.
"""


def commands() -> str:
    """The page of the commands."""
    context = click.Context(convert, info_name="convert")
    parts = [text for name in COMMANDS for text in _command(name, context)]
    return page("Commands", COMMAND, *parts, "## Exit codes", _codes())


def manifest() -> str:
    """The page of a manifest's keys."""
    kinds = (ModelKeys, DarknetOptions, PyTorchOptions, CaffeOptions, OutputOptions, VerifyOptions)
    parts = [text for kind in kinds for text in _keys(kind)]
    return page("Manifest keys", MANIFEST, *parts)


def _command(name: str, context: click.Context) -> Iterator[str]:
    command = convert.get_command(context, name)
    assert command is not None
    inner = click.Context(command, info_name=name, parent=context)
    yield f"## convert {name}"
    yield "```text\n" + command.get_usage(inner).removeprefix("Usage: ") + "\n```"
    yield plain(inspect.cleandoc(command.help or ""))
    if isinstance(command, Command) and command.examples:
        yield "```text\n" + "\n".join(command.examples) + "\n```"
    sections: dict[str, list[click.Option]] = {}
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            title = param.section if isinstance(param, SectionedOption) else ""
            sections.setdefault(title or "Options", []).append(param)
    for title, options in sections.items():
        yield f"**{title}**"
        yield table(("option", "meaning"), [_option(option, inner) for option in options])


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    record = option.get_help_record(context)
    assert record is not None
    spelled, meaning = record
    return code(" ".join(spelled.split())), plain(" ".join(meaning.split()))


def _codes() -> str:
    rows = [*CODES, ("130", "Interrupted (Ctrl-C).")]
    return table(("code", "meaning"), [(code(number), plain(meaning)) for number, meaning in rows])


def _keys(kind: type[Struct]) -> Iterator[str]:
    known = [one for one in declared(kind) if one.option.in_manifest]
    if known:
        yield f"## {getattr(kind, 'TITLE', kind.__name__)}"
        yield table(("key", "value", "for", "meaning"), [_key(one, _SOURCES.get(kind)) for one in known])


def _key(one: Declared, source: str | None) -> tuple[str, str, str, str]:
    value = _VALUES[one.kind]
    if one.choices:
        value = codes(map(str, one.choices)) + (" or a form" if one.option.grammar else "")
    default = "" if one.default in (None, "", (), {}) or one.kind == "table" else f" [default: {_spelled(one.default)}]"
    alone = " *One model's alone.*" if one.option.own else ""
    meaning = plain(" ".join(one.option.help.split()) + default)
    return code(one.name), value, source or ", ".join(one.option.sources), meaning + alone


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)


_SOURCES: dict[type[Struct], str] = {DarknetOptions: "darknet", PyTorchOptions: "pytorch"}
_VALUES = {
    "flag": "`true` or `false`",
    "count": "a whole number",
    "number": "a number above 0",
    "text": "a string",
    "texts": "a string or a list of strings",
    "path": "a path",
    "paths": "a path or a list of paths",
    "size": 'a string like `"416x416"`, height x width',
    "table": "a table",
}
