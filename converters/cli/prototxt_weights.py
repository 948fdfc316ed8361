"""`convert pytorch WEIGHTS --prototxt NET.prototxt`: a state_dict into a net that exists, to STEM.caffemodel."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from caffe_ir.files.file_names import BINARY, HDF5
from caffe_ir.visible import visible
from converters.cli.command import InputFile, SectionedOption, refuse_missing
from converters.cli.failure import failures_reported
from converters.cli.files import check_stem, stem_of
from converters.cli.options import FILE
from converters.cli.progress import bytes_written
from converters.cli.say import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from caffe_ir.errors import Note
    from converters.transplant import NamedSources, Transplanted

Command = TypeVar("Command", bound="Callable[..., Any]")

_option = functools.partial(click.option, cls=SectionedOption, section="Weights for a prototxt")
_OPTIONS = (
    _option(
        "--prototxt", type=InputFile(), metavar="NET.prototxt",
        help="Fill this net: MODEL is a file of weights (.pth, .safetensors, .npz, .npy). Writes STEM.caffemodel.",
    ),
    _option("--map", "map_file", type=InputFile(), metavar="MAP", help="TOML file: which module fills which layer."),
    _option("--write-map", type=FILE, metavar="MAP", help="Write the mapping that was used."),
    _option(
        "--strict/--partial", default=True,
        help="All layers and keys must match, or the remaining layers get their fillers' numbers.  [default: strict]",
    ),
    _option(
        "--eps", default="1e-05", show_default=True, metavar="X",
        help="BatchNorm's epsilon, or `prototxt` for each layer's.",
    ),
    _option("--seed", type=click.IntRange(0), default=0, metavar="N", help="Seed of the fillers.  [default: 0]"),
    _option("--model", "factory", metavar="package:function", help="The model, for a comparison layer by layer."),
)  # fmt: skip
_OWN = ("prototxt", "map_file", "write_map", "strict", "eps", "seed", "factory")
_SHARED = ("model", "output", "weights_key", "arguments", "hdf5", "force", "quiet")
"""The command's other parameters that have a meaning with --prototxt."""


def prototxt_options(command: Command) -> Command:
    """Give the command the options for weights of a given net; with --prototxt it does this instead of its own work."""

    @functools.wraps(command)
    def chosen(**given: Any) -> None:
        own = {name: given.pop(name) for name in _OWN}
        if own["prototxt"] is None:
            _refuse(own, "without")
            command(**given)
            return
        parameters = {str(parameter.name) for parameter in click.get_current_context().command.params}
        _refuse(parameters - {*_OWN, *_SHARED}, "with")
        read, wanted = given["read"], given["wanted"]
        fill_prototxt(
            **own,
            model=given["model"],
            output=given["output"],
            weights_key=read.weights_key,
            arguments=read.arguments,
            hdf5=wanted.hdf5,
            force=wanted.force,
            quiet=wanted.quiet,
        )

    wrapped: Any = chosen
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    found: Command = wrapped
    return found


