"""STEM.heads.json for a net of PyTorch: what its user says of the outputs, with what the module says of its heads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from caffe_ir.error_kinds.general import OPTION_VALUE
from converters.cli.picture_input import ASSUMED, OF_PICTURES, description_of
from converters.options import PyTorchOptions

if TYPE_CHECKING:
    from caffe_ir.net import Net
    from converters.decode.describing import Known
    from converters.decode.facts import SegmentationFacts
    from converters.decode.output_shapes import Output

ENDING = ".heads.json"


def heads_file(made: Net, read: PyTorchOptions, model: object) -> dict[str, str]:
    """The file by its ending, for the net as it was lowered; nothing where --output-is was not given.

    `model` is the module, or whatever else the net was made of. Raises ConversionError.
    """
    if read.output_is is None:
        return {}
    from caffe_ir.errors import ConversionError, Problem
    from converters.decode.describing import described_heads
    from converters.decode.facts import Facts, facts_text

    description = description_of(made, read)
    assert description is not None, "--output-is asks for one"
    if not any(getattr(read, name) for name in OF_PICTURES):
        made.note("assumed", ASSUMED)
    outputs = _outputs(made)
    if read.output_is == "segmentation":
        return {ENDING: facts_text(Facts(input=description, segmentation=_segmentation(outputs)))}
    if description.fit == "crop":
        what = "--crop, with boxes to be found: they could not be placed in the whole picture"
        raise ConversionError(
            Problem(kind=OPTION_VALUE, what=what, hint="leave it out; --resize HxW stretches the picture")
        )
    known = _known(read, model, description.size)
    return {
        ENDING: facts_text(
            Facts(input=description, heads=described_heads(read.output_is, outputs, description.size, known))
        )
    }


def _known(read: PyTorchOptions, model: object, network: tuple[int, int]) -> Known:
    """What the module says, and above it what the user has said."""
    from msgspec.structs import replace

    from converters.pytorch.open.detectors import known_of

    known = known_of(model, network)
    if read.anchors is not None:
        known = replace(known, anchors=_anchors(read.anchors))
    if read.priors is not None:
        known = replace(known, priors=_priors(read.priors))
    return known


def _anchors(text: str) -> tuple[tuple[float, ...], ...]:
    from caffe_ir.errors import ConversionError, Problem

    try:
        found = tuple(tuple(map(float, part.split(","))) for part in text.split("/"))
    except ValueError:
        found = ()
    if not found or any(len(one) % 2 or min(one) <= 0 for one in found):
        why = "width and height of each in turn, with commas, and a slash between two maps"
        raise ConversionError(Problem(kind=OPTION_VALUE, what=f"--anchors {text} are none", why=why))
    return found


def _priors(path: Path) -> tuple[float, ...]:
    from math import isfinite

    from caffe_ir.errors import ConversionError, Problem
    from converters.weights import Tensor, open_weights

    tensors = [one for one in open_weights(path).tensors.values() if isinstance(one, Tensor)]
    shapes = [tuple(one.shape) for one in tensors]
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] != 4:
        raise ConversionError(
            Problem(kind=OPTION_VALUE, what=f"{path} has arrays {shapes}, and priors are one of (priors, 4)")
        )
    found = tuple(float(str(one)) for one in tensors[0].read().astype("float32").ravel())
    if not all(map(isfinite, found)) or max(map(abs, found), default=0) > 8:
        why = "they are in parts of the input, from 0 to about 1"
        raise ConversionError(Problem(kind=OPTION_VALUE, what=f"{path} has numbers that no prior has", why=why))
    return found


def _segmentation(outputs: list[Output]) -> SegmentationFacts:
    from caffe_ir.errors import ConversionError, Problem
    from converters.decode.facts import SegmentationFacts

    maps = [one for one in outputs if len(one.shape) == 3]
    if not maps or len({one.shape for one in maps}) > 1:
        shapes = ", ".join(f"{one.name} {('N', *one.shape)}" for one in outputs)
        what = f"segmentation: the outputs are {shapes}"
        raise ConversionError(
            Problem(kind=OPTION_VALUE, what=what, why="expected: one map of scores (N, classes, H, W)")
        )
    first = maps[0]
    return SegmentationFacts(
        blob=first.name,
        classes=first.shape[0],
        threshold=0.5 if first.probabilities else 0.0,
    )


def _outputs(made: Net) -> list[Output]:
    """The net's outputs as its files have them, and whether each is one of probabilities."""
    from caffe_ir.files.prototxt import written_names
    from converters.decode.output_shapes import Output
    from converters.run.probabilities import probabilities

    names = written_names(made)
    found = []
    for blob in made.outputs:
        ends = probabilities(made, blob)
        of_all = None if len(ends) > 1 else ends == {True}
        found.append(Output(name=names[blob], shape=made.shapes[blob][1:], probabilities=of_all))
    return found
