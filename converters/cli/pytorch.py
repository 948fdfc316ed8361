"""`convert pytorch MODEL`: a PyTorch model to STEM.prototxt and STEM.caffemodel."""

from __future__ import annotations

from pathlib import Path

import click

from converters.cli.argument import arguments as arguments_of
from converters.cli.failure import failures_told
from converters.cli.files import check_wishes, lowered, published, stem_of
from converters.cli.options import FILE, conversion_options
from converters.cli.progress import working
from converters.cli.prototxt_weights import prototxt_options
from converters.cli.sources import SourceOptions, torch_net
from converters.cli.summary import show, verify_command

VERIFIED_WITH = {
    "inputs": "--shape",
    "weights": "--weights",
    "weights_key": "--weights-key",
    "arguments": "--arg",
    "plugins": "--plugin",
    "trust_pickle": "--trust-pickle",
    "target": "--target",
    "fold_bn": "--fold-bn",
}
"""The options that `convert verify` must be told again, as it spells them."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model")
@click.option(
    "-o", "--output", metavar="STEM",
    help="Write STEM.prototxt and STEM.caffemodel; or a folder.  [default: the model's name, here]",
)  # fmt: skip
@click.option(
    "--input", "inputs", multiple=True, metavar="[NAME=]SHAPE[:DTYPE]",
    help="An input, as 1x3x224x224; once for each. A .pt2 knows its own.",
)  # fmt: skip
@click.option(
    "--weights", type=FILE, help="A state_dict for the model: .pth, nested or with prefixes, or .safetensors."
)
@click.option("--weights-key", default="", metavar="KEY", help="Which state_dict of a checkpoint that has several.")
@click.option("--arg", "arguments", multiple=True, metavar="KEY=VALUE", help="An argument for the function.")
@click.option("--plugin", "plugins", multiple=True, type=FILE, help="A Python file: its HANDLERS know more operations.")
@click.option("--trust-pickle", is_flag=True, help="Open a pickle that may run code when it is opened.")
@conversion_options
@prototxt_options
def pytorch(
    model: str,
    output: str | None,
    inputs: tuple[str, ...],
    weights: Path | None,
    weights_key: str,
    arguments: tuple[str, ...],
    plugins: tuple[Path, ...],
    trust_pickle: bool,
    target: str,
    fold_bn: bool,
    hdf5: bool,
    dump_after: str | None,
    verify: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Convert a PyTorch MODEL to Caffe.

    MODEL is a .pt2 of torch.export, a TorchScript .pt, a pickled module (--trust-pickle), or a function that returns
    the model: package.module:function or path/to/file.py:function. With --prototxt it is a state_dict for that net.
    """
    options = SourceOptions(
        fold_bn=fold_bn,
        target=target,
        shapes=inputs,
        weights=weights,
        weights_key=weights_key,
        arguments=arguments_of(arguments),
        plugins=plugins,
        trust_pickle=trust_pickle,
    )
    if weights_key and weights is None:
        raise click.UsageError("--weights-key says which weights of a file: give it as --weights FILE")
    with failures_told(model):
        from caffe_ir.passes.base import Options
        from caffe_ir.targets import TARGETS

        check_wishes(output, dump_after)
        with working(f"reading {model}", quiet=quiet):
            net = torch_net(model, options)
        made = lowered(net, TARGETS[target], Options(fold_batch_norm=fold_bn), dump_after=dump_after)
        written = published(made, stem_of(output, net.name), TARGETS[target], {}, hdf5=hdf5, quiet=quiet)
        if not quiet:
            show(made, written, next_command=verify_command((model,), written, VERIFIED_WITH), verbose=verbose)
    if verify:
        from converters.cli.verify_work import verify_written

        verify_written((model,), written, options, quiet=quiet)
