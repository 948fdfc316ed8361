from __future__ import annotations

import pytest
from google.protobuf import text_format

from caffe_ir.files.upgrade import V1_TYPES, upgrade
from caffe_ir.proto import caffe_pb2


def upgraded(text: str) -> caffe_pb2.NetParameter:
    message = text_format.Parse(text, caffe_pb2.NetParameter())
    upgrade(message)
    return message


def test_every_old_type_has_a_name_of_today() -> None:
    """The old spelling is the new one in capitals, with underscores; SOFTMAX_LOSS alone was renamed."""
    assert set(V1_TYPES) == set(caffe_pb2.V1LayerParameter.LayerType.keys())
    for old, new in V1_TYPES.items():
        if old not in ("NONE", "SOFTMAX_LOSS"):
            assert old.replace("_", "") == new.upper()
    assert V1_TYPES["SOFTMAX_LOSS"] == "SoftmaxWithLoss"


def test_deeplabs_own_old_type() -> None:
    text = 'layers { name: "i" type: INTERP bottom: "x" top: "i" interp_param { zoom_factor: 8 } }'
    (layer,) = upgraded(text).layer
    assert (layer.type, layer.interp_param.zoom_factor) == ("Interp", 8)


def test_what_a_layer_says_is_kept() -> None:
    old = """
        name: "n"
        layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" blobs_lr: 1 blobs_lr: 2 weight_decay: 1
                 param: "w" param: "b" blob_share_mode: PERMISSIVE include { phase: TEST }
                 convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
        layers { name: "p" type: POOLING bottom: "c" top: "p" pooling_param { pool: AVE kernel_size: 2 } }
        layers { name: "loss" type: SOFTMAX_LOSS bottom: "p" bottom: "label" top: "loss" loss_weight: 0.5 }
    """
    new = """
        name: "n"
        layer { name: "c" type: "Convolution" bottom: "data" top: "c" include { phase: TEST }
                param { name: "w" share_mode: PERMISSIVE lr_mult: 1 decay_mult: 1 } param { name: "b" lr_mult: 2 }
                convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
        layer { name: "p" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: AVE kernel_size: 2 } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "p" bottom: "label" top: "loss" loss_weight: 0.5 }
    """
    assert upgraded(old) == text_format.Parse(new, caffe_pb2.NetParameter())


def test_a_net_of_today_stays_as_it_is() -> None:
    text = 'layer { name: "r" type: "ReLU" bottom: "a" top: "b" }'
    assert upgraded(text) == text_format.Parse(text, caffe_pb2.NetParameter())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('layers { name: "r" type: RELU } layer { name: "s" type: "ReLU" }', "mixture"),
        ('layers { layer { name: "r" type: "relu" } }', "oldest form"),
    ],
)
def test_what_caffe_refuses_or_is_older_still(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        upgraded(text)
