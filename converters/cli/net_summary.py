"""`convert summary MODEL`: a table of the layers that a model becomes, and what they take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import asdict

from caffe_ir.files.file_names import PROTOTXT
from converters.cli.command import Command, by_stem, refuse_missing
from converters.cli.failure import failures_reported
from converters.cli.options import refuse_options, takes
from converters.cli.say import say
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions, declared

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from caffe_ir.summary import Summary

_HEADS = ("layer", "type", "output", "parameters", "multiply-adds", "output bytes")
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_OF_WEIGHTS = ("header_bytes", "allow_trailing")


@click.command(
    cls=Command,
    examples=(
        "convert summary yolov3.cfg",
        "convert summary deploy.prototxt --json",
        "convert summary nets.py:resnet --input 1x3x224x224",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="MODEL")
@click.option("--json", "as_json", is_flag=True, help="Print every layer and the totals as JSON.")
@takes(darknet=DarknetOptions, pytorch=PyTorchOptions, caffe=CaffeOptions)
def summary(
    files: tuple[str, ...], as_json: bool, darknet: DarknetOptions, pytorch: PyTorchOptions, caffe: CaffeOptions
) -> None:
    """List the layers that MODEL becomes, with output shapes, parameters, multiply-adds and memory.

    MODEL is a Darknet CFG (its WEIGHTS are not needed), a PyTorch model as for `convert pytorch`, or a PROTOTXT or
    the STEM of one, which is listed as it is, but without what is for training.
    """
    with failures_reported(" ".join(files), what="cannot be summarised"):
        from caffe_ir.summary import summary as summed

        found = summed(_net(files, darknet, pytorch, caffe))
    if as_json:
        _print_json(found)
    else:
        _print_table(found)


def _net(files: tuple[str, ...], darknet: DarknetOptions, pytorch: PyTorchOptions, caffe: CaffeOptions) -> Net:
    from converters.cli.files import lowered
    from converters.cli.sources import darknet_model, torch_net

    files = tuple(str(by_stem(Path(name), PROTOTXT)) for name in files)
    suffixes = [Path(name).suffix for name in files]
    if len(files) > 2 or (len(files) == 2 and not {".cfg", ".prototxt"} & set(suffixes)):
        raise click.UsageError(f"{' '.join(files)}: give one model: a cfg, a prototxt, or a PyTorch model")
    refuse_missing(Path(name) for name in files if ":" not in name)
    if ".prototxt" in suffixes:
        from converters.caffe import convert

        refuse_options("a prototxt is listed as it is", (DarknetOptions, PyTorchOptions, CaffeOptions), but={"input"})
        return convert(files[suffixes.index(".prototxt")], input=pytorch.input)
    if ".cfg" not in suffixes:
        refuse_options("not an option for a PyTorch model", [DarknetOptions], but=_names(PyTorchOptions))
        return lowered(torch_net(files[0], pytorch), caffe)
    refuse_options("not an option for a Darknet model", [PyTorchOptions], but=_names(DarknetOptions))
    cfg = files[suffixes.index(".cfg")]
    if len(files) == 2:
        weights = files[1 - suffixes.index(".cfg")]
        return lowered(darknet_model(cfg, weights, darknet, check_finite=False).net, caffe)
    from converters.darknet.outline import outline

    refuse_options("give the weights too", [DarknetOptions], but=_names(DarknetOptions) - {*_OF_WEIGHTS})
    read_as = {key: value for key, value in asdict(darknet).items() if key not in _OF_WEIGHTS}
    return lowered(outline(cfg, **read_as), caffe)


def _names(kind: type[Struct]) -> set[str]:
    return {one.name for one in declared(kind)}


def _print_table(found: Summary) -> None:
    from caffe_ir.blob import shapes_text

    rows: list[tuple[str, ...]] = [_HEADS]
    for row in found.rows:
        counts = (f"{count:,}" if count else "" for count in (row.parameters, row.multiply_adds, row.memory))
        rows.append((row.name, row.type, shapes_text(row.shapes), *counts))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, kind, shapes, *numbers in rows:
        words = [f"{cell:<{width}}" for cell, width in zip((name, kind, shapes), widths[:3], strict=True)]
        words += [f"{cell:>{width}}" for cell, width in zip(numbers, widths[3:], strict=True)]
        say("  ".join(words).rstrip())
    say("")
    say(
        f"{found.name}: {len(found.rows)} layers, {short(found.multiply_adds).rstrip()} multiply-adds, "
        f"{short(found.products).rstrip()} of them in convolutions and products of matrices"
    )
    say(f"parameters  {found.parameters:,} ({short(4 * found.parameters)}B as float32)")
    say(
        f"memory      {short(found.memory)}B for all blobs, {short(found.peak)}B of them needed at once; "
        f"Caffe's layers keep {short(found.working)}B for themselves"
    )


def short(count: float) -> str:
    """A count in three digits and a prefix of SI."""
    size, prefix = next(((size, prefix) for size, prefix in _UNITS if count >= size), (1, ""))
    return f"{count / size:.3g} {prefix}"


def _print_json(found: Summary) -> None:
    import json

    totals = {
        "name": found.name,
        "layers": len(found.rows),
        "parameters": found.parameters,
        "multiply_adds": found.multiply_adds,
        "products": found.products,
        "memory": found.memory,
        "memory_at_once": found.peak,
        "working_memory": found.working,
    }
    rows = [asdict(row) for row in found.rows]
    say(json.dumps({**totals, "rows": rows}, indent=1, ensure_ascii=False), lines=True)
