"""`convert darknet CFG WEIGHTS`: a Darknet net to STEM.prototxt, STEM.caffemodel and STEM.heads.json."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from converters.cli.failure import failures_told
from converters.cli.files import check_wishes, lowered, published, stem_of
from converters.cli.options import FILE, conversion_options
from converters.cli.sources import SourceOptions, darknet_model
from converters.cli.summary import show, verify_command

DIALECTS = ("auto", "darknet", "alexeyab")
FORMS = ("auto", "darknet-cpu", "darknet-gpu", "alexeyab")
VERIFIED_WITH = {
    "dialect": "--dialect",
    "bn": "--bn",
    "head": "--head",
    "fold_bn": "--fold-bn",
    "input_size": "--input-size",
    "batch": "--batch",
    "lenient": "--lenient",
    "allow_trailing": "--allow-trailing",
    "target": "--target",
}
"""The options that `convert verify` must be told again, as it spells them."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("cfg", type=FILE)
@click.argument("weights", type=FILE)
@click.option(
    "-o", "--output", metavar="STEM",
    help="Write STEM.prototxt, STEM.caffemodel, STEM.heads.json; or a folder.  [default: the cfg's name, here]",
)  # fmt: skip
@click.option(
    "--dialect", type=click.Choice(DIALECTS), default="auto", show_default=True,
    help="Whose Darknet: the original one's or AlexeyAB's.",
)  # fmt: skip
@click.option(
    "--bn", type=click.Choice(FORMS), default="auto", show_default=True,
    help="What BatchNorm divides by: sqrt(v)+1e-6 (the original's CPU code) or sqrt(v+1e-5) (all others).",
)  # fmt: skip
@click.option(
    "--head", type=click.Choice(["raw", "activated"]), default="raw", show_default=True,
    help="End detection heads at the maps that decoders read, or at what Darknet's own head layers output.",
)  # fmt: skip
@click.option("--input-size", metavar="HxW", help="Another input size than the cfg's.")
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Inputs at once.")
@click.option("--lenient", is_flag=True, help="Take unknown activations for ReLU, as Darknet does, and say so.")
@click.option("--allow-trailing", is_flag=True, help="Accept a weights file that is longer than the cfg asks for.")
@conversion_options
def darknet(
    cfg: Path,
    weights: Path,
    output: str | None,
    target: str,
    dialect: Literal["auto", "darknet", "alexeyab"],
    bn: Literal["auto", "darknet-cpu", "darknet-gpu", "alexeyab"],
    head: Literal["raw", "activated"],
    fold_bn: bool,
    hdf5: bool,
    input_size: str | None,
    batch: int,
    lenient: bool,
    allow_trailing: bool,
    dump_after: str | None,
    verify: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Convert the Darknet net CFG with its WEIGHTS to Caffe.

    The Caffe net computes what Darknet computes, layer by layer, and loads in an unpatched Caffe.
    """
    options = SourceOptions(
        dialect=dialect,
        bn=bn,
        head=head,
        fold_bn=fold_bn,
        input_size=input_size_of(input_size),
        batch=batch,
        lenient=lenient,
        allow_trailing=allow_trailing,
        target=target,
    )
    with failures_told(cfg):
        from caffe_ir.passes.base import Options
        from caffe_ir.targets import TARGETS
        from converters.darknet import heads_json
        from converters.darknet.finite import FiniteCheck

        check_wishes(output, dump_after)
        model = darknet_model(cfg, weights, options, check_finite=False)
        made = lowered(
            model.net,
            TARGETS[target],
            Options(head=head, fold_batch_norm=fold_bn),
            dump_after=dump_after,
        )
        check = FiniteCheck(model.weights)
        others = {".heads.json": heads_json(model, made)} if model.heads else {}
        written = published(
            made, stem_of(output, cfg.stem), TARGETS[target], others, hdf5=hdf5, quiet=quiet, watch=check.watch
        )
        made.notes.extend(check.notes())
        if not quiet:
            show(made, written, next_command=verify_command((cfg, weights), written, VERIFIED_WITH), verbose=verbose)
    if verify:
        from converters.cli.verify_work import verify_written

        verify_written((str(cfg), str(weights)), written, options, quiet=quiet)


def input_size_of(text: str | None) -> tuple[int, int] | None:
    """HxW as (height, width)."""
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise click.BadParameter(f"{text!r} is not HxW, for example 416x416", param_hint="--input-size")
    return int(parts[0]), int(parts[1])
