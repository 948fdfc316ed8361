"""The hand-made nets: all that were measured are here, and what `check` cannot read it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.targets import TARGETS
from converters.caffe import check_file
from tests.caffe_ir.targets.hand_made import CASES, MEASURED, prototxt
from tests.caffe_ir.targets.hand_made_more import OTHERWISE_JUDGED, UNREAD


def test_each_net_that_was_measured_is_made_here_or_left_out_with_a_reason() -> None:
    assert len(MEASURED) == 346
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
