"""The options of the commands, made of what converters/options declares."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from msgspec import Struct

from caffe_ir.near_misses import did_you_mean
from converters.cli.command import InputFile, SectionedOption
from converters.options import Declared, Kind, declared, size_of
from converters.options.argument import arguments_of
from converters.options.declared import Source

FILE = click.Path(path_type=Path)
"""A file that is written; one that is read is an InputFile."""
_AS_CONVERTED = "as converted"
_DEFAULT = "  [default: "
"""Where a text says what the default is; the default of a comparison is another one."""
_MANY = ("texts", "paths", "table")
_METAVARS: dict[Kind, str] = {"path": "FILE", "paths": "FILE", "count": "N"}

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]
Made = Callable[[type[Struct], dict[str, Any]], Any]


class Choice(click.Choice):  # type: ignore[type-arg]  # click has it as generic for type checkers alone
    """One of several words; another one is refused with those that are near."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        meant = did_you_mean(str(value), self.choices)
        message = super().get_invalid_choice_message(value, ctx)
        return f"{message}\n{meant}" if meant else message


def takes(without: Collection[str] = (), source: Source | None = None, **kinds: type[Struct]) -> Decorator:
    """Give a command the options of these structs: it is called with each of them, filled, by the keyword's name.

    `without` has the names of those that it does not offer; with `source` it gets those for such models.
    """
    return _decorator(kinds, source, lambda kind, values: kind(**values), without)


def takes_given(without: Collection[str] = (), **kinds: type[Struct]) -> Decorator:
    """The same, but the command gets a dict of what stands on the command line, where a flag can also be denied."""
    return _decorator(kinds, None, lambda kind, values: _given(values), without, deniable=True)


def refuse_options(why: str, kinds: Iterable[type[Struct]], but: Collection[str] = ()) -> None:
    """Refuse what stands on the command line of these kinds, but for the names in `but`. Raises UsageError."""
    source = click.get_current_context().get_parameter_source
    wrong = [
        one.flag
        for kind in kinds
        for one in declared(kind)
        if one.name not in but and source(one.name) is ParameterSource.COMMANDLINE
    ]
    if wrong:
        raise click.UsageError(f"{', '.join(wrong)}: {why}")


def _decorator(
    kinds: Mapping[str, type[Struct]],
    source: Source | None,
    made: Made,
    without: Collection[str],
    *,
    deniable: bool = False,
) -> Decorator:
    known = {
        parameter: [
            one
            for one in declared(kind)
            if one.name not in without and (source is None or source in one.option.sources)
        ]
        for parameter, kind in kinds.items()
    }

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def called(**values: Any) -> Any:
            for parameter, kind in kinds.items():
                values[parameter] = made(kind, {one.name: values.pop(one.name) for one in known[parameter]})
            return command(**values)

        wrapped: Any = called
        for parameter, kind in reversed(list(kinds.items())):
            for one in reversed(known[parameter]):
                title = getattr(kind, "TITLE", "")
                wrapped = _option(one, title, deniable=deniable)(wrapped)
        return wrapped  # type: ignore[no-any-return]

    return decorate


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    source = click.get_current_context().get_parameter_source
    return {name: value for name, value in values.items() if source(name) is ParameterSource.COMMANDLINE}


def _option(one: Declared, section: str, *, deniable: bool) -> Decorator:
    option, flag, many = one.option, one.flag, one.kind in _MANY
    names = [option.short, flag] if option.short else [flag]
    if one.kind == "flag" and deniable and option.from_file:
        names[-1] += f"/--no-{flag[2:]}"
    shown: bool | str = _AS_CONVERTED if deniable and option.from_file else bool(one.default)
    text = option.help.split(_DEFAULT)[0] if shown == _AS_CONVERTED else option.help
    return click.option(
        one.name,
        *names,
        cls=SectionedOption,
        section=section,
        type=_type(one),
        is_flag=one.kind == "flag",
        multiple=many,
        default=() if many else one.default,
        show_default=shown,
        metavar=option.metavar or _METAVARS.get(one.kind),
        callback=_read(one),
        help=text,
    )


def _type(one: Declared) -> click.ParamType[Any]:
    if one.kind == "flag":
        return click.BOOL
    if one.choices and _reader(one) is None:
        return Choice(one.choices)
    if one.kind in ("path", "paths"):
        return InputFile()
    if one.kind == "number":
        return click.FloatRange(0)
    return click.STRING


def _read(one: Declared) -> Callable[[click.Context, click.Parameter, Any], Any] | None:
    """A callback that reads the texts of an option; none where click's own types do."""
    reader = _reader(one)
    if reader is None:
        return None

    def read(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        try:
            return value if value == one.default else reader(value)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return read


def _reader(one: Declared) -> Callable[[Any], Any] | None:
    if one.option.grammar is not None:
        return functools.partial(_checked, one)
    if one.option.listed:
        return functools.partial(_separated, one.choices)
    if one.kind == "count":
        return functools.partial(_chosen, one.choices) if one.choices else functools.partial(_counted, one.option.least)
    return {"table": arguments_of, "size": size_of}.get(one.kind)


def _checked(one: Declared, text: str) -> str:
    """The text, if it is one of the choices or the grammar reads it. Raises ValueError."""
    if text not in one.choices and one.option.grammar is not None:
        one.option.grammar(text)
    return text


def _separated(choices: tuple[str, ...], texts: tuple[str, ...]) -> tuple[str, ...]:
    """The words between commas, each of which is one of the choices. Raises ValueError."""
    words = tuple(dict.fromkeys(word.strip() for text in texts for word in text.split(",")))
    for word in words:
        if word not in choices:
            meant = did_you_mean(word, choices)
            raise ValueError(f"{word!r} is not one of {', '.join(choices)}{'; ' * bool(meant)}{meant}")
    return words


def _chosen(choices: tuple[int, ...], text: str) -> int:
    """The number, if it is one of the choices. Raises ValueError."""
    found = next((choice for choice in choices if str(choice) == text), None)
    if found is None:
        raise ValueError(f"{text!r} is not one of {', '.join(map(str, choices))}")
    return found


def _counted(least: int | None, text: str) -> int:
    """The number, if it is whole and large enough. Raises ValueError."""
    count = int(text) if text.isdecimal() else -1
    if count < (least or 0):
        raise ValueError(f"{text!r} is not a whole number of at least {least or 0}")
    return count
