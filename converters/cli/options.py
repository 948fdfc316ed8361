"""The options that every convert command has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

TARGETS = ("caffe",)
"""The names of caffe_ir.targets, written down so that --help loads nothing; a test holds them together."""

FILE = click.Path(path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--target", type=click.Choice(TARGETS), default="caffe", show_default=True, help="Who reads the files."
    ),
    click.option("--fold-bn", is_flag=True, help="Fold BatchNorm and Scale into the layer before them."),
    click.option("--hdf5", is_flag=True, help="Write the weights as STEM.caffemodel.h5, for more than 2 GB of them."),
    click.option(
        "--dump-after", metavar="PASS", help="Print the net as it is after a pass ('source': before the first)."
    ),
    click.option("--verify", is_flag=True, help="Compare the files with their source, as `convert verify` does."),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
    click.option("-v", "--verbose", is_flag=True, help="List every rewrite and assumption with its place."),
)


def conversion_options(command: Command) -> Command:
    """Add --target, --fold-bn, --hdf5, --dump-after, --verify, -q and -v, which stand last in the help."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
