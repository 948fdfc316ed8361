"""The same function of a picture's bytes, in float64, on nets whose first layers differ."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir import reference
from caffe_ir.errors import ConversionError
from caffe_ir.layers import Convolution, Pooling, ReLU
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.picture_input import PICTURE_INPUT
from caffe_ir.picture_input import PictureInput
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of

PICTURES = {
    "scale": PictureInput(scale=(1 / 255,)),
    "scales": PictureInput(scale=(0.5, 0.25, 2.0), order="BGR"),
    "mean": PictureInput(mean=(104, 117, 123), order="BGR"),
    "imagenet": PictureInput(mean=(123.675, 116.28, 103.53), scale=(0.0171, 0.0175, 0.0174)),
    "one mean": PictureInput(mean=(127.5,), scale=(1 / 127.5,)),
}


def convolution(
    channels: int = 3, outputs: int = 4, bias: bool = True, **fields
) -> tuple[Convolution, list[np.ndarray]]:
    rng = np.random.default_rng(channels + outputs)
    layer = Convolution(num_output=outputs, kernel_size=(3, 3), bias_term=bias, **fields)
    weights = rng.standard_normal((outputs, channels // layer.group, 3, 3)).astype(np.float32)
    return layer, [weights] + [rng.standard_normal(outputs).astype(np.float32)] * bias


def plain(**fields) -> Net:
    net = net_of((2, 3, 9, 11))
    layer, blobs = convolution(**fields)
    add(net, "conv", layer, *blobs)
    add(net, "relu", ReLU())
    return net


def two_readers() -> Net:
    net = plain(pad=(1, 1))
    layer, blobs = convolution(outputs=5)
    add(net, "other", layer, *blobs, bottoms=["data"])
    net.outputs = ["relu", "other"]
    return net


def pooled() -> Net:
    net = net_of((2, 3, 9, 11))
    add(net, "pool", Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2)))
    return net


NETS = {
    "plain": plain,
    "padded": lambda: plain(pad=(1, 1)),
    "without a bias": lambda: plain(bias=False),
    "padded without a bias": lambda: plain(bias=False, pad=(0, 1)),
    "strided": lambda: plain(stride=(2, 2), dilation=(2, 2)),
    "grouped": lambda: plain(group=3, outputs=6),
    "two readers": two_readers,
    "pooled": pooled,
}


def taken(net: Net, picture: PictureInput | None, input_is: str) -> Net:
    net.picture = picture
    run_pass(PICTURE_INPUT, net, Context(target=CAFFE, options=Options(input_is=input_is)))  # type: ignore[arg-type]
    return net


@pytest.mark.parametrize("input_is", ["u8-rgb", "u8-bgr"])
@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", NETS)
def test_the_net_of_bytes_is_the_net_of_the_prepared_picture(name: str, picture: str, input_is: str) -> None:
    v = np.random.default_rng(1).integers(0, 256, (2, 3, 9, 11)).astype(np.float64)
    before, net = NETS[name](), taken(NETS[name](), PICTURES[picture], input_is)
    assert net.taken is not None
    order = ("BGR" if net.taken.order == "RGB" else "RGB") if net.taken.swapped else net.taken.order
    assert order.lower() == input_is[3:]
    theirs = reference.run(before, {"data": net.taken.applied(v)}, np.float64)
    ours = reference.run(net, {"data": v}, np.float64)
    for output in before.outputs:
        own = net.outputs[before.outputs.index(output)]
        assert np.abs(ours[own] - theirs[output]).max() <= 1e-12 * np.abs(theirs[output]).max()
    for value, blob in net.values.items():
        assert np.allclose(ours[blob], theirs[before.values[value]], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "picture", "layers"),
    [
        ("padded", "scale", ["Input", "Convolution", "ReLU"]),
        ("plain", "imagenet", ["Input", "Convolution", "ReLU"]),
        ("padded", "imagenet", ["Input", "Scale", "Convolution", "ReLU"]),
        ("pooled", "scale", ["Input", "Convolution", "Pooling"]),
    ],
)
def test_nothing_is_added_where_it_goes_into_the_weights(name: str, picture: str, layers: list[str]) -> None:
    net = taken(NETS[name](), PICTURES[picture], "u8-bgr")
    assert [node.layer.type_name() for node in net.nodes] == layers
    (note,) = [note for note in net.notes if note.kind == "folded"]
    assert "the preprocessing of pictures (" in note.text


def test_twice_is_once() -> None:
    net = taken(plain(), PICTURES["imagenet"], "u8-bgr")
    nodes = list(net.nodes)
    run_pass(PICTURE_INPUT, net, Context(target=CAFFE, options=Options(input_is="u8-bgr")))
    assert net.nodes == nodes


def test_unless_it_is_asked_for_nothing_changes() -> None:
    net = taken(plain(), PICTURES["imagenet"], "prepared")
    assert net.taken is None
    assert not net.notes


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(ConversionError, match="it is not known how a picture becomes the input"):
        taken(plain(), None, "u8-rgb")
