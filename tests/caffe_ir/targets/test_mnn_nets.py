"""What MNN was measured to do with the hand-made nets is what these limits say."""

from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.targets.limits import NetLimit
from caffe_ir.targets.mnn_nets import NETS
from converters.caffe import convert
from tests.caffe_ir.targets.hand_made import TEXTS, cases_of, prototxt

MEASURED = cases_of("mnn")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """By the text of each limit, the nets that break it."""
    path: Path = tmp_path_factory.mktemp("nets") / "net.prototxt"
    broken: dict[str, set[str]] = {limit.text: set() for limit in NETS}
    for name in MEASURED:
        path.write_text(prototxt(TEXTS[name]), encoding="utf-8")
        net = convert(path)
        for limit in NETS:
            if list(limit.where(net)):
                broken[limit.text].add(name)
    return broken


@pytest.mark.parametrize("limit", NETS, ids=lambda limit: limit.text)
def test_a_limit_is_broken_by_nets_that_mnn_does_not_compute_alone(limit: NetLimit, found: dict[str, set[str]]) -> None:
    assert {MEASURED[name] for name in found[limit.text]} - {"-"} == ({"WRONG"} if limit.silent else set())
