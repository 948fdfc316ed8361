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
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from caffe_ir.blob import Array
from caffe_ir.errors import Note
from caffe_ir.net import Net

if TYPE_CHECKING:
    from caffe_ir.files.writer import Written
    from converters.darknet import Head
    from converters.pytorch import Handler
    from converters.verify import Comparison, Reference

LOGGER = logging.getLogger("tocaffe")
Progress = Callable[[int, int], None]
"""Called with the bytes that were written since the last call, and with those of the whole file."""


class Model(Struct, frozen=True, kw_only=True):
    """A net as its source computes it; `heads` are the detection heads of a Darknet net.

    `net.outputs` names the outputs; the net stays as it is, whatever is written.
    """

    net: Net
    title: str
    heads: tuple[Head, ...] = ()
    others: Callable[[Net], Mapping[str, str]] = lambda lowered: {}
    """The files beside the net by what follows the stem, such as ".heads.json"."""
    references: Sequence[Reference] = field(default_factory=tuple)
    """The programs whose values count as the source's; without one, numpy's run of the net."""

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
        force: bool = False,
        durable: bool = False,
        progress: Progress = lambda written, total: None,
    ) -> Written:
        """Rewrite the net for a target and write STEM.prototxt, STEM.caffemodel, and what else belongs to it.

        Raises KeyError for an unknown target, and ConversionError with all that cannot be written, or would replace a
        file that is not ours (`force`).
        """
        from caffe_ir.files.header import Origins
        from caffe_ir.files.writer import write
        from caffe_ir.targets import TARGETS

        lowered = _lowered(self.net, target, head, fold_bn=fold_bn)
        for note in lowered.notes:
            LOGGER.log(logging.WARNING if note.kind == "warning" else logging.INFO, "%s", note)
        origins = Origins(options={"head": head, "fold_bn": fold_bn})
        return write(
            lowered,
            stem,
            TARGETS[target],
            hdf5=hdf5,
            others=self.others(lowered),
            origins=origins,
            force=force,
            durable=durable,
            progress=progress,
        )

    def verify(self, stem: str | Path, *, engines: Iterable[str] = ("embedded",)) -> Comparison:
        """Read STEM's files back and compare them with this model, layer by layer, in these engines.

        Target and options are those that the prototxt says. Raises KeyError for an unknown engine, and ConversionError
        where the files cannot be read.
        """
        from caffe_ir.files.file_names import PROTOTXT, weights_beside
        from caffe_ir.files.header import read_header
        from converters.verify import ENGINES, caffe_files, source_of, verify

        prototxt = Path(f"{stem}{PROTOTXT}")
        header = read_header(prototxt)
        said = header.options if header else {}
        target, head = str(said.get("target", "caffe")), "activated" if said.get("head") == "activated" else "raw"
        lowered = _lowered(self.net, target, head, fold_bn=said.get("fold_bn") is True)
        source = source_of(self.title, self.net, lowered, self.references)
        chosen = [ENGINES[name] for name in dict.fromkeys(("embedded", *engines))]
        files = caffe_files(prototxt, weights_beside(str(stem)))
        return verify(source, files, engines=chosen, asked=[engine.name for engine in chosen])

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for these inputs, by their blobs' names, in the inputs' precision: numpy's run of the net."""
        import numpy as np

        from caffe_ir import reference

        dtype = np.result_type(np.float32, *inputs.values())
        values = reference.run(self.net, dict(inputs), np.float64 if dtype == np.float64 else np.float32)
        return {name: values[name] for name in self.net.outputs}


def _lowered(net: Net, target: str, head: Literal["raw", "activated"] | str, *, fold_bn: bool) -> Net:
    from caffe_ir.passes.base import Options
    from caffe_ir.passes.pipeline import lower
    from caffe_ir.targets import TARGETS

    kind: Literal["raw", "activated"] = "activated" if head == "activated" else "raw"
    return lower(net.copy(), TARGETS[target], Options(head=kind, fold_batch_norm=fold_bn))


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
) -> Model:
    """The model of a module for inputs of these shapes, or of a program that torch.export made.

    `approx` names functions that may be near ones, in the module and its references: "gelu=tanh". Raises
    ConversionError with every reason why it cannot be converted, and ValueError for an unknown approximation.
    """
    from converters.pytorch import convert
    from converters.pytorch.capture.capture import capture
    from converters.verify.source import embedded_reference
    from converters.verify.torch_source import torch_reference

    captured = capture(module, example_inputs, example_kwargs, approx)
    net = convert(captured.program, handlers=handlers, name=name or type(module).__name__)
    net.notes[:0] = captured.notes
    return Model(net=net, title=net.name, references=(torch_reference(captured.program, net), embedded_reference(net)))


def read(prototxt: str | Path, caffemodel: str | Path | None = None) -> Model:
    """The model that a pair of Caffe files is; without weights it can be looked at alone. Raises ConversionError."""
    from caffe_ir.files.reader import read as read_files

    return Model(net=read_files(prototxt, caffemodel), title=str(prototxt))
