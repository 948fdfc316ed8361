"""`convert` (also `tocaffe`): one module for each command, imported when the command is called."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

COMMANDS = {
    "darknet": ("converters.cli.darknet", "Darknet's CFG and WEIGHTS to Caffe."),
    "pytorch": ("converters.cli.pytorch", "A PyTorch MODEL to Caffe."),
    "init": ("converters.cli.init", "Weights for a PROTOTXT from its fillers."),
    "dump": ("converters.cli.dump", "What a file of weights holds."),
    "batch": ("converters.cli.batch", "Many models in one command, here or on a cluster."),
    "verify": ("converters.cli.verify", "Is a Caffe net what its source is? Layer by layer."),
}
"""Each command's module, which holds a click command of the command's own name, and its line in the help."""

_OBJECTS = 100_000
"""New objects between two looks for dead cycles."""


class Commands(click.Group):
    """A group that knows its commands by name and loads one only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = vars(importlib.import_module(COMMANDS[name][0]))[name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "--version", package_name="tocaffe", prog_name="tocaffe")
def convert() -> None:
    """Write neural networks as Caffe nets that compute the same function, in vanilla Caffe, with no custom layer."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 the model cannot be converted, 2 wrong usage."""
    for wish in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, wish, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    _collect_rarely()
    _import_from_here()
    convert(prog_name="convert" if not sys.argv[0].endswith("tocaffe") else "tocaffe")


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
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
