"""`convert` (also `tocaffe`): one module for each command, imported when the command is called."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import shlex
import signal
import sys
import traceback
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

import click

from caffe_ir.error_kinds import general
from caffe_ir.error_kinds.kind import Kind
from caffe_ir.version import VERSION
from caffe_ir.visible import visible
from converters.cli.command import NoSuchFile
from converters.cli.say import say
from converters.cli.streams import OutputLost, give_up, guard

COMMANDS = {
    "darknet": ("converters.cli.darknet", "Convert a Darknet net, CFG and WEIGHTS, to Caffe."),
    "pytorch": ("converters.cli.pytorch", "Convert a PyTorch MODEL to Caffe."),
    "caffe": ("converters.cli.caffe", "Write an existing Caffe net for another engine."),
    "init": ("converters.cli.init", "Initial weights for a PROTOTXT, from its fillers."),
    "dump": ("converters.cli.dump", "List the arrays in a file of weights."),
    "batch": ("converters.cli.batch", "Convert many models, here or on a Dask cluster."),
    "verify": ("converters.cli.verify", "Compare a Caffe net with its source, layer by layer."),
    "run": ("converters.cli.run", "Run a converted net on pictures: boxes drawn, or classes."),
    "decoder": ("converters.cli.decoder", "Python and C code for the boxes of a converted net."),
    "check": ("converters.cli.check", "The layers of a PROTOTXT that an engine gets wrong."),
    "summary": ("converters.cli.net_summary", "A table of a model's layers, with what each costs."),
    "targets": ("converters.cli.targets", "The engines that nets can be written for."),
    "explain": ("converters.cli.explain", "What an error code means, and what to do."),
}
"""Each command's module, which holds a click command of the command's own name, and its line in the help."""

_REPORT = general.OUR_FAULT.mark(
    "This is a fault of tocaffe, not of your model or your command. Please report it with the text above, "
    "the command, and `convert --version`."
)

_OBJECTS = 100_000
"""New objects between two looks for dead cycles."""

CODES = (
    ("0", "Done; verify: the nets agree."),
    ("1", "It cannot be converted; verify: nets differ; check: a layer is wrong."),
    ("2", "Wrong usage, or a file is missing; verify: nothing was compared."),
)
"""Exit codes of what a user or a model is to blame for; the documents list those of the machine and of tocaffe too."""
NO_MEMORY, OUR_FAULT, OUTPUT_LOST, INTERRUPTED = 1, 70, 74, 130


class Commands(click.Group):
    """A group that knows its commands by name and loads one only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = vars(importlib.import_module(COMMANDS[name][0]))[name]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from converters.cli.meant import meant

            raise click.UsageError(meant(args, list(COMMANDS), str(ctx.info_name)), ctx)
        return super().resolve_command(ctx, args)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        line = shlex.join([info_name or "convert", *args])
        try:
            return super().make_context(info_name, args, parent, obj=line, **extra)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise _marked(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _marked(error) from None
        except KeyboardInterrupt:
            say("\ninterrupted", err=True, lines=True)
            raise click.exceptions.Exit(INTERRUPTED) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)  # its own options stand in the line of usage

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
        with formatter.section("Exit codes (70: a fault of tocaffe)"):
            formatter.write_dl(CODES)


def _marked(error: click.UsageError) -> click.UsageError:
    """The error with its code, and with nothing in it that a terminal obeys."""
    return click.UsageError(_kind_of(error).mark(visible(error.format_message(), keep="\n")), error.ctx)


def _kind_of(error: click.UsageError) -> Kind:
    if isinstance(error, NoSuchFile):
        return general.NO_SUCH_FILE
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        return general.OPTION_VALUE
    return general.WRONG_USAGE


def _version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version and exit."""
    if not wanted or context.resilient_parsing:
        return
    say(f"tocaffe, version {VERSION}")
    context.exit()


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, options_metavar="[--version] [-h]"
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
def convert() -> None:
    """Write neural networks as Caffe nets that compute the same function."""


class _Ended(BaseException):
    """A signal ended the program. No SystemExit: that one may be the user's code's, and is reported as its fault."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> None:
    """Run the command line and exit with one of CODES."""
    guard()
    for wish in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, wish, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    _collect_rarely()
    _import_from_here()
    try:
        convert(prog_name="tocaffe" if sys.argv[0].endswith("tocaffe") else "convert")
    except OutputLost as error:
        _say_output_lost(error)
        sys.exit(OUTPUT_LOST)
    except _Ended as ended:
        sys.exit(128 + ended.number)
    except MemoryError:
        say(general.OUT_OF_MEMORY.mark("there is not enough memory for this model"), err=True)
        sys.exit(NO_MEMORY)
    except Exception:  # whatever it is, nothing that was foreseen: it must not end with the code of a bad model
        traceback.print_exc()
        say(f"\n{_REPORT}", err=True, lines=True)
        sys.exit(OUR_FAULT)


def _say_output_lost(error: OutputLost) -> None:
    """Say it where it can be said; a reader that has gone wanted no more."""
    give_up()
    if not error.reader_gone:
        with suppress(OutputLost):
            say(f"cannot print the output: {error}", err=True)


def _collect_rarely() -> None:
    """Let Python look for dead cycles seldom, and not once more at the end: a short run makes next to none.

    Looking costs a tenth of the conversion of a large Darknet net.
    """
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)


def _import_from_here() -> None:
    """Let the user's own modules be imported from the folder that he is in, behind all others, as `python -m` does."""
    if not {"", here := os.getcwd()} & set(sys.path):
        sys.path.append(here)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Leave as after Ctrl-C, so that files half written are taken away."""
    raise _Ended(number)


if __name__ == "__main__":
    main()