def _refuse(names: Iterable[str], how: str) -> None:
    """Raise UsageError where one of the parameters of these names stands on the command line."""
    context = click.get_current_context()
    wrong = [
        "/".join((parameter.opts[-1], *parameter.secondary_opts))
        for parameter in context.command.params
        if parameter.name in names and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if wrong:
        raise click.UsageError(f"{', '.join(wrong)} has no meaning {how} --prototxt")


def fill_prototxt(
    *,
    model: str,
    prototxt: Path,
    output: str | None,
    map_file: Path | None = None,
    write_map: Path | None = None,
    strict: bool = True,
    eps: str = "1e-05",
    seed: int = 0,
    factory: str | None = None,
    weights_key: str = "",
    arguments: Mapping[str, Any] | None = None,
    hdf5: bool = False,
    force: bool = False,
    quiet: bool = False,
) -> None:
    """Write STEM.caffemodel with the weights of a state_dict for the layers of a prototxt, and report what went where.

    Exits with 1, and writes nothing, where a layer or a key is left or open; without `strict` the former are left to
    fillers. With `factory` the model that it makes is compared with what was written.
    """
    own_eps = _eps(eps)
    refuse_missing((Path(model),))
    with failures_reported(model):
        from caffe_ir.files.fillers import filled
        from caffe_ir.files.reader import read
        from caffe_ir.files.replaceable import check_file, check_weights, with_ending
        from caffe_ir.files.spelled_file import read_spelled
        from caffe_ir.files.writer import write_weights
        from converters.transplant import Map, read_map, transplant
        from converters.weights import only_set, open_weights

        stem = stem_of(output, Path(model).stem)
        path = with_ending(stem, HDF5 if hdf5 else BINARY)
        inputs = [Path(model), prototxt, *([map_file] if map_file else [])]
        check_stem(path, None, inputs)
        check_weights(path, inputs=inputs, force=force)
        if write_map is not None:
            check_file(write_map, inputs=[*inputs, path])
        given = Map() if map_file is None else read_map(map_file)
        opened = open_weights(model)
        chosen = only_set(opened.tensors, weights_key)
        named = _stated_by(prototxt)
        done = transplant(read(prototxt), chosen.tensors, given=given, named=named, eps=own_eps, partial=not strict)
        net = filled(done.net, read_spelled(prototxt), seed=seed, only=done.unfilled) if done.unfilled else done.net
        if factory is not None:
            from converters.cli.prototxt_check import check, filled_model

            made = filled_model(factory, arguments or {}, chosen.tensors)
        with bytes_written(f"writing {path.name}", quiet=quiet) as progress:
            size = write_weights(net, path, force=force, progress=progress)
        if write_map is not None:
            _write_map(write_map, done)
        if not quiet:
            _show(done, (*opened.notes, *chosen.notes(), *done.net.notes))
            say(f"written  {path} ({size:,} bytes)")
        if factory is not None:
            check(prototxt, path, done, made, factory=factory, quiet=quiet)


def _stated_by(prototxt: Path) -> NamedSources:
    """What a prototxt of ours says of its weights, with the caffemodel beside it. Raises ConversionError."""
    from caffe_ir.files.caffemodel_file import read_layers
    from caffe_ir.files.file_names import weights_beside
    from caffe_ir.files.weight_sources import read_sources
    from caffe_ir.given_files import read_bytes
    from converters.transplant import NamedSources

    sources = read_sources(read_bytes(prototxt).decode(errors="replace"))
    if not any(one.constant for blobs in sources.layers.values() for one in blobs):
        return NamedSources(sources=sources)
    caffemodel = weights_beside(str(prototxt.with_suffix("")))
    written = {layer.name: layer.blobs for layer in read_layers(caffemodel)} if caffemodel.exists() else {}
    return NamedSources(sources=sources, caffemodel=caffemodel, written=written)


def _eps(text: str) -> float | None:
    if text == "prototxt":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not value >= 0:
        raise click.BadParameter(f"{text!r} is neither a number nor `prototxt`", param_hint="--eps")
    return value


def _write_map(path: Path, done: Transplanted) -> None:
    from caffe_ir.files.text_files import write_text
    from converters.transplant import map_text

    lines = [(row.layers[0], row.modules, row.why) for row in done.rows if not row.named]
    lines += [(name, (), "its filler") for name in sorted(done.unfilled)]
    unused = [key for key, reason in done.left.items() if not reason or reason == "left out by the map"]
    write_text(path, map_text(lines, unused))


def _show(done: Transplanted, notes: Sequence[Note]) -> None:
    """The mapping line by line, then what is left, then what was assumed."""
    left = [visible(" + ".join(row.layers)) for row in done.rows]
    right = [visible(" + ".join(row.modules)) for row in done.rows]
    widths = max(map(len, left), default=0), max(map(len, right), default=0)
    for row, layers, modules in zip(done.rows, left, right, strict=True):
        changes = "".join(f"; {change}" for change in row.changes)
        say(f"{layers:{widths[0]}} <- {modules:{widths[1]}}  {row.why}{changes}")
    for name in sorted(done.unfilled):
        say(f"{name:{widths[0]}} <- its filler")
    reasons: dict[str, list[str]] = {}
    for key, reason in done.left.items():
        reasons.setdefault(reason or "no layer takes them", []).append(key)
    for reason, keys in reasons.items():
        shown = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        say(f"left out {len(keys)}: {reason} ({shown})")
    for note in notes:
        say(f"{note.kind}  {note}")
