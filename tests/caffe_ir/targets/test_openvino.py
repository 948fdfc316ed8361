"""What `check` says of the hand-made nets is what the reader did with them."""

from __future__ import annotations

from pathlib import Path

from caffe_ir.layers import LRN
from caffe_ir.targets.openvino import OPENVINO
from tests.caffe_ir.targets.hand_made import differences


def test_check_says_what_was_measured(tmp_path: Path) -> None:
    assert differences("openvino", OPENVINO, tmp_path) == {}


def test_a_constant_within_channels_is_added() -> None:
    """Trial of an LRN within channels, local_size: 1 alpha: 0.5 beta: 1, with k: 0.5 and without it."""
    layers = [LRN(local_size=1, k=k, norm_region="WITHIN_CHANNEL") for k in (1.0, 0.5)]
    assert [OPENVINO.holds(layer, ((1, 4, 8, 8),)) for layer in layers] == [True, False]
