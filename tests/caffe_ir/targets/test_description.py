from __future__ import annotations

import json

import pytest

from caffe_ir.layers import Power, ReLU
from caffe_ir.targets import TARGETS
from caffe_ir.targets.description import EVIDENCE, described, lacks
from caffe_ir.targets.limits import AtMost, Never
from caffe_ir.targets.target import Target


def test_layers_stand_with_their_limits_and_where_these_are_from() -> None:
    limit = AtMost(field="power", most=2.0, source="the manual, 3.4", evidence="document")
    found = described(Target(name="chip", title="a chip", layers={ReLU: (), Power: (limit,)}, engine="mnn"))
    assert found["layers"] == {
        "Power": [
            {"limit": "power above 2.0", "effect": "refused", "evidence": "document", "source": "the manual, 3.4"}
        ],
        "ReLU": [],
    }
    assert "Sigmoid" in found["lacks"]
    assert "ReLU" not in found["lacks"]


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_every_target_can_be_written_as_json_and_says_how_it_is_known(target: Target) -> None:
    assert json.loads(json.dumps(described(target))) == described(target)
    assert target.evidence in EVIDENCE
    assert target.source
    assert all(limit["source"] for limits in described(target)["layers"].values() for limit in limits)
    assert not set(lacks(target)) & set(described(target)["layers"])


def test_what_is_not_read_of_weights_stands_by_itself() -> None:
    found = {name: {one["limit"]: one["effect"] for one in described(TARGETS[name])["weights"]} for name in TARGETS}
    assert found["mnn"]["double_data"] == "refused"
    assert found["x2paddle"]["the file has no weights for the layer"] == "wrong"
    assert found["rknn2"]["HDF5"] == "wrong"
    assert "HDF5" not in found["caffe"]
    assert "the old form, `layers`" in found["ncnn"]


def test_a_limit_of_every_layer_stands_once_and_holds_for_each() -> None:
    limit = Never(text="a map of more than 4 rows", where=lambda layer, bottoms: bottoms[0][2] > 4, source="3.5")
    target = Target(name="chip", title="a chip", layers={ReLU: (), Power: ()}, every=(limit,))
    found = described(target)
    assert found["layers"] == {"Power": [], "ReLU": []}
    assert [one["limit"] for one in found["net"]].count("a map of more than 4 rows") == 1
    for layer in (ReLU(), Power()):
        assert target.holds(layer, ((1, 3, 4, 9),))
        assert not target.holds(layer, ((1, 3, 5, 9),))
