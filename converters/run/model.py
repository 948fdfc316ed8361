"""A Caffe net with what lies beside it: how pictures become its input, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

from msgspec import Struct

from caffe_ir.blob import Shape, shape_text
from caffe_ir.error_kinds.running import DESCRIPTION, NO_DECODER, UNKNOWN_PREPROCESSING
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.file_names import PROTOTXT
from caffe_ir.inputs_read import inputs_read
from caffe_ir.layers import DetectionOutput
from converters.decode.facts import ENDING as HEADS
from converters.decode.facts import ClassifierFacts, Facts, read_facts
from converters.pictures.description import ENDING as INPUT
from converters.pictures.description import InputDescription, read_description
from converters.run.cut_ssd import ASSUMED, cut_ssd_head
from converters.verify.caffe_source import caffe_files
from converters.verify.engine import CaffeFiles
from converters.verify.source import inputs_of


class Model(Struct, frozen=True, kw_only=True):
    """What is needed to run the net on pictures; what its outputs mean may be unknown."""

    files: CaffeFiles
    input: str
    shape: Shape
    description: InputDescription
    sizes: Mapping[str, Shape] = {}
    """The other inputs, which only give a size."""
    facts: Facts | None = None
    scores: ClassifierFacts | None = None
    assumed: str = ""
    """What no file says of its outputs."""
    finished: str | None = None
    """The blob of objects that the net finds itself, where it ends with a DetectionOutput."""

    @property
    def wanted(self) -> list[str]:
        """The blobs that are read."""
        if self.facts is not None and self.facts.heads:
            return list(dict.fromkeys(str(blob) for head in self.facts.heads for blob, _ in head.reads))
        if self.facts is not None and self.facts.segmentation is not None:
            return [str(self.facts.segmentation.blob)]
        if self.finished is not None:
            return [self.finished]
        return [str(self.scores.blob)] if self.scores is not None else list(self.files.net.outputs)

    @property
    def classes(self) -> int:
        """How many classes it knows; 0 where that is unknown."""
        if self.facts is not None and self.facts.heads:
            return max(head.classes for head in self.facts.heads)
        if self.facts is not None and self.facts.segmentation is not None:
            return self.facts.segmentation.classes
        if self.finished is not None:
            return _detection_output(self.files)[self.finished]
        return self.scores.classes if self.scores is not None else 0


def read_model(prototxt: Path, caffemodel: Path) -> Model:
    """The net and the files beside it. Raises ConversionError where they do not belong together."""
    files = caffe_files(prototxt, caffemodel)
    sizes, read = inputs_of(files.net), [node.top for node in inputs_read(files.net)]
    inputs = {name: sizes.pop(name) for name in read}
    _check_one_picture(inputs)
    stem = str(prototxt).removesuffix(PROTOTXT)
    heads, described = Path(stem + HEADS), Path(stem + INPUT)
    facts = read_facts(heads) if heads.exists() else None
    description = facts.input if facts is not None else _described(described, heads, inputs)
    if doubt := description.doubt():
        raise ConversionError(Problem(kind=DESCRIPTION, what=f"{heads if facts is not None else described}: {doubt}"))
    beside = heads if facts is not None else described
    if wrong := [*_wrong_input(description, inputs), *(_wrong_heads(facts, files) if facts is not None else ())]:
        problems = [
            Problem(kind=DESCRIPTION, what=f"{beside} belongs to another net: {one}", hint=_HINT) for one in wrong
        ]
        raise ConversionError(*problems)
    ((name, shape),) = inputs.items()
    assumed = ""
    if facts is None and (head := cut_ssd_head(files.net, (shape[2], shape[3]))) is not None:
        facts, assumed = Facts(input=description, heads=(head,)), ASSUMED
    scores = facts.classifier if facts is not None else _scores(files)
    finished = next(iter(_detection_output(files)), None) if facts is None else None
    if finished is not None and description.fit == "crop":
        what = "boxes are found in the middle of a picture alone, and not placed in it"
        raise ConversionError(Problem(kind=NO_DECODER, what=what))
    return Model(
        files=files,
        input=name,
        shape=shape,
        description=description,
        sizes=sizes,
        facts=facts,
        assumed=assumed,
        scores=scores,
        finished=finished,
    )


_HINT = "convert the model again: the files of one conversion belong together"


_OF_CAFFE = """for a net that another program trained, write {name} as it takes pictures, here as most of Caffe's: \
{{"size": [{rows}, {columns}], "order": "{order}", "layout": "planar (N, C, H, W)", "mean": {mean}, "scale": 1, \
"resize": "bilinear, corners aligned", "fit": "stretch"}}"""


