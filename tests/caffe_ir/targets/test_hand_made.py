"""The hand-made nets: all that were measured are here, and what `check` cannot read it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Reorg
from caffe_ir.targets import TARGETS
from converters.caffe import check_file
from tests.caffe_ir.targets.hand_made import CASES, MEASURED, prototxt
from tests.caffe_ir.targets.hand_made_more import OTHERWISE_JUDGED, UNREAD


def test_each_net_that_was_measured_is_made_here_or_left_out_with_a_reason() -> None:
    assert len(MEASURED) == 354
    parts = [set(CASES), set(UNREAD), OTHERWISE_JUDGED]
    assert set().union(*parts) == set(MEASURED)
    assert sum(map(len, parts)) == len(MEASURED)


@pytest.mark.parametrize("name", UNREAD)
def test_what_no_caffe_runs_falls_short_with_its_line(name: str, tmp_path: Path) -> None:
    """Caffe, its master and the SSD fork refused each when it was measured."""
    path = tmp_path / "net.prototxt"
    path.write_text(prototxt(UNREAD[name]), encoding="utf-8")
    targets = [TARGETS[target] for target in ("caffe", "caffe-master", "ssd", "opencv")]
    try:
        found = check_file(path, targets)
    except ConversionError as error:  # it has fields that no Caffe parses
        assert all(problem.origin and problem.origin.line for problem in error.problems)
    else:
        assert all(one.verdict.effect == "refused" and one.origin.line for each in found.values() for one in each)
        assert all(found.values())
    assert (MEASURED[name]["caffe-master"], MEASURED[name]["ssd"]) == ("-", "-")


def test_a_reorg_beside_another_order_of_the_cells_is_what_was_measured() -> None:
    """Of the same file, beside the cells of a square one after the other, each with all channels (TensorFlow's order):
    a reader with the type computes another order, as `check` says what it takes the type for."""
    (other,) = OTHERWISE_JUDGED
    x = np.arange(4.0 * 8 * 8).reshape(1, 4, 8, 8)
    truth = x.reshape(1, 4, 4, 2, 4, 2).transpose(0, 3, 5, 1, 2, 4).reshape(1, 16, 4, 4)
    for reader in ("ssd", "opencv", "ncnn", "mnn", "openvino", "rknn2", "caffe2onnx", "x2paddle"):
        kind = TARGETS[reader].meaning("Reorg") or Reorg
        if kind not in TARGETS[reader].layers:
            said = "-"
        else:
            (made,) = kind(stride=2).forward([x], [])
            said = "ok" if np.array_equal(made, truth) else "WRONG"
        assert said == MEASURED[other][reader], reader
