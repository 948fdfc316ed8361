"""A PyTorch model as a source for `convert verify`, with torch as a reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from converters.cli.output_meaning import ENDING as HEADS
from converters.cli.output_meaning import heads_file
from converters.cli.picture_input import ENDING, input_file, know_pictures
from converters.cli.picture_transform import completed
from converters.cli.sources import load_torch, torch_model, users_code
from converters.cli.verify_opened import Asked, Opened, Pair, expected, stated
from converters.options import PyTorchOptions

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from caffe_ir.net import Net


def torch_source(source: str, pair: Pair, asked: Asked) -> Opened:
    """The source that a PyTorch model is, read as these files say. Raises ConversionError."""
    load_torch()
    from converters.pytorch import convert
    from converters.pytorch.capture.capture import capture

    as_stated = stated(PyTorchOptions, (Path(source.rpartition(":")[0] or source),), pair, asked)
    model = torch_model(source, as_stated.read)
    with users_code():
        captured = capture(model.loaded.model, model.args, model.kwargs, as_stated.read.approx)
        program = captured.program
        net = convert(program, handlers=model.handlers, name=model.loaded.name)
    near = [f"{note.text}; the reference computes it so too" for note in captured.notes if note.kind == "warning"]
    read = completed(net, as_stated.read, model.loaded.transform)
    know_pictures(net, read)
    found = pytorch_opened(source, program, net, expected(net, as_stated))
    made = found.source.expected
    beside = {
        ENDING: None,
        HEADS: None,
        **input_file(made, read),
        **heads_file(made, read, model.loaded.model),
    }
    return replace(found, source=replace(found.source, beside=beside), remarks=(*as_stated.remarks, *near))


def pytorch_opened(title: str, program: ExportedProgram, net: Net, lowered: Net) -> Opened:
    """The source that a captured program is; torch and this program are its references."""
    from converters.verify.source import embedded_reference, source_of
    from converters.verify.torch_source import torch_reference, whole_inputs

    source = source_of(title, net, lowered, [torch_reference(program, net), embedded_reference(net)])
    return Opened(source=replace(source, whole=whole_inputs(program, net, lowered)))
