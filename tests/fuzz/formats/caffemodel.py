"""Caffe's binary weights: a net with blobs, its fields changed, and read as a list of layers and behind a prototxt."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

from caffe_ir.errors import ConversionError
from caffe_ir.files import reader
from caffe_ir.files.caffemodel_file import read_layers
from caffe_ir.proto import caffe_pb2
from tests.fuzz.format import Files, Format
from tests.fuzz.formats.nets import WHOLE, changed, whole
from tests.fuzz.mutation import damaged

MOST = 1 << 20
"""Numbers of a blob that are read."""
BLOBS: dict[str, tuple[tuple[int, ...], ...]] = {
    "conv": ((4, 4, 3, 3),),
    "norm": ((4,), (4,), (1,)),
    "scale": ((4,), (4,)),
    "up": ((4, 4, 2, 2),),
    "fc": ((3, 256), (3,)),
    "prelu": ((3,),),
}


@cache
def weighty() -> caffe_pb2.NetParameter:
    """The net with blobs in the layers that have weights, in all the forms in which a blob may be written."""
    message = caffe_pb2.NetParameter()
    message.CopyFrom(whole())
    for layer in message.layer:
        for shape in BLOBS.get(layer.name, ()):
            count = 1
            for size in shape:
                count *= size
            blob = layer.blobs.add()
            if layer.name == "up":
                blob.num, blob.channels, blob.height, blob.width = shape
            else:
                blob.shape.dim.extend(shape)
            (blob.double_data if layer.name == "scale" else blob.data).extend([0.5] * count)
    return message


@cache
def written() -> bytes:
    return weighty().SerializePartialToString()


def make(rng: Random) -> Files:
    """Three times in ten the fields are changed, else the bytes."""
    data = changed(weighty(), rng).SerializePartialToString() if rng.random() < 0.3 else written()
    if rng.random() < 0.6:
        data = damaged(data, rng, most=2)
    return {"x.caffemodel": data, "x.prototxt": WHOLE.encode() if rng.random() < 0.3 else b""}


def read(folder: Path) -> None:
    """As a list of layers, and where there is a prototxt behind that, which takes longer."""
    for layer in read_layers(folder / "x.caffemodel"):
        for blob in layer.blobs:
            if blob.count <= MOST:
                blob.load()
    if not (folder / "x.prototxt").stat().st_size:
        return
    try:
        net = reader.read(folder / "x.prototxt", folder / "x.caffemodel")
    except ConversionError:  # these are not weights of this net
        return
    for node in net.nodes:
        for blob in node.blobs:
            blob.load()


FORMATS = (Format(name="caffemodel", make=make, read=read),)
