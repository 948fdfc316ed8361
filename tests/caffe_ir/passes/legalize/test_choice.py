"""Whom a form breaks, of what each of its layers breaks."""

from __future__ import annotations

from caffe_ir.layers import AbsVal, Mish, ReLU, Sigmoid, TanH
from caffe_ir.passes.legalize import choice
from caffe_ir.targets import CAFFE
from caffe_ir.targets.limits import Never
from caffe_ir.targets.target import Target
from tests.caffe_ir.passes.legalize.trying import chain, forms_of, lowered, widespread


def test_a_form_that_is_refused_is_not_computed_wrongly(monkeypatch):
    """Of two layers, one that a target refuses and one that it gets wrong: the file is refused."""
    lacking = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not AbsVal}
    wrong = (Never(text="no TanH", where=lambda layer, bottoms: True, silent=True),)
    less = Target(name="less", title="less", layers={**lacking, TanH: wrong})
    widespread(monkeypatch, CAFFE, less)
    forms_of(monkeypatch, Mish, both=chain(TanH(), AbsVal()), neither=chain(Sigmoid(), ReLU(), ReLU()))
    assert lowered(Mish()) == ["TanH", "AbsVal"]  # a refusal is worth little
    forms_of(monkeypatch, Mish, both=chain(TanH(), ReLU()), neither=chain(Sigmoid(), ReLU(), ReLU()))
    assert lowered(Mish()) == ["Sigmoid", "ReLU", "ReLU"]


def test_of_old_converters_only_what_they_get_wrong_in_silence_counts(monkeypatch):
    lacking = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not AbsVal}
    wrong = (Never(text="no TanH", where=lambda layer, bottoms: True, silent=True),)
    old = Target(name="old", title="old", layers={**lacking, TanH: wrong})
    monkeypatch.setattr(choice, "CONVERTERS", (old,))
    forms_of(monkeypatch, Mish, refused=chain(AbsVal()), computed=chain(ReLU(), ReLU()))
    assert lowered(Mish()) == ["AbsVal"]
    forms_of(monkeypatch, Mish, wrong=chain(TanH()), computed=chain(Sigmoid(), ReLU()))
    assert lowered(Mish()) == ["Sigmoid", "ReLU"]
    forms_of(monkeypatch, TanH, computed=chain(Sigmoid(), ReLU()))
    assert lowered(TanH()) == ["TanH"]  # for them no layer of Caffe is written otherwise
