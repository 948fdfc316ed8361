"""Anchors, masks and channels of detection heads that do not fit; heads of forks."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.layers.source import RegionHead, YoloHead
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert
from tests.converters.darknet.judged import (
    ALEXEYAB,
    CLOSE,
    blobs_of,
    converted,
    net,
    refusals,
    written,
)
from tests.oracles.darknet import DarknetFailed, Job, layer_outputs_of, needs_darknet


def conv(filters: int) -> str:
    return f"[convolutional];filters={filters};size=3;pad=1;activation=linear\n"


def test_anchors_that_are_missing_are_a_half(tmp_path):
    model = converted(tmp_path, net(conv(14) + "[yolo];num=2;classes=2;anchors=10,13"))
    assert model.heads[0].map.anchors == (10, 13, 0.5, 0.5)
    assert isinstance(model.net.node("yolo_1").layer, YoloHead)
    assert any(note.kind == "warning" and "anchors" in note.text for note in model.net.notes)


def test_a_mask_beyond_num_takes_the_anchors_that_the_cfg_gives(tmp_path):
    """As in AlexeyAB's cspx-p7-mish.cfg: num=16, 20 pairs of anchors, masks up to 19."""
    model = converted(tmp_path, net(conv(14) + "[yolo];num=2;mask=1,3;classes=2;anchors=1,2,3,4,5,6,7,8"))
    assert (model.heads[0].map.anchors, model.heads[0].map.mask) == ((1, 2, 3, 4, 5, 6, 7, 8), (1, 3))
    assert any("mask reaches anchor 3, but num=2" in note.text for note in model.net.notes if note.kind == "warning")


def test_anchors_that_are_too_many_are_not_used(tmp_path):
    model = converted(tmp_path, net(conv(10) + "[region];num=1;classes=5;anchors=1,2,3,4"))
    layer = model.net.node("region_1").layer
    assert isinstance(layer, RegionHead)
    assert layer.anchors == (1, 2)


@pytest.mark.parametrize(
    ("sections", "header", "name", "values"),
    [
        (conv(32) + "[yolo];num=2;classes=1;anchors=1,2,3,4", (0, 2, 0), "yolo_1", 16),  # ten landmarks
        (conv(30) + "[Gaussian_yolo];num=2;classes=2;anchors=1,2,3,4", ALEXEYAB, "gaussian_yolo_1", 15),
        (conv(24) + "[region];num=2;classes=5;anchors=1,2,3,4", (0, 2, 0), "region_1", 12),
    ],
)
def test_a_forks_head_ends_the_net_at_its_map(tmp_path, sections, header, name, values):
    model = converted(tmp_path, net(sections), header=header)
    assert model.heads == ()
    (head,) = model.facts.unknown_heads
    assert (head.name, head.raw, head.num, head.values, head.anchors) == (name, "conv_0", 2, values, (1, 2, 3, 4))
    (told,) = [note.text for note in model.net.notes if note.kind == "warning"]
    assert told.startswith(f"{values} values for each of 2 boxes, where Darknet's own [")
    assert lower(model.net.copy(), CAFFE, Options(head="raw")).outputs == ["conv_0"]
    with pytest.raises(ConversionError, match=r"tiny.cfg:\d+ .*is unknown"):
        lower(model.net, CAFFE, Options(head="activated"))


@needs_darknet
def test_darknet_itself_refuses_a_forks_head(tmp_path):
    """So nobody can have meant the original's [yolo]; the map before it is what Darknet computes."""
    text = net(conv(32) + "[yolo];num=2;classes=1;anchors=1,2,3,4")
    cfg, weights = written(tmp_path, text)
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    with pytest.raises(DarknetFailed):
        layer_outputs_of([Job(cfg=cfg, weights=weights, input=x)])
    map_before = blobs_of(convert(cfg, weights), x)["conv_0"]
    cfg.write_text(net(conv(32)))
    (outputs,) = layer_outputs_of([Job(cfg=cfg, weights=weights, input=x)])
    assert np.abs(map_before - outputs[0].values).max() <= CLOSE * np.abs(map_before).max()


@pytest.mark.parametrize(
    ("sections", "header", "expected"),
    [
        (conv(13) + "[yolo];num=2;classes=2", (0, 2, 0), "2 boxes of 7 values are 14 channels, not 13"),
        (
            conv(7) + "[yolo];num=2;classes=2;mask=2",
            (0, 2, 0),
            "tiny.cfg:13 [yolo]: mask has [2], there are only num=2",
        ),
        (conv(7) + "[yolo];num=2;classes=2;mask=4;anchors=1,2,3,4,5,6,7,8", (0, 2, 0), "mask has [4]"),
        (conv(7) + "[yolo];num=2;classes=2;mask=-1", (0, 2, 0), "mask has [-1]"),
        (conv(7) + "[yolo];num=0;classes=2", (0, 2, 0), "num=0 is less than 1"),
        (conv(7) + "[yolo];num=2147483647;classes=2", (0, 2, 0), "num=2147483647 is more than 65536 anchors"),
        (conv(10) + "[Gaussian_yolo];num=1;classes=2", ALEXEYAB, "1 boxes of 11 values are 11 channels, not 10"),
        (conv(10) + "[region];num=2;classes=5", (0, 2, 0), "2 boxes of 10 values are 20 channels, not 10"),
        (conv(10) + "[region];num=1;classes=8;coords=1", (0, 2, 0), "coords=1 is less than 2"),
        ("[connected];output=79\n[detection];side=2;num=2;classes=10;coords=4", (0, 2, 0), "are 80 values, not 79"),
        ("[connected];output=48\n[detection];side=2;num=1;classes=10", (0, 2, 0), "coords=1"),
        (conv(10) + "[iseg];classes=2;ids=9", (0, 2, 0), "classes=2 and ids=9 are not 10 channels"),
        ("[softmax]\n[yolo]", (0, 2, 0), "[yolo] needs an image"),
    ],
)
def test_what_does_not_fit(tmp_path, sections, header, expected):
    (found,) = refusals(tmp_path, net(sections), header=header)
    assert expected in found
