"""What stands on the command line of `convert verify`, opened: two Caffe files, and the source that they came from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from caffe_ir.files.file_names import BINARY, HDF5, PROTOTXT, stem_of_weights, weights_beside
from converters.cli.verify_beside import source_beside
from converters.cli.verify_caffe import caffe_source
from converters.cli.verify_darknet import darknet_source
from converters.cli.verify_opened import Asked, Opened, Pair
from converters.cli.verify_pytorch import torch_source

CFG, WEIGHTS = ".cfg", ".weights"
_TORCH = (".pt", ".pt2", ".pth", ".py", ".safetensors")
"""Of these one file is a model by itself."""


def parted(files: tuple[str, ...]) -> tuple[tuple[str, ...], Pair]:
    """SOURCE and CAFFE, which is PROTOTXT CAFFEMODEL, one of the two, or their common STEM.

    Without SOURCE it is the files beside the prototxt that its comment names. Raises ConversionError and UsageError.
    """
    *others, last = files
    if stem_of_weights(last) and others and others[-1].endswith(PROTOTXT):
        pair = Pair(prototxt=Path(others.pop()), caffemodel=Path(last))
    else:
        pair = pair_of(last)
    if not others:
        return source_beside(pair), pair
    if Path(last).is_file() and not _is_caffe(last):
        raise click.UsageError(_without_caffe(files))
    return tuple(others), pair


def _is_caffe(name: str) -> bool:
    return name.endswith(PROTOTXT) or bool(stem_of_weights(name))


def _without_caffe(files: Sequence[str]) -> str:
    """What is said where the last file is not one of Caffe's; a prototxt beside the source is probably meant."""
    beside = sorted(path for name in files for path in Path(name).parent.glob(f"{Path(name).stem}{PROTOTXT}"))
    stem = str(beside[0]) if beside else "STEM"
    return (
        f"the Caffe net is missing: {files[-1]} is not a prototxt or caffemodel, and comes last\n       "
        f"give it behind the source: convert verify {shlex.join([*files, stem])}"
    )


def pair_of(name: str) -> Pair:
    """The two files of which the name is one, or the stem. Raises ConversionError where it is two."""
    if stem := stem_of_weights(name):
        return Pair(prototxt=Path(stem + PROTOTXT), caffemodel=Path(name))
    stem = name.removesuffix(PROTOTXT)
    return Pair(prototxt=Path(stem + PROTOTXT), caffemodel=weights_beside(stem))


def opened(files: tuple[str, ...], pair: Pair, asked: Asked) -> Opened:
    """The source that the files are: a Caffe net, a cfg and its weights, which may have any names, or a model.

    Raises ConversionError and UsageError.
    """
    if any(map(_is_caffe, files)):
        return _caffe(files, pair, asked)
    if len(files) == 1 and Path(files[0]).suffix not in (CFG, WEIGHTS):
        return torch_source(files[0], pair, asked)
    cfg, weights = _cfg_and_weights(files)
    if shapes := asked.read.get("input"):
        said = f"--input {', '.join(shapes)}: a cfg has the size of its input"
        raise click.UsageError(f"{said}; --input-size HxW sets another")
    return darknet_source(cfg, weights, pair, asked)


def _cfg_and_weights(files: tuple[str, ...]) -> tuple[Path, Path]:
    """The two files of a Darknet model: one is known by its name, or else they stand in this order."""
    suffixes = [Path(name).suffix for name in files]
    known = suffixes.count(CFG) == 1 or suffixes.count(WEIGHTS) == 1 or not {CFG, WEIGHTS, *_TORCH} & {*suffixes}
    if len(files) != 2 or not known:
        raise click.UsageError(f"{' '.join(files)}: the source is CFG WEIGHTS, one PyTorch model, or a Caffe net")
    first, second = map(Path, files)
    return (second, first) if second.suffix == CFG or first.suffix == WEIGHTS else (first, second)


def _two(files: tuple[str, ...], *suffixes: str) -> tuple[Path, Path]:
    found = [[Path(name) for name in files if name.endswith(suffix)] for suffix in suffixes]
    if len(files) != 2 or any(len(each) != 1 for each in found):
        raise click.UsageError(f"{' '.join(files)}: the source is one {suffixes[0]} and one {suffixes[1]}")
    return found[0][0], found[1][0]


def _caffe(files: tuple[str, ...], pair: Pair, asked: Asked) -> Opened:
    if len(files) == 1:
        source = pair_of(files[0])
    else:
        form = HDF5 if any(name.endswith(HDF5) for name in files) else BINARY
        prototxt, caffemodel = _two(files, PROTOTXT, form)
        source = Pair(prototxt=prototxt, caffemodel=caffemodel)
    return caffe_source(source, pair, asked)
