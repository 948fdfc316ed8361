"""Maxima and their places in OpenCV itself, beside what its limits say of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from caffe_ir.files.prototxt import prototxt
from caffe_ir.files.writer import write_weights
from caffe_ir.layers import PlacedPooling, Pooling, Power
from caffe_ir.targets import TARGETS
from caffe_ir.targets.opencv_pooling import PLACES, WINDOWS
from converters.verify import caffe_files
from converters.verify.engines import ENGINES
from tests.caffe_ir.build import add, net_of

OPENCV = TARGETS["opencv"]


def test_both_kinds_have_them() -> None:
    assert (OPENCV.layers[Pooling], OPENCV.layers[PlacedPooling]) == (WINDOWS, PLACES)
    assert set(WINDOWS) < set(PLACES)


@pytest.mark.parametrize("size", [(8, 8), (7, 9)])
@pytest.mark.parametrize(("kernel", "stride"), [((3, 3), (2, 2)), ((2, 2), (3, 3)), ((3, 2), (3, 3)), ((3, 1), (1, 2))])
def test_what_they_say_is_what_opencv_does(kernel, stride, size, tmp_path) -> None:
    """Of numbers that are often equal, so that the order counts in which places are looked at."""
    x = np.random.default_rng(4).integers(-3, 0, size=(2, 3, *size)).astype(np.float32)
    for pad in product((0, 1), (0, 1) if kernel[1] > 1 else (0,)):
        layer = PlacedPooling(kernel_size=kernel, stride=stride, pad=pad)
        net = net_of(x.shape)
        add(net, "pool", layer, tops=("pool", "mask"))
        for name, blob in (("maxima", "pool"), ("places", "mask")):
            add(net, name, Power(scale=0.5), bottoms=(blob,))
        net.outputs = ["maxima", "places"]
        path = tmp_path / f"{pad[0]}{pad[1]}.prototxt"
        path.write_text(prototxt(net), encoding="utf-8")
        write_weights(net, path.with_suffix(".caffemodel"))
        pair = caffe_files(path, path.with_suffix(".caffemodel"))
        found = [np.asarray(one) for one in ENGINES["opencv"].blobs(pair, net.outputs, {"data": x})]
        wanted = layer.forward([x], [])
        right = all(np.array_equal(one, 0.5 * each) for one, each in zip(found, wanted, strict=True))
        said = OPENCV.verdict(layer, (x.shape,), None, (net, net.node("pool")))
        assert right == (said is None), (pad, said)
