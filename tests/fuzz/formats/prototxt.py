"""Caffe's prototxt: a net with fields changed, read as a net and as its fillers spell it."""

from __future__ import annotations

from pathlib import Path
from random import Random

from google.protobuf import text_format

from caffe_ir import reader
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


def make(rng: Random) -> Files:
    message = whole()
    if rng.random() < 0.15:
        message = caffe_pb2.NetParameter()
        text_format.Parse(OLD, message)
    written = text_format.MessageToString(changed(message, rng), as_one_line=rng.random() < 0.2)
    return {"x.prototxt": maybe_damaged(written.encode("utf-8", "surrogatepass"), rng, 0.15)}


def read(folder: Path) -> None:
    net = reader.read(folder / "x.prototxt")
    net.dump()
    reader.read_spelled(folder / "x.prototxt")


FORMATS = (Format(name="prototxt", make=make, read=read),)
