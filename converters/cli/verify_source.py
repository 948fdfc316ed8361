"""What stands on the command line of `convert verify`, opened: two Caffe files, and the source that they came from."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.file_names import BINARY, HDF5, PROTOTXT, stem_of_weights, weights_beside
from converters.cli.files import lowered
from converters.cli.sources import darknet_model, require_torch, torch_model, users_code
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions, declared

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from caffe_ir.net import Net
    from converters.darknet import DarknetModel
    from converters.verify import Judge, Source
    from converters.verify.readings import Reading

Fit = Literal["letterbox", "stretch", "crop"]
CFG, WEIGHTS = ".cfg", ".weights"
_TORCH = (".pt", ".pt2", ".pth", ".py", ".safetensors")
"""Of these one file is a model by itself."""


class Pair(Struct, frozen=True, kw_only=True):
    """The two files of a Caffe net."""

    prototxt: Path
    caffemodel: Path


class Asked(Struct, frozen=True, kw_only=True):
    """How the source was read, and what is known of how it was lowered; the files show the rest."""

    darknet: DarknetOptions = DarknetOptions()
    pytorch: PyTorchOptions = field(default_factory=PyTorchOptions)
    caffe: Mapping[str, Any] = field(default_factory=dict)
    judge: Literal["auto", "embedded", "darknet"] = "auto"


class Opened(Struct, frozen=True, kw_only=True):
    """A source with how it takes pictures, and what the user should know about who judges."""

    source: Source
    fit: Fit = "stretch"
    remarks: tuple[str, ...] = ()
    readings: Callable[[], Iterator[Reading]] = lambda: iter(())
    """Other ways to read the same files, for one of which the Caffe net may have been made."""


def parted(files: tuple[str, ...]) -> tuple[tuple[str, ...], Pair]:
    """SOURCE and CAFFE, which is PROTOTXT CAFFEMODEL, one of the two, or their common STEM. Raises ConversionError."""
    *others, last = files
    if stem_of_weights(last) and others and others[-1].endswith(PROTOTXT):
        pair = Pair(prototxt=Path(others.pop()), caffemodel=Path(last))
    else:
        pair = _pair(last)
    if not others:
        raise click.UsageError(
            "give the source and then the Caffe net: convert verify net.cfg net.weights net.prototxt"
        )
    if Path(last).is_file() and not _is_caffe(last):
        raise click.UsageError(_without_caffe(files))
    return tuple(others), pair


def _is_caffe(name: str) -> bool:
    return name.endswith(PROTOTXT) or bool(stem_of_weights(name))


def _without_caffe(files: Sequence[str]) -> str:
    """What is said where the last file is none of Caffe's; a prototxt beside the source is probably meant."""
    beside = sorted(path for name in files for path in Path(name).parent.glob(f"{Path(name).stem}{PROTOTXT}"))
    stem = str(beside[0]) if beside else "STEM"
    return (
        f"the Caffe net is missing: {files[-1]} is no prototxt or caffemodel, and comes last\n       "
        f"give it behind the source: convert verify {shlex.join([*files, stem])}"
    )


def _pair(name: str) -> Pair:
    """The two files of which the name is one, or the stem."""
    if stem := stem_of_weights(name):
        return Pair(prototxt=Path(stem + PROTOTXT), caffemodel=Path(name))
    stem = name.removesuffix(PROTOTXT)
    return Pair(prototxt=Path(stem + PROTOTXT), caffemodel=weights_beside(stem))


def opened(files: tuple[str, ...], pair: Pair, asked: Asked) -> Opened:
    """The source that the files are: a Caffe net, a cfg and its weights, which may have any names, or a model.

    Raises ConversionError and UsageError.
    """
    if any(map(_is_caffe, files)):
        return _caffe(files)
    if len(files) == 1 and Path(files[0]).suffix not in (CFG, WEIGHTS):
        return _pytorch(files[0], pair, asked)
    cfg, weights = _cfg_and_weights(files)
    if asked.pytorch.input:
        said = f"--input {', '.join(asked.pytorch.input)}: a cfg says itself how large its input is"
        raise click.UsageError(f"{said}; --input-size HxW sets another")
    return _darknet(cfg, weights, pair, asked)


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


# ---- the net that the converter would write ------------------------------------------------------------------------


def expected(net: Net, pair: Pair, asked: Asked) -> Net:
    """The source lowered as it was for these files, as far as their layers show it. Raises ConversionError."""
    from caffe_ir.errors import ConversionError, Problem
    from caffe_ir.given_files import check_regular, read_bytes
    from converters.verify.matching import nearest

    unknown = [
        CaffeOptions(**{"head": head, "fold_bn": fold, **asked.caffe})
        for head in ("raw", "activated")
        for fold in (False, True)
    ]
    try:
        check_regular(pair.prototxt)
        text = read_bytes(pair.prototxt).decode("utf-8", "replace")
    except OSError as error:
        raise ConversionError(Problem(what=f"cannot read {pair.prototxt}", why=error.strerror or "")) from error
    return nearest(text, [lowered(net.copy(), each) for each in dict.fromkeys(unknown)])


# ---- Darknet -------------------------------------------------------------------------------------------------------


