"""[yolo], [Gaussian_yolo], [region], [detection], [iseg]: real Darknet; for AlexeyAB's torch on his formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.converters.darknet.judged import (
    ALEXEYAB,
    CLOSE,
    blobs_of,
    converted,
    farthest,
    judged,
    net,
)
from tests.oracles.darknet import needs_darknet


def conv(filters: int) -> str:
    return f"[convolutional];filters={filters};size=3;pad=1;activation=linear\n"


YOLO = "anchors=10,13,16,30,33,23;num=3"

CASES = {
    "yolo": conv(18) + f"[yolo];mask=0,2;classes=4;{YOLO}",
    "yolo by default": conv(25) + "[yolo]",
    "yolo without mask": conv(21) + f"[yolo];classes=2;{YOLO}",
    "region": conv(20) + "[region];num=2;classes=5;anchors=1,2,3,4",
    "region with softmax": conv(20) + "[region];num=2;classes=5;softmax=1",
    "region with background": conv(20) + "[region];num=2;classes=5;softmax=1;background=1",
    "region with more coordinates": conv(24) + "[region];num=2;classes=5;coords=6;softmax=1",
    "detection": "[connected];output=80;activation=linear\n[detection];side=2;num=2;classes=10;coords=4",
    "detection with softmax": "[connected];output=80\n[detection];side=2;num=2;classes=10;coords=4;softmax=1;sqrt=1",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    return judged(folder, {name.replace(" ", "_"): net(sections) for name, sections in CASES.items()})


@needs_darknet
@pytest.mark.parametrize("name", CASES)
def test_as_darknet(results, name):
    assert farthest(results[name.replace(" ", "_")]) < CLOSE


def before_and_after(folder, sections: str, name: str, *, dialect: str = "alexeyab"):
    """The map that a head reads and what it makes of it, each (boxes, values, cells)."""
    model = converted(folder, net(sections), dialect=dialect)
    values = blobs_of(model, np.random.default_rng(0).random((1, 4, 12, 14), np.float32))
    boxes = model.heads[0].map.num if model.heads else 1
    return (torch.from_numpy(values[key].copy()).reshape(boxes, -1, 12 * 14) for key in ("conv_0", name))


def test_yolo_stretches_x_and_y(tmp_path):
    sections = conv(14) + "[yolo];num=2;classes=2;anchors=1,2,3,4;scale_x_y=1.2"
    raw, made = before_and_after(tmp_path, sections, "yolo_1")
    expected = torch.sigmoid(raw)
    expected[:, 2:4] = raw[:, 2:4]
    expected[:, :2] = expected[:, :2] * 1.2 - 0.1
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_yolo_with_new_coords_takes_no_logistic(tmp_path):
    sections = conv(14) + "[yolo];num=2;classes=2;anchors=1,2,3,4;scale_x_y=2;new_coords=1"
    raw, made = before_and_after(tmp_path, sections, "yolo_1")
    raw[:, :2] = raw[:, :2] * 2 - 0.5
    np.testing.assert_allclose(made, raw, atol=1e-6)


def test_gaussian_yolo(tmp_path):
    sections = conv(22) + "[Gaussian_yolo];num=2;classes=2;anchors=1,2,3,4;scale_x_y=1.1"
    raw, made = before_and_after(tmp_path, sections, "gaussian_yolo_1")
    expected = torch.sigmoid(raw)
    expected[:, [4, 6]] = raw[:, [4, 6]]
    expected[:, [0, 2]] = expected[:, [0, 2]] * 1.1 - 0.05
    np.testing.assert_allclose(made, expected, atol=1e-6)


@pytest.mark.parametrize("softmax", [0, 1])
def test_region_of_alexeyab_is_turned_about(tmp_path, softmax):
    sections = conv(20) + f"[region];num=2;classes=5;softmax={softmax};anchors=1,2,3,4"
    model = converted(tmp_path, net(sections), header=ALEXEYAB)
    values = blobs_of(model, np.random.default_rng(0).random((1, 4, 12, 14), np.float32))
    turned = torch.from_numpy(values["conv_0"]).reshape(20, 12 * 14).T.reshape(-1, 2, 10).clone()
    turned[..., 4] = torch.sigmoid(turned[..., 4])
    if softmax:
        turned[..., 5:] = torch.softmax(turned[..., 5:], dim=-1)
    np.testing.assert_allclose(values["region_1"].reshape(-1, 2, 10), turned, atol=1e-6)


@pytest.mark.parametrize(("header", "noted"), [((0, 2, 0), False), ((0, 2, 5), True)])
def test_what_classfix_leaves_out_is_reported(tmp_path, header, noted):
    text = net(conv(16) + "[region];num=2;classes=3;softmax=1;classfix=-1;anchors=1,2,3,4")
    model = converted(tmp_path, text, header=header)
    assert any("classfix=-1" in note.text for note in model.net.notes if note.kind == "assumed") == noted
    assert model.heads[0].dialect == ("alexeyab" if noted else "darknet")


def test_region_with_a_tree_stays_the_map_before_it(tmp_path):
    (tmp_path / "some.tree").write_text("a -1\nb -1\nc 0\n")
    model = converted(tmp_path, net(conv(16) + "[region];num=2;classes=3;softmax=1;tree=some.tree;anchors=1,2,3,4"))
    assert model.net.outputs == ["conv_0"]
    assert model.heads[0].map.tree == (2, 1)
    assert any("tree of classes" in note.text for note in model.net.notes)


@pytest.mark.parametrize("ids", [3, 0])
def test_iseg(tmp_path, ids):
    """iseg_layer.c, forward_iseg_layer (it crashes in the library without a truth)."""
    model = converted(tmp_path, net(conv(2 + ids) + f"[iseg];classes=2;ids={ids}"))
    values = blobs_of(model, np.random.default_rng(0).random((1, 4, 12, 14), np.float32))
    expected = torch.from_numpy(values["conv_0"].copy())
    expected[:, :2] = torch.sigmoid(expected[:, :2])
    np.testing.assert_allclose(values["iseg_1"], expected, atol=1e-6)
