"""`convert pytorch MODEL`: a PyTorch model to STEM.prototxt and STEM.caffemodel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from converters.cli.argument import argument
from converters.cli.failure import failures_told
from converters.cli.files import check_wishes, lowered, published, stem_of
from converters.cli.options import FILE, conversion_options
from converters.cli.progress import working
from converters.cli.prototxt_weights import prototxt_options
from converters.cli.summary import show, verify_command

if TYPE_CHECKING:
    from caffe_ir.net import Net

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
    dump_after: str | None,
    verify: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Convert a PyTorch MODEL to Caffe.

    MODEL is a .pt2 of torch.export, a TorchScript .pt, a pickled module (--trust-pickle), or a function that returns
    the model: package.module:function or path/to/file.py:function. With --prototxt it is a state_dict for that net.
    """
    given = dict(map(argument, arguments))
    with failures_told(model):
        from caffe_ir.passes.base import Options
        from caffe_ir.targets import TARGETS

        check_wishes(output, dump_after)
        with working(f"reading {model}", quiet=quiet):
            net = _captured(model, inputs, weights, weights_key, given, plugins, trust_pickle=trust_pickle)
        made = lowered(net, TARGETS[target], Options(fold_batch_norm=fold_bn), dump_after=dump_after)
        written = published(made, stem_of(output, net.name), TARGETS[target], {}, quiet=quiet)
        if not quiet:
            show(made, written, next_command=verify_command((model,), written, VERIFIED_WITH), verbose=verbose)
    if verify:
        from converters.cli.verify_source import SourceOptions
        from converters.cli.verify_work import verify_written

        options = SourceOptions(
            fold_bn=fold_bn,
            target=target,
            shapes=inputs,
            weights=weights,
            weights_key=weights_key,
            arguments=given,
            plugins=plugins,
            trust_pickle=trust_pickle,
        )
        verify_written((model,), written.prototxt, options, quiet=quiet)


def _captured(
    model: str,
    inputs: Sequence[str],
    weights: Path | None,
    weights_key: str,
    arguments: Mapping[str, Any],
    plugins: Sequence[Path],
    *,
    trust_pickle: bool,
) -> Net:
    """The net of the model that the command line names. Raises ConversionError."""
    import torch

    from converters.pytorch import convert
    from converters.pytorch.inputs import example_inputs, parse_input
    from converters.pytorch.loading import load, load_plugins

    specs = [parse_input(text) for text in inputs]
    handlers = load_plugins(plugins)
    loaded = load(model, weights=weights, weights_key=weights_key, arguments=arguments, trust_pickle=trust_pickle)
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    if specs:
        module = loaded.model if isinstance(loaded.model, torch.nn.Module) else loaded.model.module()
        args, kwargs = example_inputs(module, specs)
    net = convert(loaded.model, args, example_kwargs=kwargs, handlers=handlers, name=loaded.name)
    net.notes[:0] = loaded.notes
    return net
