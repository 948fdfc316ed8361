from __future__ import annotations

from caffe_ir.errors import Origin
from caffe_ir.targets.target import Verdict
from converters.caffe import Shortfall


def test_what_nothing_is_known_to_help_has_no_rewrite() -> None:
    verdict = Verdict(why="no layer Mish", effect="refused")
    found = Shortfall(layer="m", type_name="Mish", origin=Origin(layer="m", line=3), verdict=verdict, rewrite="")
    assert not found.rewrite
    assert not found.hindrance
