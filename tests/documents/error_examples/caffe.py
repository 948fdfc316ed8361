from __future__ import annotations

from pathlib import Path

from caffe_ir.error_kinds import caffe as kinds
from tests.documents.error_examples.case import convert, layer, made, prototxt, raises

CONV = "convolution_param { num_output: 4 kernel_size: 3 }"


@raises(kinds.NOT_A_CAFFEMODEL)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV))
    Path("deploy.caffemodel").touch()
    return convert("caffe deploy.prototxt deploy.caffemodel -o other")


@raises(kinds.PROTOTXT_SYNTAX)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV.replace("param", "parm")))
    return convert("check deploy.prototxt")


@raises(kinds.UNKNOWN_LAYER)
def _() -> str:
    prototxt(layer("conv1", "Convolutoin", "data", CONV))
    return convert("summary deploy.prototxt")


@raises(kinds.LAYER_REFUSED)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV.replace("size: 3", "size: 11")))
    return convert("summary deploy.prototxt")


@raises(kinds.BLOB_NAMES)
def _() -> str:
    prototxt(layer("relu1", "ReLU", "conv1"))
    return convert("summary deploy.prototxt")


@raises(kinds.NO_INPUT_SIZE)
def _() -> str:
    prototxt(
        layer("conv1", "Convolution", "data", CONV),
        name="train.prototxt",
        head='layer { name: "data" type: "Data" top: "data" data_param { source: "lmdb" batch_size: 8 } }\n',
    )
    return convert("check train.prototxt")


@raises(kinds.BLOBS_DO_NOT_FIT)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV), name="net.prototxt")
    made("init net.prototxt -o trained -q")
    prototxt(layer("conv1", "Convolution", "data", CONV.replace("size: 3", "size: 5")))
    return convert("caffe deploy.prototxt trained.caffemodel -o other")


@raises(kinds.NO_FILLER)
def _() -> str:
    prototxt(layer("conv1", "Convolution", "data", CONV.replace("}", 'weight_filler { type: "gausian" } }')))
    return convert("init deploy.prototxt -o filled")


@raises(kinds.HDF5_NAME)
def _() -> str:
    prototxt(layer("inception/1x1", "Convolution", "data", CONV))
    made("init deploy.prototxt -o deploy -q")
    return convert("caffe deploy.prototxt deploy.caffemodel -o other --hdf5")
