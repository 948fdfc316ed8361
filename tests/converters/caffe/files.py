"""Small Caffe nets as files with random weights, for tests of what exists already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.files.writer import write_weights
from caffe_ir.layers import BatchNorm
from converters.caffe import convert

INPUT = 'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 12 dim: 12 } } }\n'
CONV = (
    'layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" '
    "convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }\n"
)
TRAIN_VAL = """
name: "net"
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } transform_param { crop_size: 12 } }
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST } transform_param { crop_size: 12 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 }
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
        pooling_param { pool: AVE kernel_size: 3 stride: 2 round_mode: FLOOR } }
layer { name: "drop" type: "Dropout" bottom: "pool" top: "pool" }
layer { name: "fc" type: "InnerProduct" bottom: "pool" top: "fc" inner_product_param { num_output: 5 } }
layer { name: "last" type: "ReLU" bottom: "fc" top: "fc" relu_param { negative_slope: 0.1 } }
layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
"""


def prototxt(folder: Path, text: str, name: str = "net") -> Path:
    path = folder / f"{name}.prototxt"
    path.write_text(text, encoding="utf-8")
    return path


def pair(folder: Path, text: str, *, name: str = "net", inputs: tuple[str, ...] = ()) -> tuple[Path, Path]:
    """The text as a prototxt, and a caffemodel with random weights for it; BatchNorm's are divided by 2.5."""
    path, random = prototxt(folder, text, name), np.random.default_rng(2)
    net = convert(path, input=inputs)
    for node in list(net.nodes):
        blobs = [random.uniform(-0.5, 1.0, blob.shape) for blob in node.blobs]
        if isinstance(node.layer, BatchNorm):
            blobs = [blobs[0], random.uniform(0.5, 1.5, node.blobs[1].shape), np.array([2.5])]
        net.update(node, replace(node, blobs=tuple(map(Blob.of, blobs))))
    weights = folder / f"{name}.caffemodel"
    write_weights(net, weights, force=True)
    return path, weights
