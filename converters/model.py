"""Models for Python programs: the same few calls for a Darknet net, a PyTorch module and a pair of Caffe files.

    from converters.model import from_darknet

    model = from_darknet("yolov3.cfg", "yolov3.weights")
    model.write("deploy", target="ncnn")
    assert model.verify("deploy").verdict == "agrees"

What is assumed and rewritten goes to the logger "tocaffe": warnings as warnings, the rest as information.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Array
from caffe_ir.errors import Note
from caffe_ir.net import Net

if TYPE_CHECKING:
    from caffe_ir.files.writer import Written
    from caffe_ir.passes.base import InputIs
    from converters.darknet import Head
    from converters.pictures.description import InputDescription
    from converters.pytorch import Handler
    from converters.verify import Comparison, Reference

LOGGER = logging.getLogger("tocaffe")
Progress = Callable[[int, int], None]
"""Called with the bytes that were written since the last call, and with those of the whole file."""


class Model(Struct, frozen=True, kw_only=True):
    """A net as its source computes it; `heads` are the detection heads of a Darknet net.

    `net.outputs` names the outputs, `net.shapes` has the shape of each blob; the net stays as it is, whatever is
    written.
    """

    net: Net
    title: str
    """What the source is called in results: its files, or the module's class."""
    heads: tuple[Head, ...] = ()
    """Of a Darknet net, the detection heads, with anchors, classes and thresholds."""
    others: Callable[[Net], Mapping[str, str]] = lambda lowered: {}
    """The files beside the net by what follows the stem, such as ".heads.json"."""
    references: Sequence[Reference] = field(default_factory=tuple)
    """The programs whose values count as the source's; without one, numpy's run of the net."""
    whole: Callable[[Net], frozenset[str]] = lambda lowered: frozenset()
    """The inputs of the written net that take whole numbers, for which `verify` draws no others."""
    weightless: bool = False
    """Whether the net was read without its weights: then it can be looked at, and nothing else."""

    def __repr__(self) -> str:
        return f"<Model {self.title}: {self.net!r}>"

    def _repr_html_(self) -> str:
        return self.net._repr_html_()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was assumed when the source was read."""
        return tuple(self.net.notes)

    def write(
        self,
        stem: str | Path,
        *,
        target: str = "caffe",
        head: Literal["raw", "activated"] = "raw",
        fold_bn: bool = False,
        hdf5: bool = False,
        input_is: InputIs = "prepared",
        side_files: str | Iterable[str] = (),
        force: bool = False,
        durable: bool = False,
        progress: Progress = lambda written, total: None,
    ) -> Written:
        """Rewrite the net for a target and write STEM.prototxt, STEM.caffemodel, and what else belongs to it.

        `target` is an engine by its name in `convert targets`, `head` whether a detector ends with its maps as they are
        or activated, `fold_bn` whether BatchNorm goes into the layer before it. With `input_is` "u8-rgb" or "u8-bgr"
        the net takes the bytes 0..255 of pictures (N, 3, H, W) in this order of channels. `side_files` are tools that
        get files of their own, such as "ascend" and "rknn". `hdf5` writes STEM.caffemodel.h5, for weights of more
        than 2 GB; `force` replaces files that tocaffe did not write; `durable` lets them outlast a power cut.

        Raises ConversionError with all that cannot be written, and for an unknown target, head, input or tool.

            model.write("deploy", target="rknn2", fold_bn=True, input_is="u8-rgb", side_files=["rknn"])
        """
        from caffe_ir.files.header import Origins
        from caffe_ir.files.writer import write
        from caffe_ir.passes import base
        from caffe_ir.targets import TARGETS
        from converters.asked import known, weights_for
        from converters.side_files import TOOLS, side_files_of

        weights_for(self.title, missing=self.weightless)
        known("target", target, TARGETS)
        known("head", head, get_args(base.Head))
        known("input_is", input_is, get_args(base.InputIs))
        tools = known("side_files", side_files, TOOLS)
        lowered = _lowered(self.net, target, head, fold_bn=fold_bn, input_is=input_is)
        for note in lowered.notes:
            LOGGER.log(logging.WARNING if note.kind == "warning" else logging.INFO, "%s", note)
        options: dict[str, object] = {"head": head, "fold_bn": fold_bn}
        if input_is != "prepared":
            options["input_is"] = input_is
        others = dict(self.others(lowered))
        others |= side_files_of(lowered, tools, Path(stem).name, target, others, hdf5=hdf5)
        return write(
            lowered,
            stem,
            TARGETS[target],
            hdf5=hdf5,
            others=others,
            origins=Origins(options=options),
            force=force,
            durable=durable,
            progress=progress,
        )

    def verify(self, stem: str | Path, *, engines: str | Iterable[str] = ("embedded",)) -> Comparison:
        """Read STEM's files back and compare them with this model, layer by layer, in these engines.

        `engines` are "embedded", "opencv", "mnn" and "pycaffe". Target and options are those that the prototxt says.
        `Comparison.verdict` is "agrees", "differs" or "not compared", and `Comparison.values` has each layer. Raises
        ConversionError for an unknown engine, and where the files cannot be read.
        """
        from caffe_ir.files.file_names import PROTOTXT, weights_beside
        from caffe_ir.files.header import read_header
        from converters.asked import known, weights_for
        from converters.verify import ENGINES, caffe_files, source_of, verify

        weights_for(self.title, missing=self.weightless)
        wanted = known("engines", engines, ENGINES)
        prototxt = Path(f"{stem}{PROTOTXT}")
        files = caffe_files(prototxt, weights_beside(str(stem)))
        header = read_header(prototxt)
        said = header.options if header else {}
        target, head = str(said.get("target", "caffe")), "activated" if said.get("head") == "activated" else "raw"
        input_is = _input_is(said.get("input_is"))
        lowered = _lowered(self.net, target, head, fold_bn=said.get("fold_bn") is True, input_is=input_is)
        source = source_of(self.title, self.net, lowered, self.references)
        source = replace(source, whole=self.whole(lowered))
        chosen = [ENGINES[name] for name in dict.fromkeys(("embedded", *wanted))]
        return verify(source, files, engines=chosen, asked=[engine.name for engine in chosen])

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for these inputs, by their blobs' names, in the inputs' precision: numpy's run of the net.

        `inputs` are arrays of the shapes that the inputs have, by their names; float64 is computed in float64, all else
        in float32. Raises ConversionError where an input is missing or has another shape.

            outputs = model.run({"data": np.zeros((1, 3, 416, 416), np.float32)})
        """
        import numpy as np

        from caffe_ir import reference
        from converters.asked import fed, weights_for
        from converters.verify.source import inputs_of

        weights_for(self.title, missing=self.weightless)
        arrays = fed(inputs, inputs_of(self.net))
        dtype = np.result_type(np.float32, *arrays.values())
        values = reference.run(self.net, arrays, np.float64 if dtype == np.float64 else np.float32)
        return {name: values[name] for name in self.net.outputs}


