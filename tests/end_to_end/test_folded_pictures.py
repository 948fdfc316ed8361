"""The bytes of a JPEG give what the prepared picture gives, in twenty nets; `scripts/folding` prints how nearly."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
from tests.end_to_end.folding import KINDS, Order, moved

QUICK = ("dk_yolov3_tiny", "resnet", "mobilenet_v2", "unet_bilinear")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in KINDS]
)
@pytest.mark.parametrize("input_is", ["u8-bgr", "u8-rgb"])
def test_the_bytes_of_a_jpeg_give_the_same(name: str, input_is: Order, tmp_path: Path) -> None:
    found = moved(name, input_is, tmp_path)
    assert found.same, found
