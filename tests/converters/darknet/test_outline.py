"""A cfg without weights: the shapes that it has with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.darknet import convert
from converters.darknet.outline import outline
from tests.documents.models import yolov4_tiny
from tests.oracles.seeded_weights import ALEXEYAB, write_weights


def test_the_net_is_the_same_but_for_its_numbers(tmp_path: Path) -> None:
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    cfg.write_text("\n".join(yolov4_tiny()))
    net = outline(cfg)
    assert not weights.exists()
    write_weights(cfg, weights, seed=0, header=ALEXEYAB)
    whole = convert(cfg, weights).net
    assert net.dump() == whole.dump()
    assert not any(blob.load().any() for node in net.nodes for blob in node.blobs)


def test_all_problems_of_a_cfg(tmp_path: Path) -> None:
    cfg = tmp_path / "net.cfg"
    cfg.write_text("[net]\nwidth=8\nheight=8\nchannels=3\n[lstm]\n[maxpool]\nsize=99\nstride=1\npadding=0\n[nosuch]\n")
    with pytest.raises(ConversionError) as caught:
        outline(cfg)
    assert len(caught.value.problems) >= 2


def test_an_epsilon_that_is_none(tmp_path: Path) -> None:
    cfg = tmp_path / "net.cfg"
    cfg.write_text("\n".join(yolov4_tiny()))
    with pytest.raises(ConversionError, match="bn"):
        outline(cfg, bn="nonsense")
