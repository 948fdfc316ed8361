from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffe_ir.blob import Blob
from caffe_ir.error_kinds import files
from caffe_ir.errors import ConversionError
from tests.documents.error_examples.case import CONV, NET, convert, converted, darknet, layer, prototxt, raises
from tests.documents.models import write_picture


@raises(files.CANNOT_READ)
def _() -> str:
    converted()
    Path("deploy.caffemodel").unlink()
    os.mkfifo("deploy.caffemodel")
    return convert("caffe deploy.prototxt deploy.caffemodel -o other")


@raises(files.CANNOT_WRITE)
def _() -> str:
    darknet(NET + CONV)
    Path("out").write_text("a file, not a folder")
    return convert("darknet net.cfg net.weights -o out/deploy")


@raises(files.CHANGED_WHILE_READ)
def _() -> str:
    """Another program cuts the file between the conversion's look at its size and the copying of its numbers."""
    darknet(NET + CONV, name="yolov3")
    blob = Blob.in_file(Path("yolov3.weights"), 20, (4, 3, 3, 3))
    os.truncate("yolov3.weights", 100)
    with pytest.raises(ConversionError) as caught:
        blob.load()
    return caught.value.problems[0].with_code()


@raises(files.OUTPUT_EXISTS)
def _() -> str:
    darknet(NET + CONV)
    prototxt("")
    return convert("darknet net.cfg net.weights -o deploy")


@raises(files.SAME_FILE)
def _() -> str:
    converted()
    return convert("caffe deploy.prototxt deploy.caffemodel -o deploy")


@raises(files.SEVERAL_WEIGHTS)
def _() -> str:
    converted()
    write_picture(Path("dog.jpg"))
    Path("deploy.caffemodel.h5").write_bytes(Path("deploy.caffemodel").read_bytes())
    return convert("run deploy dog.jpg")


@raises(files.CAFFEMODEL_TOO_LARGE)
def _() -> str:
    head = 'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 30000 } } }\n'
    prototxt(layer("fc", "InnerProduct", "data", "inner_product_param { num_output: 30000 }"), head=head)
    return convert("init deploy.prototxt -o big")
