"""Detection heads against real Darknet, and against scipy for what only AlexeyAB's has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import DetectionHead, GaussianYoloHead, RegionHead, UnknownHead, YoloHead
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet

ANCHORS = "anchors=1,2, 3,4, 5,6, 7,8\n"
PAIRS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)

SECTIONS = {
    "[yolo]\nmask=1,3\nnum=4\nclasses=3\n" + ANCHORS: (16, YoloHead(anchors=PAIRS, mask=(1, 3), classes=3)),
    "[region]\nnum=4\nclasses=3\nsoftmax=1\n" + ANCHORS: (
        32,
        RegionHead(anchors=PAIRS, num=4, classes=3, softmax=True),
    ),
    "[region]\nnum=4\nclasses=3\n" + ANCHORS: (32, RegionHead(anchors=PAIRS, num=4, classes=3)),
    "[region]\nnum=4\nclasses=3\nsoftmax=1\nbackground=1\n" + ANCHORS: (
        32,
        RegionHead(anchors=PAIRS, num=4, classes=3, softmax=True, background=True),
    ),
    "[region]\nnum=4\nclasses=2\ncoords=5\nbackground=1\n" + ANCHORS: (
        32,
        RegionHead(anchors=PAIRS, num=4, classes=2, coords=5, background=True),
    ),
}


def wide(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 3, shape)


def test_every_section_is_tried():
    assert len(SECTIONS) == 5


@needs_darknet
def test_heads_are_darknets(tmp_path):
    jobs = []
    for number, (section, (channels, _)) in enumerate(SECTIONS.items()):
        cfg = tmp_path / f"{number}.cfg"
        cfg.write_text(f"[net]\nheight=3\nwidth=5\nchannels={channels}\n[activation]\nactivation=linear\n{section}")
        jobs.append(Job(cfg=cfg, weights=None, input=wide(2, channels, 3, 5).astype(np.float32)))
    for job, outputs, (_, layer) in zip(jobs, layer_outputs_of(jobs), SECTIONS.values(), strict=True):
        (y,) = layer.forward([job.input], [])
        assert layer.infer((job.input.shape,)) == (y.shape,)
        np.testing.assert_allclose(y, outputs[1].values.reshape(y.shape), rtol=1e-6, atol=1e-7)


@needs_darknet
@pytest.mark.parametrize("with_softmax", [False, True])
def test_detection_is_darknets(tmp_path, with_softmax):
    layer = DetectionHead(side=2, num=2, classes=3, softmax=with_softmax)
    cfg = tmp_path / "detection.cfg"
    cfg.write_text(
        "[net]\nheight=1\nwidth=1\nchannels=52\n[activation]\nactivation=linear\n"
        f"[detection]\nside=2\nnum=2\nclasses=3\ncoords=4\nsoftmax={int(with_softmax)}\n"
    )
    x = wide(2, 52, 1, 1).astype(np.float32)
    (outputs,) = layer_outputs_of([Job(cfg=cfg, weights=None, input=x)])
    for bottom in (x, x.reshape(2, 52)):
        (y,) = layer.forward([bottom], [])
        assert y.shape == bottom.shape
        np.testing.assert_allclose(y.ravel(), outputs[1].values.ravel(), rtol=1e-6, atol=1e-7)


def test_scale_x_y_stretches_about_a_half():
    x = wide(2, 16, 3, 5)
    (y,) = YoloHead(anchors=PAIRS, mask=(0, 1), classes=3, scale_x_y=1.2).forward([x], [])
    wanted = expit(x).reshape(2, 2, 8, 3, 5)
    wanted[:, :, :2] = wanted[:, :, :2] * 1.2 - 0.1
    wanted[:, :, 2:4] = x.reshape(2, 2, 8, 3, 5)[:, :, 2:4]
    np.testing.assert_allclose(y, wanted.reshape(x.shape), rtol=1e-12, atol=1e-12)


def test_new_coords_take_no_logistic():
    x = wide(1, 7, 2, 2)
    (y,) = YoloHead(anchors=PAIRS, mask=(2,), classes=2, scale_x_y=2.0, new_coords=True).forward([x], [])
    np.testing.assert_allclose(y[:, :2], 2 * x[:, :2] - 0.5, rtol=1e-12)
    np.testing.assert_array_equal(y[:, 2:], x[:, 2:])


def test_gaussian_yolo_leaves_the_means_of_w_and_h():
    x = wide(2, 22, 3, 5)
    (y,) = GaussianYoloHead(anchors=PAIRS, mask=(0, 3), classes=2, scale_x_y=1.1).forward([x], [])
    raw, values = x.reshape(2, 2, 11, 15), y.reshape(2, 2, 11, 15)
    np.testing.assert_array_equal(values[:, :, [4, 6]], raw[:, :, [4, 6]])
    np.testing.assert_allclose(values[:, :, [0, 2]], expit(raw[:, :, [0, 2]]) * 1.1 - 0.05, rtol=1e-12)
    others = [1, 3, 5, 7, 8, 9, 10]
    np.testing.assert_allclose(values[:, :, others], expit(raw[:, :, others]), rtol=1e-12)


def test_alexeyabs_region_is_turned_about():
    """region_layer.c: flatten(), then by box logistic on value 4 and softmax from value 5 on."""
    x = wide(2, 16, 3, 5)
    layer = RegionHead(
        anchors=PAIRS, num=2, classes=3, softmax=True, logistic_xy=False, logistic_classes=False, transposed=True
    )
    (y,) = layer.forward([x], [])
    boxes = x.reshape(2, 16, 15).transpose(0, 2, 1).reshape(2, 30, 8).copy()
    boxes[..., 4] = expit(boxes[..., 4])
    boxes[..., 5:] = softmax(boxes[..., 5:], axis=-1)
    np.testing.assert_allclose(y, boxes.reshape(x.shape), rtol=1e-12)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (YoloHead(anchors=PAIRS, mask=(0, 1), classes=3), (1, 17, 2, 2)),
        (GaussianYoloHead(anchors=PAIRS, mask=(0,), classes=3), (1, 8, 2, 2)),
        (RegionHead(anchors=PAIRS, num=4, classes=3), (1, 30, 2, 2)),
        (RegionHead(anchors=PAIRS, num=4, classes=3, coords=1), (1, 20, 2, 2)),
        (DetectionHead(side=2, num=2, classes=3), (1, 53)),
        (YoloHead(anchors=PAIRS, mask=(0, 1), classes=3), (1, 16)),
        (UnknownHead(boxes=2, values=9), (1, 16, 2, 2)),
    ],
)
def test_other_sizes_are_refused(layer, shape):
    with pytest.raises(ShapeError):
        layer.infer((shape,))


def test_what_nobody_knows_is_no_number():
    layer = UnknownHead(boxes=2, values=8)
    assert layer.infer(((1, 16, 2, 2),)) == ((1, 16, 2, 2),)
    (y,) = layer.forward([wide(1, 16, 2, 2)], [])
    assert y.shape == (1, 16, 2, 2)
    assert np.isnan(y).all()
