from __future__ import annotations

import numpy as np
from google.protobuf import text_format

from caffe_ir.files.prototxt import fill, prototxt, values, written_names
from caffe_ir.float32 import Float32
from caffe_ir.layers import MVN, Convolution, Pooling, Power, ReLU, StrideUpsample, Upsample
from caffe_ir.proto import caffe_pb2
from tests.caffe_ir.build import add, net_of


def test_layers_that_work_in_place_share_a_name() -> None:
    net = net_of((1, 1, 4, 4))
    add(net, "conv", Convolution(num_output=1, kernel_size=(1, 1), bias_term=False), [[[[1.0]]]])
    add(net, "relu", ReLU(), in_place=True)
    add(net, "relu2", ReLU(), in_place=True)
    add(net, "pool", Pooling(pool="MAX", kernel_size=(2, 2)))
    message = text_format.Parse(prototxt(net), caffe_pb2.NetParameter())
    assert [(list(layer.bottom), list(layer.top)) for layer in message.layer] == [
        ([], ["data"]),
        (["data"], ["conv"]),
        (["conv"], ["conv"]),
        (["conv"], ["conv"]),
        (["conv"], ["pool"]),
    ]
    assert written_names(net)["relu2"] == "conv"


def test_no_filler_is_ever_written() -> None:
    net = net_of((1, 1, 4, 4))
    add(net, "conv", Convolution(num_output=1, kernel_size=(3, 1)), [[[[1.0], [1.0], [1.0]]]], [0.0])
    assert "filler" not in prototxt(net)


def test_the_scale_of_an_upsample_is_written_so_that_it_may_be_an_integer() -> None:
    """RKNN-Toolkit2 2.3.2: `scale: 2.0`: Couldn't parse integer: 2.0."""
    net = net_of((1, 1, 4, 4))
    add(net, "nearest", Upsample(scale=2))
    add(net, "ascend", StrideUpsample(scale=0.5, stride_h=2, stride_w=2))
    add(net, "power", Power(scale=2.0))
    text = prototxt(net)
    assert [line.strip() for line in text.splitlines() if "scale:" in line] == ["scale: 2", "scale: 0.5", "scale: 2.0"]
    read = text_format.Parse(text, caffe_pb2.NetParameter())
    assert [layer.upsample_param.scale for layer in read.layer[1:3]] == [2.0, 0.5]


def test_fill_and_values_are_each_others_way_back() -> None:
    spelled = {
        "pool": "AVE",
        "kernel_size": 3,
        "global_pooling": False,
    }
    message = caffe_pb2.PoolingParameter()
    fill(message, spelled)
    assert values(message) == spelled
    filler = {"data_filler": ({"type": "constant", "value": Float32(0.1)},), "shape": ((1, 2), ())}
    dummy = caffe_pb2.DummyDataParameter()
    fill(dummy, filler)
    assert values(dummy) == filler


def test_a_number_is_the_float32_that_caffe_has_and_is_written_as_it_was() -> None:
    body = "negative_slope: 0.1"
    message = text_format.Parse(body, caffe_pb2.ReLUParameter())
    spelled = values(message)
    assert spelled["negative_slope"] == float(np.float32(0.1)) != 0.1
    again = caffe_pb2.ReLUParameter()
    fill(again, spelled)
    assert text_format.MessageToString(again).strip() == body


def test_a_default_is_not_written_whether_in_float64_or_float32() -> None:
    assert MVN(eps=1e-9).spelled() == MVN(eps=Float32(1e-9)).spelled() == {}
