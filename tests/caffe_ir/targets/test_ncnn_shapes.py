"""What ncnn was measured to do is in hand_made_ncnn.py; here is where a view helps, and what a fault leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from caffe_ir.net import Net
from caffe_ir.targets.ncnn_shapes import faults, views_needed
from converters.caffe import convert
from tests.caffe_ir.targets.hand_made import prototxt
from tests.caffe_ir.targets.hand_made_ncnn import OF_SIX, SIX


def read(text: str, folder: Path) -> Net:
    (folder / "net.prototxt").write_text(prototxt(text), encoding="utf-8")
    return convert(folder / "net.prototxt")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SIX + "y = Softmax v | axis: 3", {"y": "wrong"}),
        (SIX + "y = Softmax v", {}),
        # What stands behind a fault is asked for itself.
        (SIX + "y = Softmax v | axis: 3\nz = Softmax y | axis: 2", {"y": "wrong"}),
        (SIX + "y = Convolution v | num_output: 6 kernel_size: 3 pad: 1\nz = Softmax y | axis: 2", {"y": "refused"}),
    ],
)
def test_faults(text: str, found: Mapping[str, str], tmp_path: Path) -> None:
    assert faults(read(text, tmp_path)) == found


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (SIX + "y = Softmax v | axis: 3", (0,)),
        (OF_SIX + "y = Concat m v", (1,)),
        (OF_SIX + "y = Concat v m v", (0, 2)),
        (SIX + "y = Softmax v", ()),
    ],
)
def test_views_stand_in_front_of_what_has_fewer_axes(text: str, places: tuple[int, ...], tmp_path: Path) -> None:
    net = read(text, tmp_path)
    assert views_needed(net, net.node("y")) == places
