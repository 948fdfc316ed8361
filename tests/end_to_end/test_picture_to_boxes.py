"""From a picture to boxes: the Caffe files in OpenCV, prepared and decoded by us, and Darknet's own program.

The nets are Darknet's with fewer filters on a smaller input; `scripts/boxes` compares them as they are.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.passes.base import Head
from tests.converters.decode.written_decoders import LANGUAGES, decoder
from tests.end_to_end.darknet_boxes import Net, compared, pictures
from tests.oracles.darknet import SHARE, needs_darknet
from tests.oracles.shrink_cfg import shrink

pytestmark = needs_darknet
NETS = ("yolov1-tiny", "yolov2-voc", "yolov2-tiny", "yolov3", "yolov3-tiny")


@pytest.mark.parametrize(
    ("name", "head"), [*((name, "raw") for name in NETS), ("yolov2-tiny", "activated"), ("yolov3-tiny", "activated")]
)
def test_the_boxes_are_darknets(name: str, head: Head, tmp_path: Path) -> None:
    net = Net(tmp_path, shrink((SHARE / "cfg" / f"{name}.cfg").read_text()), head=head)
    found = compared(net, pictures(tmp_path, 3))
    assert found.same, found
    assert found.ours > 60


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["yolov1-tiny", "yolov2-tiny", "yolov3-tiny"])
def test_the_boxes_of_the_written_decoders_are_darknets(name: str, language: str, tmp_path: Path) -> None:
    net = Net(tmp_path, shrink((SHARE / "cfg" / f"{name}.cfg").read_text()))
    found = compared(net, pictures(tmp_path, 3), decode=decoder(language, tmp_path, net.facts))
    assert found.same, found
    assert found.ours > 60


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_the_boxes_of_fifty_pictures_are_darknets(name: str, tmp_path: Path) -> None:
    net = Net(tmp_path, shrink((SHARE / "cfg" / f"{name}.cfg").read_text(), width=1 / 4))
    found = compared(net, pictures(tmp_path, 50))
    assert found.same, found
    assert found.ours > 1000