def _darknet(cfg: Path, weights: Path, pair: Pair, asked: Asked) -> Opened:
    model = darknet_model(cfg, weights, asked.darknet)
    found = darknet_opened(cfg, weights, model, expected(model.net, pair, asked), asked.judge)
    return replace(found, readings=partial(_readings, cfg, weights, model, pair, asked))


def _readings(cfg: Path, weights: Path, model: DarknetModel, pair: Pair, asked: Asked) -> Iterator[Reading]:
    """The same weights under every other --bn."""
    from converters.verify.readings import Reading

    seen = {str(model.batch_norm)}
    for choice in next(one.choices for one in declared(DarknetOptions) if one.name == "bn"):
        other = darknet_model(cfg, weights, replace(asked.darknet, bn=choice), check_finite=False)
        if str(other.batch_norm) in seen:
            continue
        seen.add(str(other.batch_norm))
        yield Reading(
            expected=expected(other.net, pair, asked),
            chosen=f"divide by {other.batch_norm}, as with --bn {choice}",
            instead=f"{model.batch_norm} belongs ({model.batch_norm.why.partition(';')[0]})",
            hint=f"convert again, or if the weights mean the former, verify with --bn {choice} too",
        )


def darknet_opened(
    cfg: Path, weights: Path, model: DarknetModel, lowered: Net, judge: Literal["auto", "embedded", "darknet"]
) -> Opened:
    """The source that a Darknet model is, judged by Darknet itself where that can be."""
    from converters.darknet import heads_json
    from converters.verify.darknet_source import DarknetFiles, darknet_judge
    from converters.verify.source import embedded_judge, source_of

    judges: list[Judge] = [embedded_judge(model.net)]
    why = "" if judge == "embedded" else _darknet_unfit(model)
    if judge != "embedded" and not why:
        header = model.weights.header
        files = DarknetFiles(
            cfg=cfg,
            weights=weights,
            input_shape=next(iter(model.net.shapes.values())),
            numbers_at=None if header.size == header.usual_size else header.size,
            sections=len(model.net.values) - 1,
        )
        judges.append(darknet_judge(files, model.net))
    if judge == "darknet" and why:
        raise click.UsageError(f"--judge darknet: {why}")
    source = source_of(f"{cfg}, {weights}", model.net, lowered, judges)
    return Opened(
        source=replace(source, beside={".heads.json": heads_json(model, lowered) if model.facts else None}),
        fit=model.facts.preprocessing.fit,
        remarks=(f"Darknet itself does not judge: {why}",) if why else (),
    )


def _darknet_unfit(model: DarknetModel) -> str:
    from converters.verify.darknet_source import why_not

    if model.dialect != "darknet":
        return "the net is one of AlexeyAB's fork"
    if (model.batch_norm.form, model.batch_norm.eps) != ("outside", 1e-6) and _has_batch_norm(model):
        return f"its CPU code does not divide by {model.batch_norm}"
    if model.weights.header.transposed and model.weights.header.size != model.weights.header.usual_size:
        return "its header is of another length than its version has, and its matrices are transposed"
    return why_not(model.net)


def _has_batch_norm(model: DarknetModel) -> bool:
    return any(node.layer.type_name() == "SourceBatchNorm" for node in model.net.nodes)


# ---- Caffe and PyTorch ---------------------------------------------------------------------------------------------


def _caffe(files: tuple[str, ...]) -> Opened:
    from converters.verify import caffe_files, caffe_source

    if len(files) == 1:
        pair = _pair(files[0])
        return Opened(source=caffe_source(caffe_files(pair.prototxt, pair.caffemodel)))
    form = HDF5 if any(name.endswith(HDF5) for name in files) else BINARY
    return Opened(source=caffe_source(caffe_files(*_two(files, PROTOTXT, form))))


def _pytorch(source: str, pair: Pair, asked: Asked) -> Opened:
    require_torch()
    from converters.pytorch import convert
    from converters.pytorch.capture import capture

    model = torch_model(source, asked.pytorch)
    with users_code():
        program = capture(model.loaded.model, model.args, model.kwargs).program
        net = convert(program, handlers=model.handlers, name=model.loaded.name)
    return pytorch_opened(source, program, net, expected(net, pair, asked))


def pytorch_opened(title: str, program: ExportedProgram, net: Net, lowered: Net) -> Opened:
    """The source that a captured program is, judged by torch and by this program."""
    from converters.verify.source import embedded_judge, source_of
    from converters.verify.torch_source import torch_judge

    source = source_of(title, net, lowered, [torch_judge(program, net), embedded_judge(net)])
    return Opened(source=replace(source, whole=_whole(program, net, lowered)))


def _whole(program: ExportedProgram, net: Net, lowered: Net) -> frozenset[str]:
    """The inputs of the lowered net, which are those of the net in their order, that the program has as integers."""
    from converters.verify.source import inputs_of

    types = {
        node.name: node.meta["val"].dtype for node in program.graph.nodes if hasattr(node.meta.get("val"), "dtype")
    }
    pairs = zip(inputs_of(net), inputs_of(lowered), strict=False)
    return frozenset(own for one, own in pairs if not types[net.producer(one).origin.layer].is_floating_point)
