"""A Caffe net as a source for `convert verify`: what `convert caffe` made another one of, or simply another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from converters.cli.files import lowered
from converters.cli.picture_input import know_caffe_pictures
from converters.cli.verify_opened import Asked, Opened, Pair, stated
from converters.options import CaffeSourceOptions

if TYPE_CHECKING:
    from caffe_ir.files.header import Header
    from converters.verify import CaffeFiles


def caffe_source(source: Pair, pair: Pair, asked: Asked) -> Opened:
    """The source that two Caffe files are, run by an engine that reads them. Raises ConversionError and UsageError.

    Where the prototxt of `pair` says that it was converted from such files it is compared with them, lowered as it
    says; else blob by blob, by their names.
    """
    from converters.verify import caffe_files
    from converters.verify import caffe_source as other_net

    if asked.reference == "darknet":
        raise click.UsageError("--reference darknet: the source is a Caffe net")
    if not _was_converted(pair):
        files = caffe_files(source.prototxt, source.caffemodel)
        return _with_reference(Opened(source=other_net(files)), files, asked)
    from converters.caffe import convert, deploy_text, retarget
    from converters.verify import CaffeFiles
    from converters.verify.source import embedded_reference, source_of

    as_stated = stated(CaffeSourceOptions, (source.prototxt, source.caffemodel), pair, asked)
    net = convert(source.prototxt, source.caffemodel, input=as_stated.read.input)
    know_caffe_pictures(net, source.prototxt, as_stated.read)
    reference = embedded_reference(net, "the Caffe net that it was made of, in float64")
    made = lowered(net.copy(), as_stated.lowering, rewrite=retarget)
    found = Opened(source=source_of(str(source.prototxt), net, made, [reference]), remarks=as_stated.remarks)
    as_it_stands = not as_stated.read.input and all(note.kind not in ("assumed", "dropped") for note in net.notes)
    text = "" if as_it_stands else deploy_text(source.prototxt, input=as_stated.read.input)
    files = CaffeFiles(net=net, prototxt=source.prototxt, caffemodel=source.caffemodel)
    return _with_reference(found, files, asked, text)


def _with_reference(found: Opened, files: CaffeFiles, asked: Asked, text: str = "") -> Opened:
    """The source with an engine that runs its files beside this program, or with the reason why there is none."""
    from converters.verify.caffe_reference import chosen_reference
    from converters.verify.source import behind

    if asked.reference == "embedded":
        return found
    choice = chosen_reference(files, text)
    if choice.reference is None:
        remark = f"the reference is this program alone; no other engine runs the source: {choice.why}"
        return replace(found, remarks=(*found.remarks, remark))
    added = behind(choice.reference, files.net, found.source.expected)
    return replace(found, source=replace(found.source, references=(*found.source.references, added)))


def _was_converted(pair: Pair) -> bool:
    from caffe_ir.files.header import read_header

    header: Header | None = read_header(pair.prototxt)
    return header is not None and header.options.get("source") == "caffe"