def _described(path: Path, heads: Path, inputs: dict[str, Shape]) -> InputDescription:
    if path.exists():
        return read_description(path)
    why = f"neither {heads.name} nor {path.name} is beside the prototxt"
    ((_, channels, rows, columns),) = inputs.values()
    order, mean = ("grey", "128") if channels == 1 else ("BGR", "[104, 117, 123]")
    own = _OF_CAFFE.format(name=path.name, rows=rows, columns=columns, order=order, mean=mean)
    hint = f"`convert darknet`, `convert pytorch --mean ...` and `convert caffe --mean ...` write it; {own}"
    raise ConversionError(
        Problem(kind=UNKNOWN_PREPROCESSING, what="it is not known how a picture becomes the input", why=why, hint=hint)
    )


def _check_one_picture(inputs: dict[str, Shape]) -> None:
    """Whatever lies beside the net, nothing but one input of one or three planes is a picture."""
    if len(inputs) == 1 and all(len(shape) == 4 and shape[1] in (1, 3) for shape in inputs.values()):
        return
    listed = ", ".join(f"{name} {shape_text(shape)}" for name, shape in inputs.items()) or "none"
    count = f"input{'s' * (len(inputs) != 1)}"
    why = "a picture becomes one input of 1 or 3 channels"
    raise ConversionError(Problem(kind=UNKNOWN_PREPROCESSING, what=f"the net's {count}: {listed}", why=why))


def _wrong_input(description: InputDescription, inputs: dict[str, Shape]) -> Iterator[str]:
    ((name, shape),) = inputs.items()
    wanted = (description.channels, *description.size)
    if shape[1:] != wanted:
        yield f"its pictures are {shape_text(wanted)}, the input {name} is {shape_text(shape[1:])}"


def _wrong_heads(facts: Facts, files: CaffeFiles) -> Iterator[str]:
    shapes = files.net.shapes
    read = [one for head in facts.heads for one in head.reads]
    if facts.classifier is not None:
        read.append((facts.classifier.blob, facts.classifier.classes))
    for blob, count in dict.fromkeys(read):
        if blob is None or blob not in shapes:
            yield f"it names the blob {blob}, which the net does not have"
        elif prod(shapes[blob][1:]) != count:
            yield f"the blob {blob} has {prod(shapes[blob][1:])} values for a picture, where it says {count}"
    if (one := facts.segmentation) is None:
        return
    shape = shapes.get(str(one.blob), ())
    if len(shape) != 4 or shape[1] != one.classes:
        yield f"{one.blob} is not a map of {one.classes} classes: its shape is {shape_text(shape) or 'not known'}"


def _scores(files: CaffeFiles) -> ClassifierFacts | None:
    """The scores of a net that is described by its input alone: its one output, where that is a vector."""
    outputs, shapes = files.net.outputs, files.net.shapes
    if len(outputs) != 1 or len(shapes[outputs[0]]) < 2 or prod(shapes[outputs[0]][2:]) != 1:
        return None
    return ClassifierFacts(blob=outputs[0], classes=shapes[outputs[0]][1])


def _detection_output(files: CaffeFiles) -> dict[str, int]:
    """The outputs of DetectionOutput layers, with their numbers of classes."""
    tops = {node.top: node.layer for node in files.net.nodes if isinstance(node.layer, DetectionOutput)}
    return {top: layer.num_classes for top, layer in tops.items() if top in files.net.outputs}
