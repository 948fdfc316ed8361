"""The commands, their options, the keys of a manifest, and the exit codes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from converters.batch.reference import EXAMPLE, Key, sections
from converters.cli.command import Command, SectionedOption
from converters.cli.main import CODES, COMMANDS, convert
from document_tables.table import code, page, plain, table

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
    context = click.Context(convert, info_name="convert", **convert.context_settings)
    parts = [text for name in COMMANDS for text in _command(name, context)]
    return page("Commands", COMMAND, *parts, "## Exit codes", _codes())


def manifest() -> str:
    """The page of a manifest's keys."""
    parts = [text for title, keys in sections() for text in (f"## {title}", table(_HEADS, map(_key, keys)))]
    return page("Manifest keys", MANIFEST, "```toml\n" + EXAMPLE + "```", *parts)


def _command(name: str, context: click.Context) -> Iterator[str]:
    command = convert.get_command(context, name)
    assert command is not None
    inner = click.Context(command, info_name=name, parent=context, **command.context_settings)
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
    lost = "What was to be printed could not be: a full disk, a closed output. Files that were written are whole."
    ours = ("70", "A fault of tocaffe itself: please report it.")
    rows = [*CODES, ours, ("74", lost), ("130", "Interrupted (Ctrl-C).")]
    return table(("code", "meaning"), [(code(number), plain(meaning)) for number, meaning in rows])


_HEADS = ("key", "value", "default", "meaning")


def _key(one: Key) -> tuple[str, str, str, str]:
    limits = [f"{one.only} only"] if one.only else []
    limits += ["not under `[defaults]`"] if one.own else []
    meaning = plain(" ".join(one.help.split())) + f" *{'; '.join(limits)}.*" * bool(limits)
    return code(one.name), plain(one.form), code(one.default), meaning
