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
CROPPED = (
    INPUT
    + 'layer { name: "size" type: "Input" top: "size" input_param { shape { dim: 1 dim: 2 dim: 5 dim: 6 } } }\n'
    + CONV
    + 'layer { name: "crop" type: "Crop" bottom: "conv" bottom: "size" top: "crop" crop_param { offset: 3 } }\n'
)
"""A second input that only gives a size."""
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

_HEAD = """
layer {{ name: "loc{0}" type: "Convolution" bottom: "{1}" top: "loc{0}"
        convolution_param {{ num_output: 12 kernel_size: 1 }} }}
layer {{ name: "loc{0}_perm" type: "Permute" bottom: "loc{0}" top: "loc{0}_perm"
        permute_param {{ order: 0 order: 2 order: 3 order: 1 }} }}
layer {{ name: "loc{0}_flat" type: "Flatten" bottom: "loc{0}_perm" top: "loc{0}_flat" flatten_param {{ axis: 1 }} }}
layer {{ name: "conf{0}" type: "Convolution" bottom: "{1}" top: "conf{0}"
        convolution_param {{ num_output: 9 kernel_size: 1 }} }}
layer {{ name: "conf{0}_perm" type: "Permute" bottom: "conf{0}" top: "conf{0}_perm"
        permute_param {{ order: 0 order: 2 order: 3 order: 1 }} }}
layer {{ name: "conf{0}_flat" type: "Flatten" bottom: "conf{0}_perm" top: "conf{0}_flat" flatten_param {{ axis: 1 }} }}
layer {{ name: "box{0}" type: "PriorBox" bottom: "{1}" bottom: "data" top: "box{0}"
        prior_box_param {{ min_size: {2} aspect_ratio: 2.0 flip: true clip: false variance: 0.1 variance: 0.1
                          variance: 0.2 variance: 0.2 offset: 0.5 }} }}
"""
SSD_HEADS = (
    'layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }\n'
    'layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" '
    "pooling_param { pool: MAX kernel_size: 2 stride: 2 } }\n"
    + _HEAD.format(1, "conv", "3.0")
    + _HEAD.format(2, "pool", "6.0")
    + """
layer { name: "loc" type: "Concat" bottom: "loc1_flat" bottom: "loc2_flat" top: "loc" concat_param { axis: 1 } }
layer { name: "conf" type: "Concat" bottom: "conf1_flat" bottom: "conf2_flat" top: "conf" concat_param { axis: 1 } }
layer { name: "box" type: "Concat" bottom: "box1" bottom: "box2" top: "box" concat_param { axis: 2 } }
layer { name: "conf_reshape" type: "Reshape" bottom: "conf" top: "conf_reshape"
        reshape_param { shape { dim: 0 dim: -1 dim: 3 } } }
layer { name: "conf_softmax" type: "Softmax" bottom: "conf_reshape" top: "conf_softmax" softmax_param { axis: 2 } }
layer { name: "conf_flat" type: "Flatten" bottom: "conf_softmax" top: "conf_flat" flatten_param { axis: 1 } }
"""
)
"""Behind INPUT and CONV, two heads as those of MobileNet-SSD's deploy.prototxt, with 3 classes."""
DETECTION_OUTPUT = """
layer { name: "detection_out" type: "DetectionOutput" bottom: "loc" bottom: "conf_flat" bottom: "box"
        top: "detection_out" include { phase: TEST }
        detection_output_param { num_classes: 3 share_location: true background_label_id: 0
          nms_param { nms_threshold: 0.45 top_k: 100 } code_type: CENTER_SIZE keep_top_k: 100
          confidence_threshold: 0.25 save_output_param { label_map_file: "labelmap.prototxt" } } }
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
