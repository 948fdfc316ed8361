"""Caffe's prototxt: a net with fields changed, read as a net and as its fillers spell it."""

from __future__ import annotations

from pathlib import Path
from random import Random

from google.protobuf import text_format

from caffe_ir.files import reader, spelled_file
from caffe_ir.proto import caffe_pb2
from tests.fuzz.format import Files, Format
from tests.fuzz.formats.nets import changed, whole
from tests.fuzz.mutation import maybe_damaged

OLD = """
input: "data" input_dim: 1 input_dim: 4 input_dim: 8 input_dim: 8
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1
         convolution_param { num_output: 4 kernel_size: 3 } }
layers { name: "fc" type: INNER_PRODUCT bottom: "conv" top: "fc" inner_product_param { num_output: 3 } }
"""


LINES = (
    *("layer { " * 3000, "layer {", "}", "layer < >", "layer { } ;", "layer: { name: 'a' },", "layer: [{}, {}]"),
    *("force_backward: " + "9" * 5000, "input_dim: 0x" + "f" * 400, "input_dim: 1e999", "input_dim: 08", "name: 3"),
    *(
        'name: "' + "a" * 70_000 + '"',
        'name: "a" "b"',
        'name: "a',
        'name: "\\777\\xff"',
        'name: "\\ud800"',
        "name: 'a\\",
    ),
    *(
        "[a.b]: 1",
        "[a.b/c.d] { }",
        "unknown { a { b: 1 } }",
        "unknown: [1, [2]]",
        "state { level: -0 }",
        "# a\r comment",
    ),
)
"""What no message is written as."""


def make(rng: Random) -> Files:
    message = whole()
    if rng.random() < 0.15:
        message = caffe_pb2.NetParameter()
        text_format.Parse(OLD, message)
    written = text_format.MessageToString(changed(message, rng), as_one_line=rng.random() < 0.2)
    if rng.random() < 0.03:
        lines = written.split("\n")
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(LINES))
        written = "\n".join(lines)
    data = maybe_damaged(written.encode("utf-8", "surrogatepass"), rng, 0.15)
    return {"x.prototxt": data, "way": b"spelled" if rng.random() < 0.25 else b"net"}


def read(folder: Path) -> None:
    if (folder / "way").read_bytes() == b"spelled":
        spelled_file.read_spelled(folder / "x.prototxt")
    else:
        reader.read(folder / "x.prototxt").dump()


FORMATS = (Format(name="prototxt", make=make, read=read),)
