from __future__ import annotations

import cv2
import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.layers import Power, ReLU
from caffe_ir.passes.linear_behind_power import LINEAR_BEHIND_POWER
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten


def of(*layers, shape=(1, 3, 4, 5)):
    net = net_of(shape)
    for place, layer in enumerate(layers):
        add(net, f"p{place}", layer)
    return net


@pytest.mark.parametrize("linear", [Power(scale=3.0), Power(shift=0.7), Power(scale=-0.5, shift=0.7)], ids=str)
@pytest.mark.parametrize("power", [2.0, 3.0, -1.0])
def test_opencv_computes_it(tmp_path, power, linear):
    net = rewritten(of(Power(power=power, scale=1.5), linear), LINEAR_BEHIND_POWER)
    written = write(net, tmp_path / "net", CAFFE)
    x = np.random.default_rng(0).uniform(0.5, 2, (1, 3, 4, 5)).astype(np.float32)
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


@pytest.mark.parametrize(
    "net",
    [
        of(Power(power=2.0, shift=1.0), Power(scale=3.0)),
        of(Power(scale=2.0), Power(scale=3.0)),
        of(Power(power=2.0), Power(power=3.0)),
        of(Power(power=2.0), ReLU(), Power(scale=3.0)),
        of(Power(power=2.0), Power(scale=3.0), shape=(1, 1, 4, 5)),
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
