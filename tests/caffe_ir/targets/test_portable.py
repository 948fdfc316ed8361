from __future__ import annotations

from pathlib import Path

from caffe_ir.layers import AbsVal, Power, ReLU, Sigmoid
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.limits import AtMost
from caffe_ir.targets.portable import PORTABLE, jointly
from caffe_ir.targets.target import Target
from tests.caffe_ir.targets.hand_made import CASES, MEASURED, verdict

TOGETHER = ("opencv", "ncnn", "mnn", "openvino", "rknn2")


def test_what_all_engines_compute_is_portable_and_nothing_else(tmp_path: Path) -> None:
    cases = [name for name in CASES if verdict(name, CAFFE, tmp_path) == "ok"]
    right = [name for name in cases if all(MEASURED[name][reader] == "ok" for reader in TOGETHER)]
    assert [name for name in cases if verdict(name, PORTABLE, tmp_path) == "ok"] == right


def test_limits_add_up() -> None:
    limit = AtMost(field="power", most=2.0)
    first = Target(name="first", title="first", layers={ReLU: (), Power: (), AbsVal: ()})
    second = Target(name="second", title="second", layers={Sigmoid: (), ReLU: (), Power: (limit,)})
    both = jointly("both", "both", (first, second))
    assert both.layers == {ReLU: (), Power: (limit,)}
