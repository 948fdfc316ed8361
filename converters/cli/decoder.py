"""`convert decoder STEM`: a decoder for the boxes of one net, as a Python file and a C file that stand alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from caffe_ir.files.file_names import PROTOTXT, stem_of_weights
from converters.cli.command import Command, refuse_missing
from converters.cli.failure import failures_reported
from converters.cli.files import stem_of
from converters.cli.say import say
from converters.cli.verify_opened import Pair
from converters.cli.verify_source import pair_of

if TYPE_CHECKING:
    from converters.decode.facts import Facts

_HEADS = ".heads.json"


@click.command(cls=Command, examples=("convert decoder deploy", "convert decoder deploy.heads.json -o src/boxes"))
@click.argument("net", metavar="STEM")
@click.option(
    "-o", "--output", metavar="STEM",
    help="Write STEM.decoder.py and STEM.decoder.c; or a folder.  [default: beside heads.json]",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print only errors.")
def decoder(net: str, output: str | None, quiet: bool) -> None:
    """Write a decoder for the boxes of the net STEM, in Python and in C99.

    Both are made from STEM.heads.json and do not need tocaffe: the Python file needs numpy, the C file exp() and pow().
    They give the boxes of `convert run`, from the blobs of any engine. Without that file STEM must be an SSD net that
    ends before its DetectionOutput, with STEM.input.json beside it.
    """
    stem = net.removesuffix(_HEADS).removesuffix(PROTOTXT)
    heads = Path((stem_of_weights(stem) or stem) + _HEADS)
    pair = pair_of(str(heads).removesuffix(_HEADS))
    cut = not heads.exists() and pair.prototxt.exists()
    refuse_missing((pair.prototxt, pair.caffemodel) if cut else (heads,))
    with failures_reported(str(pair.prototxt if cut else heads), what="gives no decoder"):
        from caffe_ir.files.replaceable import check_file
        from caffe_ir.files.text_files import write_text
        from converters.decode.facts import read_facts
        from converters.decode.standalone import ENDINGS, MARK, standalone

        facts, assumed = _of_net(pair) if cut else (read_facts(heads), "")
        name = heads.name.removesuffix(_HEADS)
        place = heads.with_name(name) if output is None else stem_of(output, name)
        texts = {
            place.with_name(place.name + ending): standalone(facts, name, language)
            for language, ending in ENDINGS.items()
        }
        for path in texts:
            check_file(path, MARK)
        for path, text in texts.items():
            write_text(path, text, mark=MARK)
    if not quiet:
        if assumed:
            say(f"assumed: {assumed}", err=True)
        for path, text in texts.items():
            say(f"written  {path} ({len(text.encode()):,} bytes)")


def _of_net(pair: Pair) -> tuple[Facts, str]:
    """What a net's own layers say of its outputs, and what is assumed. Raises ConversionError."""
    from caffe_ir.error_kinds.running import NO_DECODER
    from caffe_ir.errors import ConversionError, Problem
    from converters.run.model import read_model

    model = read_model(pair.prototxt, pair.caffemodel)
    if model.facts is None:
        what = f"no {pair.prototxt.name.removesuffix(PROTOTXT)}{_HEADS} is there"
        why = "nor is the net an SSD that ends before its DetectionOutput: nothing says what its outputs mean"
        raise ConversionError(Problem(kind=NO_DECODER, what=what, why=why))
    return model.facts, model.assumed
