"""The original's zoo, shrunk, against real Darknet in all layers; a net of AlexeyAB's features against OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.reference import run
from tests.converters.darknet.judged import ALEXEYAB, converted, differences, judged, net
from tests.oracles.darknet import needs_darknet, static_cfgs
from tests.oracles.shrink_cfg import shrink

CLOSE_THROUGH_A_NET = 2e-5
NAMES = [path.stem for path in static_cfgs()]


@pytest.fixture(scope="module", params=[False, True], ids=["ordinary", "hard"])
def zoo(request, tmp_path_factory):
    """All cfgs as `Judged`, by name; hard: in each batch norm channels of variance 0, 1e-12, 1e-8, 1e-6 and 1e-5."""
    folder = tmp_path_factory.mktemp("zoo")
    cfgs = {path.stem: shrink(path.read_text()) for path in static_cfgs()}
    return judged(folder, cfgs, images=1, seed=1, hard=request.param)


@needs_darknet
def test_the_zoo_is_there():
    assert len(NAMES) == 42


@needs_darknet
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_is_as_darknet_has_it(zoo, name):
    far = {layer: far for layer, far in differences(zoo[name]).items() if not far < CLOSE_THROUGH_A_NET}
    assert far == {}


BN = "batch_normalize=1;pad=1"
# What nets like yolov4, yolov4-tiny, yolov7-tiny and efficientnet are made of.
ALEXEYABS = f"""
[convolutional];filters=12;size=3;{BN};activation=mish
[convolutional];filters=16;size=3;stride=2;{BN};activation=leaky
[route];layers=-1;groups=2;group_id=1
[convolutional];filters=8;size=3;{BN};activation=leaky
[convolutional];filters=8;size=3;{BN};activation=mish
[route];layers=-1,-2
[convolutional];filters=16;size=1;{BN};activation=swish
[shortcut];from=-6;activation=linear
[convolutional];filters=16;size=3;groups=16;{BN};activation=swish
[avgpool]
[convolutional];filters=4;size=1;activation=swish
[convolutional];filters=16;size=1;activation=logistic
[scale_channels];from=-4
[dropout];probability=.2
[convolutional];filters=16;size=1;activation=logistic
[sam];from=-2
[maxpool];size=5;stride=1
[route];layers=-2
[maxpool];size=9;stride=1
[route];layers=-1,-3,-4
[convolutional];filters=14;size=1;activation=linear
[yolo];mask=0,1;num=2;anchors=10,13,16,30;classes=2;scale_x_y=1.05
[route];layers=-3
[convolutional];filters=6;size=1;{BN};activation=mish
[upsample];stride=2
[route];layers=-1,0
[convolutional];filters=14;size=1;activation=linear
[yolo];mask=0,1;num=2;anchors=10,13,16,30;classes=2;scale_x_y=1.2
"""


def test_alexeyabs_features_as_opencv_has_them(tmp_path):
    """OpenCV (darknet_io.cpp) takes sqrt(variance + 1e-6), which neither Darknet does: so it is set here, too."""
    model = converted(tmp_path, net(ALEXEYABS, height=32, width=48, channels=3), header=ALEXEYAB)
    assert model.dialect == "alexeyab"
    for node in list(model.net.nodes):
        if isinstance(node.layer, SourceBatchNorm):
            assert (node.layer.form, node.layer.eps) == ("inside", 1e-5)
            model.net.update(node, replace(node, layer=replace(node.layer, eps=1e-6)))
    x = np.random.default_rng(0).random(model.net.shapes["data"], np.float32)
    judge = cv2.dnn.readNetFromDarknet(str(tmp_path / "tiny.cfg"), str(tmp_path / "tiny.weights"))
    judge.setInput(x)
    blobs = run(model.net, {"data": x})
    maps = [head.raw for head in model.heads]
    assert maps == ["conv_20", "conv_26"]
    for name, expected in zip(maps, judge.forward(maps), strict=True):
        np.testing.assert_allclose(blobs[name], expected, atol=CLOSE_THROUGH_A_NET * float(np.abs(expected).max()))
