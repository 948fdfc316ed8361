from __future__ import annotations

from caffe_ir.layers import BNLL, ELU, AbsVal, Crop, Exp, Power, PReLU, Split, TanH, Tile
from caffe_ir.targets.rknn1 import ACUITY, RKNN1
from tests.caffe_ir.targets.rules import broken

MAP = (1, 4, 8, 8)


def test_the_rules_of_its_documents() -> None:
    rules = [
        (Power(), (MAP,), "refused"),
        (Exp(), (MAP,), "refused"),
        (ELU(), (MAP,), "refused"),
        (BNLL(), (MAP,), "refused"),
        (Crop(), (MAP, MAP), "refused"),
        (Tile(tiles=2), (MAP,), "refused"),
        (AbsVal(), (MAP,), "ok"),
        (PReLU(), (MAP,), "ok"),
        (Split(), (MAP,), "ok"),
        (TanH(), (MAP,), "ok"),
    ]
    assert broken(ACUITY, rules) == []


def test_acuity_has_the_same_layers_and_says_that_this_is_second_hand() -> None:
    assert ACUITY.layers == RKNN1.layers
    assert ACUITY.evidence == "document"
    assert "no public list" in ACUITY.source
    assert "layers" not in RKNN1.old_forms
