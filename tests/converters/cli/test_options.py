from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import click
import pytest
from click.testing import CliRunner, Result
from msgspec import Struct, field

from converters.cli import darknet, pytorch, verify
from converters.cli.options import takes, takes_given
from converters.cli.picture_input import OF_PICTURES
from converters.options import CaffeOptions, DarknetOptions, Option, PyTorchOptions, declared
from converters.options.declared import Size
from tests.converters.cli.given import converted, tool

SHARED = ("--target", "--fold-bn", "--hdf5", "--dump-after", "-q, --quiet", "-v, --verbose")
OWN = {
    "darknet": (
        "-o, --output", "-h, --help", "--dialect", "--bn", "--input-size", "--batch", "--lenient",
        "--header-bytes", "--until", "--allow-trailing",
        "--head",
    ),
    "pytorch": (
        "-o, --output", "-h, --help", "--input", "--weights", "--weights-key", "--arg", "--plugin", "--trust-pickle"
    ),
}  # fmt: skip


@pytest.mark.parametrize("command", OWN)
def test_the_help_knows_every_option_with_the_shared_ones_last(command: str) -> None:
    lines = [line.strip() for line in converted(command, "-h").stdout.splitlines()]
    first = [
        next((n for n, line in enumerate(lines) if f"{line} ".startswith(f"{option} ")), -1)
        for option in (*OWN[command], *SHARED)
    ]
    assert -1 not in first
    assert first == sorted(first)


class Some(Struct, frozen=True, kw_only=True):
    """Two flags, a choice, a size and arguments."""

    fast: Annotated[bool, Option(help="At once.", short="-f")] = False
    way: Annotated[Literal["left", "right"], Option(help="Where to.")] = "left"
    size: Annotated[Size | None, Option(help="How large.", metavar="HxW")] = None
    arguments: Annotated[Mapping[str, Any], Option(help="With what.", flag="--arg")] = field(default_factory=dict)
    wheels: Annotated[int | None, Option(help="On how many.", choices=(2, 4))] = None
    turns: Annotated[int, Option(help="How often.", least=1)] = 1
    speed: Annotated[str, Option(help="How fast.", choices=("auto",), grammar=float)] = "auto"


class Others(Struct, frozen=True, kw_only=True):
    """One more, and one that the command does not offer."""

    shape: Annotated[tuple[str, ...], Option(help="Of what.")] = ()
    hidden: Annotated[bool, Option(help="Whether nobody sees it.")] = False


def ran(command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, words)


@click.command()
@takes(without=("hidden",), some=Some, others=Others)
def filled(some: Some, others: Others) -> None:
    click.echo(f"{some} {others}")


@click.command()
@takes_given(some=Some)
def given(some: Mapping[str, Any]) -> None:
    click.echo(dict(some))


def test_a_command_gets_its_structs_filled() -> None:
    assert ran(filled).stdout == f"{Some()} {Others()}\n"
    words = ("-f", "--way", "right", "--size", "2x3", "--arg", "a=1", "--arg", "b=c", "--shape", "1", "--shape", "2")
    some = Some(fast=True, way="right", size=(2, 3), arguments={"a": 1, "b": "c"})
    assert ran(filled, *words).stdout == f"{some} {Others(shape=('1', '2'))}\n"


def test_a_command_does_not_offer_what_it_is_without() -> None:
    assert "No such option" in ran(filled, "--hidden").stderr


def test_a_command_gets_what_was_given_alone() -> None:
    assert ran(given).stdout == "{}\n"
    assert ran(given, "--no-fast", "--way", "left").stdout == "{'fast': False, 'way': 'left'}\n"


def test_a_choice_of_numbers_and_a_text_with_a_grammar() -> None:
    assert ran(filled, "--wheels", "4", "--speed", "1e3").stdout == f"{Some(wheels=4, speed='1e3')} {Others()}\n"
    assert ran(filled, "--speed", "auto").stdout == f"{Some()} {Others()}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--size", "2"), "Invalid value for '--size': '2' is not HxW, for example 416x416"),
        (("--arg", "a"), "Invalid value for '--arg': 'a' is not KEY=VALUE"),
        (("--arg", "a=1", "--arg", "a=2"), "Invalid value for '--arg': a is given twice"),
        (("--way", "up"), "'up' is not one of 'left', 'right'"),
        (("--wheels", "3"), "'3' is not one of 2, 4"),
        (("--turns", "conv_1"), "'conv_1' is not a whole number of at least 1"),
        (("--turns", "0"), "'0' is not a whole number of at least 1"),
        (("--turns", "-1"), "'-1' is not a whole number of at least 1"),
        (("--wheels", "many"), "'many' is not one of 2, 4"),
        (("--speed", "quick"), "could not convert string to float: 'quick'"),
    ],
)
def test_a_wrong_value_is_wrong_usage(words: tuple[str, ...], told: str) -> None:
    done = ran(filled, *words)
    assert done.exit_code == 2
    assert told in done.stderr


@pytest.mark.parametrize("command", [darknet.darknet, pytorch.pytorch])
def test_verify_knows_how_a_conversion_was_asked_for(command: click.Command) -> None:
    """Every option of the source and of the net that is written, spelled as `verify_command` spells it.

    But those of pictures, which are compared by the file that they make.
    """
    known = {option for parameter in verify.verify.params for option in parameter.opts}
    structs = (DarknetOptions if command is darknet.darknet else PyTorchOptions, CaffeOptions)
    wanted = {one.flag for kind in structs for one in declared(kind) if one.name not in OF_PICTURES}
    assert wanted <= known


def test_an_option_is_offered_for_the_models_that_it_is_for() -> None:
    assert any(each.name == "head" for each in darknet.darknet.params)
    assert not any(each.name == "head" for each in pytorch.pytorch.params)


def test_a_word_that_is_no_choice_is_refused_with_those_that_are_near() -> None:
    result = tool("darknet", "a.cfg", "a.weights", "--target", "opncv")
    assert result.exit_code == 2
    assert "'opncv' is not one of 'caffe', " in result.output
    assert "did you mean opencv?" in result.output


def test_texts_may_stand_in_one_with_commas_between_them() -> None:
    class Tools(Struct, frozen=True, kw_only=True):
        tools: Annotated[tuple[str, ...], Option(help="Tools.", choices=("saw", "drill", "file"), listed=True)] = ()

    @click.command()
    @takes(given=Tools)
    def command(given: Tools) -> None:
        click.echo(",".join(given.tools))

    def told(*words: str) -> str:
        return CliRunner().invoke(command, words).output.rstrip()

    assert told() == ""
    assert told("--tools", "saw") == "saw"
    assert told("--tools", "file, saw", "--tools", "drill,saw") == "file,saw,drill"
    assert told("--tools", "saw,dril").endswith("'dril' is not one of saw, drill, file; did you mean drill?")
    assert "'' is not one of saw" in told("--tools", "saw,")


def test_no_option_has_two_defaults() -> None:
    for command in (darknet.darknet, pytorch.pytorch, verify.verify):
        for one in command.params:
            record = one.get_help_record(click.Context(command))
            assert record is None or record[1].count("[default: ") <= 1, record
