"""A Caffe net as a source for `convert verify`: what `convert caffe` made another one of, or simply another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converters.cli.files import lowered
from converters.cli.picture_input import know_pictures_beside
from converters.cli.verify_opened import Asked, Opened, Pair, stated
from converters.options import CaffeOptions, CaffeSourceOptions

if TYPE_CHECKING:
    from caffe_ir.files.header import Header


def caffe_source(source: Pair, pair: Pair, asked: Asked) -> Opened:
    """The source that two Caffe files are. Raises ConversionError and UsageError.

    Where the prototxt of `pair` says that it was converted from such files it is held against them lowered as it says;
    else blob by blob, by their names.
    """
    from converters.verify import caffe_files
    from converters.verify import caffe_source as other_net

    if not _was_converted(pair):
        return Opened(source=other_net(caffe_files(source.prototxt, source.caffemodel)))
    from converters.caffe import convert, retarget
    from converters.verify.source import embedded_judge, source_of

    told = stated(CaffeSourceOptions, (source.prototxt, source.caffemodel), pair, asked)
    net = convert(source.prototxt, source.caffemodel, input=told.read.input)
    know_pictures_beside(net, source.prototxt)
    judge = embedded_judge(net, "the Caffe net that it was made of, in float64")
    lowering = told.lowering or CaffeOptions(**asked.caffe)
    made = lowered(net.copy(), lowering, rewrite=retarget)
    return Opened(source=source_of(str(source.prototxt), net, made, [judge]), remarks=told.remarks)


def _was_converted(pair: Pair) -> bool:
    from caffe_ir.files.header import read_header

    header: Header | None = read_header(pair.prototxt)
    return header is not None and header.options.get("source") == "caffe"
