"""A Darknet model as a source for `convert verify`, with Darknet itself as a reference where it can be one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from msgspec.structs import replace

from converters.cli.sources import darknet_model
from converters.cli.verify_opened import Asked, Opened, Pair, expected, stated
from converters.options import DarknetOptions

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from converters.cli.verify_stated import Stated
    from converters.darknet import DarknetModel
    from converters.verify import Reference
    from converters.verify.readings import Reading


def darknet_source(cfg: Path, weights: Path, pair: Pair, asked: Asked) -> Opened:
    """The source that a cfg and its weights are, read as these files say. Raises ConversionError and UsageError."""
    as_stated = stated(DarknetOptions, (cfg, weights), pair, asked)
    model = darknet_model(cfg, weights, as_stated.read)
    found = darknet_opened(cfg, weights, model, expected(model.net, as_stated), asked.reference)
    readings = partial(_readings, cfg, weights, model, as_stated)
    return replace(found, readings=readings, remarks=(*as_stated.remarks, *found.remarks))


def _readings(cfg: Path, weights: Path, model: DarknetModel, as_stated: Stated[DarknetOptions]) -> Iterator[Reading]:
    """The same weights under every other --bn that is in use."""
    from converters.darknet.batch_norm import IN_USE
    from converters.verify.readings import Reading

    seen = {str(model.batch_norm)}
    for choice in ("auto", *IN_USE):
        other = darknet_model(cfg, weights, replace(as_stated.read, bn=choice), check_finite=False)
        if str(other.batch_norm) in seen:
            continue
        seen.add(str(other.batch_norm))
        yield Reading(
            expected=expected(other.net, as_stated),
            chosen=f"divide by {other.batch_norm}, as with --bn {choice}",
            instead=f"{model.batch_norm} belongs ({model.batch_norm.why.partition(';')[0]})",
            hint=f"convert again, or if the weights mean the former, verify with --bn {choice} too",
        )


def darknet_opened(
    cfg: Path, weights: Path, model: DarknetModel, lowered: Net, reference: Literal["auto", "embedded", "darknet"]
) -> Opened:
    """The source that a Darknet model is, with Darknet itself as a reference where it can be one.

    Raises UsageError where Darknet is asked for and cannot be one.
    """
    from converters.darknet import files_beside
    from converters.verify.darknet_source import DarknetFiles, darknet_reference
    from converters.verify.source import embedded_reference, source_of

    references: list[Reference] = [embedded_reference(model.net)]
    why = "" if reference == "embedded" else _darknet_unfit(model)
    if reference != "embedded" and not why:
        header = model.weights.header
        files = DarknetFiles(
            cfg=cfg,
            weights=weights,
            input_shape=next(iter(model.net.shapes.values())),
            numbers_at=None if header.size == header.usual_size else header.size,
            sections=len(model.net.values) - 1,
        )
        references.append(darknet_reference(files, model.net))
    if reference == "darknet" and why:
        raise click.UsageError(f"--reference darknet: {why}")
    source = source_of(f"{cfg}, {weights}", model.net, lowered, references)
    return Opened(
        source=replace(source, beside={".heads.json": None, ".input.json": None, **files_beside(model, lowered)}),
        remarks=(f"not compared with Darknet itself: {why}",) if why else (),
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
