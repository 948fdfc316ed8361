from __future__ import annotations

import cv2
import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.layers import Convolution, Power, ReLU, Scale
from caffe_ir.passes.linear_behind_power import LINEAR_BEHIND_POWER
from caffe_ir.targets import CAFFE, OPENCV
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def of(*layers, shape=(1, 3, 4, 5)):
    net = net_of(shape)
    for place, layer in enumerate(layers):
        add(net, f"p{place}", layer)
    return net


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("linear", [Power(scale=3.0), Power(shift=0.7), Power(scale=-0.5, shift=0.7)], ids=str)
@pytest.mark.parametrize("power", [2.0, 3.0, -1.0])
def test_opencv_computes_it(tmp_path, power, linear, channels):
    shape = (1, channels, 4, 5)
    before = of(Power(power=power, scale=1.5), linear, shape=shape)
    assert [node.name for node, _ in OPENCV.verdicts(before)] == ["p1"]
    net = rewritten(before, LINEAR_BEHIND_POWER)
    assert not list(OPENCV.verdicts(net))
    written = write(net, tmp_path / "net", CAFFE)
    x = np.random.default_rng(0).uniform(0.5, 2, shape).astype(np.float32)
    engine = cv2.dnn.readNetFromCaffe(str(written.prototxt), str(written.caffemodel))
    engine.setInput(x)
    wanted = linear.scale * (1.5 * x.astype(np.float64)) ** power + linear.shift
    assert np.abs(engine.forward() - wanted).max() < 1e-6 * np.abs(wanted).max()


def test_golden_dump():
    net = rewritten(of(Power(power=2.0), Power(scale=3.0, shift=1.0)), LINEAR_BEHIND_POWER)
    assert net.dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 4, 5)])  -> data  [1x3x4x5]\n"
        "  p0: Power(power=2.0) data -> p0  [1x3x4x5]\n"
        "  p1: Scale(bias_term=True) p0 -> p1 | [3] [3]  [1x3x4x5]\n"
        "  outputs p1\n"
    )


@pytest.mark.parametrize(("channels", "kind"), [(1, Convolution), (3, Scale)])
def test_a_scale_of_one_number_is_folded_too(channels, kind):
    net = of(Power(power=2.0), shape=(1, channels, 4, 5))
    add(net, "p1", Scale(num_axes=0, bias_term=True), np.array(3.0), np.array(0.5))
    assert [node.name for node, _ in OPENCV.verdicts(net)] == ["p1"]
    after = rewritten(net, LINEAR_BEHIND_POWER)
    assert isinstance(after.node("p1").layer, kind)
    assert not list(OPENCV.verdicts(after))


def test_a_scale_for_each_channel_is_left_alone():
    net = of(Power(power=2.0))
    add(net, "p1", Scale(), np.ones(3))
    assert rewritten(net, LINEAR_BEHIND_POWER).dump() == net.dump()
    assert not list(OPENCV.verdicts(net))


@pytest.mark.parametrize(
    "net",
    [
        of(Power(power=2.0, shift=1.0), Power(scale=3.0)),
        of(Power(scale=2.0), Power(scale=3.0)),
        of(Power(power=2.0), Power(power=3.0)),
        of(Power(power=2.0), ReLU(), Power(scale=3.0)),
        of(Power(power=2.0), Power(scale=3.0), shape=(1, 1)),
        of(Power(power=2.0), Power(scale=3.0), shape=(4,)),
    ],
    ids=lambda net: ", ".join(str(node.layer) for node in net.nodes),
)
def test_leaves_alone_what_opencv_computes_as_it_is_or_cannot_be_mended(net):
    assert rewritten(net, LINEAR_BEHIND_POWER).dump() == net.dump()


def test_leaves_alone_a_power_that_others_read():
    net = of(Power(power=2.0), Power(scale=3.0))
    add(net, "other", ReLU(), bottoms=("p0",))
    assert rewritten(net, LINEAR_BEHIND_POWER).dump() == net.dump()