def _input_is(said: object) -> InputIs:
    return "u8-rgb" if said == "u8-rgb" else "u8-bgr" if said == "u8-bgr" else "prepared"


def _lowered(
    net: Net, target: str, head: Literal["raw", "activated"] | str, *, fold_bn: bool, input_is: InputIs
) -> Net:
    from caffe_ir.passes.base import Options
    from caffe_ir.passes.pipeline import lower
    from caffe_ir.targets import TARGETS

    kind: Literal["raw", "activated"] = "activated" if head == "activated" else "raw"
    return lower(net.copy(), TARGETS[target], Options(head=kind, fold_batch_norm=fold_bn, input_is=input_is))


def from_darknet(cfg: str | Path, weights: str | Path, **options: Any) -> Model:
    """The model of a cfg and its weights; `options` are those of `converters.darknet.convert`.

    Raises ConversionError with every problem found.
    """
    from converters.darknet import convert, files_beside

    found = convert(cfg, weights, **options)
    return Model(net=found.net, title=f"{cfg}, {weights}", heads=found.heads, others=partial(files_beside, found))


def from_pytorch(
    module: Any,
    example_inputs: Sequence[Any] = (),
    *,
    example_kwargs: Mapping[str, Any] | None = None,
    handlers: Mapping[str, Handler] | None = None,
    name: str = "",
    approx: Collection[str] = (),
    pictures: InputDescription | None = None,
) -> Model:
    """The model of a module for inputs of these shapes, or of a program that torch.export made.

    `handlers` convert operations that it does not know or should convert otherwise, by their ATen names. `approx` names
    functions that may be near ones, in the module and its references: "gelu=tanh". `pictures` says how a picture
    becomes the input, for STEM.input.json, `input_is` and `side_files` (converters.pictures.described.described).

    Raises ConversionError with every reason why it cannot be converted, and ValueError for an unknown approximation.
    """
    from converters.pytorch import convert
    from converters.pytorch.capture.capture import capture
    from converters.verify.source import embedded_reference
    from converters.verify.torch_source import torch_reference, whole_inputs

    captured = capture(module, example_inputs, example_kwargs, approx)
    net = convert(captured.program, handlers=handlers, name=name or type(module).__name__)
    net.notes[:0] = captured.notes
    references = (torch_reference(captured.program, net), embedded_reference(net))
    model = Model(net=net, title=net.name, references=references, whole=partial(whole_inputs, captured.program, net))
    if pictures is None:
        return model
    net.picture = pictures.picture_input()
    return replace(model, others=partial(_input_file, pictures))


def _input_file(pictures: InputDescription, lowered: Net) -> dict[str, str]:
    from converters.pictures.description import ENDING, description_text

    return {ENDING: description_text(pictures.left_by(lowered.taken))}


def read(prototxt: str | Path, caffemodel: str | Path | None = None) -> Model:
    """The model that a pair of Caffe files is; without weights it can be looked at alone. Raises ConversionError."""
    from caffe_ir.files.reader import read as read_files
    from converters.verify.caffe_source import naming_rows, valued

    net = valued(read_files(prototxt, caffemodel))
    weightless = caffemodel is None and any(node.blobs for node in net.nodes)
    return Model(net=net, title=str(prototxt), whole=naming_rows, weightless=weightless)
