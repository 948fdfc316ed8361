"""A command of ours: its options stand in sections of the help, and the files that it reads have to be there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from caffe_ir.near_misses import did_you_mean, near_misses

RENAMED = {"--judge": "--reference"}
"""Options of earlier versions, by the names that they have now."""


class InputFile(click.Path):
    """A file that is read; `Command` refuses all that are not there at once.

    With `ending` its name may be the STEM of a net's files, which the other commands take; with `or_folder` it may be a
    folder of files.
    """

    def __init__(self, ending: str = "", *, or_folder: bool = False) -> None:
        super().__init__(path_type=Path)
        self.ending, self.or_folder = ending, or_folder

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return by_stem(Path(os.fsdecode(super().convert(value, param, ctx))), self.ending)


def by_stem(name: Path, ending: str) -> Path:
    """The file of that name; where there is none, the one whose name goes on with `ending`, if there is one."""
    whole = Path(f"{name}{ending}")
    return whole if not name.is_file() and whole.is_file() else name


class SectionedOption(click.Option):
    """An option that stands under a heading of the help."""

    def __init__(self, *args: Any, section: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command with -h as well, sections in its help, and one message for all input files that are missing."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {})["help_option_names"] = ["-h", "--help"]
        super().__init__(*args, **kwargs)
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise self._renamed(error) or error from None
        if not ctx.resilient_parsing:
            refuse_missing(_inputs(self.params, ctx.params), ctx)
            _refuse_folders(_inputs(self.params, ctx.params, or_folder=False), ctx)
        return rest

    def _renamed(self, error: click.NoSuchOption) -> click.NoSuchOption | None:
        """The same error with the option's name of today, where this command has that option."""
        name = RENAMED.get(error.option_name)
        if name is None or not any(name in param.opts for param in self.params):
            return None
        return click.NoSuchOption(error.option_name, f"{error.option_name} is called {name} now.", ctx=error.ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                title = param.section if isinstance(param, SectionedOption) else ""
                sections.setdefault(title or "Options", []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def command_line() -> str:
    """What was typed, as the group of commands keeps it; empty where a command is called by itself."""
    line = click.get_current_context().find_root().obj
    return line if isinstance(line, str) else ""


def _inputs(params: Iterable[click.Parameter], values: Mapping[str, Any], *, or_folder: bool = True) -> Iterator[Path]:
    """The paths that are read; without `or_folder` those that a folder cannot stand for."""
    for param in params:
        kind = param.type
        if not isinstance(kind, InputFile) or (kind.or_folder and not or_folder):
            continue
        if (value := values.get(param.name or "")) is not None:
            yield from value if isinstance(value, tuple) else (value,)


class NoSuchFile(click.UsageError):
    """Input files that are not there."""


def refuse_missing(paths: Iterable[Path], context: click.Context | None = None) -> None:
    """Raise NoSuchFile with every file that is not there, and the names beside it that may be meant."""
    missing = [missing_file(path) for path in dict.fromkeys(paths) if not path.exists()]
    if missing:
        raise NoSuchFile("\n       ".join(missing), context)


def _refuse_folders(paths: Iterable[Path], context: click.Context) -> None:
    if folders := [f"{path} is a folder, and a file is needed" for path in dict.fromkeys(paths) if path.is_dir()]:
        raise click.UsageError("\n       ".join(folders), context)


def missing_file(path: Path) -> str:
    """What is said of a file that is not there."""
    if not path.parent.is_dir():
        return f"there is no file {path}: there is no folder {path.parent}"
    folder = str(path)[: -len(path.name)].replace("{", "{{").replace("}", "}}")
    there = sorted(one.name for one in path.parent.iterdir() if _may_be_meant(one, path))
    meant = did_you_mean(path.name, there, folder + "{}")
    return f"there is no file {path}" + (f"; {meant}" if meant else "")


def _may_be_meant(one: Path, path: Path) -> bool:
    """Whether two names are alike in more than a long ending that they share."""
    return one.suffix != path.suffix or bool(near_misses(path.stem, [one.stem]))
