"""`convert pytorch MODEL`: a PyTorch model to STEM.prototxt and STEM.caffemodel."""

from __future__ import annotations

import re
from pathlib import Path

import click
from msgspec.structs import asdict

from converters.cli.command import Command, missing_file, refuse_missing
from converters.cli.failure import failures_reported
from converters.cli.files import checked_stem, lowered, published
from converters.cli.options import takes
from converters.cli.origins import torch_origins
from converters.cli.output_meaning import heads_file
from converters.cli.picture_input import input_file
from converters.cli.progress import working
from converters.cli.prototxt_weights import prototxt_options
from converters.cli.sources import name_of, torch_opened
from converters.cli.summary import show, show_warnings, verify_command
from converters.options import CaffeOptions, OutputOptions, PyTorchOptions

_SUFFIXES = (".pt2", ".pt", ".pth", ".py", ".safetensors", ".bin")
_SHOWN = 6
"""So many files of a folder are listed."""


@click.command(
    cls=Command,
    examples=(
        "convert pytorch model.pt2",
        "convert pytorch nets.py:resnet --weights best.pth --input 1x3x224x224",
        "convert pytorch best.pth --prototxt deploy.prototxt -o deploy",
    ),
)
@click.argument("model")
@click.option(
    "-o", "--output", metavar="STEM",
    help="Write STEM.prototxt and STEM.caffemodel; or a folder.  [default: the model's name, here]",
)  # fmt: skip
@takes(source="pytorch", read=PyTorchOptions, caffe=CaffeOptions, wanted=OutputOptions)
@prototxt_options
def pytorch(
    model: str,
    output: str | None,
    read: PyTorchOptions,
    caffe: CaffeOptions,
    wanted: OutputOptions,
) -> None:
    """Convert a PyTorch MODEL to Caffe.

    MODEL is a .pt2 of torch.export, a TorchScript .pt, a pickled module (--trust-pickle), or a function that returns
    the model (or the model itself): package.module:function or path/to/file.py:function. With --prototxt it is a
    state_dict for that net.
    """
    if read.weights_key and read.weights is None:
        raise click.UsageError("--weights-key says which weights of a file: give it as --weights FILE")
    _refuse_missing(model)
    quiet = wanted.quiet
    with failures_reported(model):
        from caffe_ir.targets import TARGETS

        inputs = (model, model.rpartition(":")[0], read.weights or "", *read.plugins)
        stem = checked_stem(output, name_of(model), wanted, inputs)
        with working(f"reading {model}", quiet=quiet):
            found = torch_opened(model, read)
            net, read = found.net, found.read
        made = lowered(net, caffe, dump_after=wanted.dump_after)
        origins = torch_origins(model, read, caffe)
        beside = {**input_file(made, read), **heads_file(made, read, found.module)}
        written = published(made, stem, TARGETS[caffe.target], beside, origins, wanted=wanted)
        if quiet:
            show_warnings(made)
        else:
            command = verify_command((model,), written, read, caffe)
            show(made, written, TARGETS[caffe.target], next_command=command, verbose=wanted.verbose)
    if wanted.verify:
        from converters.cli.verify_opened import Asked
        from converters.cli.verify_work import verify_written

        verify_written((model,), written, Asked(read=asdict(read), caffe=asdict(caffe)), quiet=quiet)


def _refuse_missing(model: str) -> None:
    """Raise UsageError where MODEL is a URL or a folder, or where its file, or that of its function, is not there."""
    if re.match(r"[a-z]+://", model):
        raise click.UsageError(f"{model} is a URL; download the file first, and give its path")
    path = Path(model)
    if path.is_dir():
        inside = [str(one) for one in sorted(path.iterdir()) if one.suffix in _SUFFIXES]
        listed = f": it has {', '.join(inside[:_SHOWN])}{' ...' if len(inside) > _SHOWN else ''}" if inside else ""
        raise click.UsageError(f"{model} is a folder{listed}\n       Give the file of a model, or FILE.py:function")
    holder, colon, _ = model.rpartition(":")
    if path.exists() or (colon and not holder.endswith(".py")):
        return
    if colon:
        refuse_missing((Path(holder),))
        return
    module, dot, name = model.rpartition(".")
    spelled = f"{module}:{name}" if dot and module.replace(".", "_").isidentifier() else f"package.module:{model}"
    raise click.UsageError(f"{missing_file(path)}\n       A function that returns a model is given as {spelled}")
