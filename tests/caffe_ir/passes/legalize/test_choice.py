"""Whom a form breaks, of what each of its layers breaks."""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layers import AbsVal, Input, Mish, ReLU, Sigmoid, TanH
from caffe_ir.passes import legalize
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE, choice
from caffe_ir.targets import CAFFE
from caffe_ir.targets.limits import Never
from caffe_ir.targets.target import Target
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.legalize.trying import SHAPE, chain, forms_of, lowered, widespread


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


def test_in_files_for_old_converters_too_what_they_refuse_counts(monkeypatch):
    """Unless one refuses another layer of the net in whatever form: then it refuses the net, and nothing counts."""
    old = Target(name="old", title="old", layers={kind: CAFFE.layers[kind] for kind in (Input, ReLU, TanH)})
    for module in (choice, legalize):
        monkeypatch.setattr(module, "CONVERTERS", (old,))
    context = Context(target=replace(CAFFE, name="all", for_converters=True), options=Options())
    forms_of(monkeypatch, Mish, refused=chain(AbsVal()), computed=chain(ReLU()))
    assert lowered(Mish()) == ["AbsVal"]
    assert lowered(Mish(), context) == ["ReLU"]
    forms_of(monkeypatch, TanH, plain=chain(ReLU()))
    assert lowered(TanH(), context) == ["TanH"]
    net = net_of(SHAPE)
    add(net, "lost", Sigmoid())
    add(net, "y", Mish())
    run_pass(LEGALIZE, net, context)
    assert [node.layer.type_name() for node in net.nodes[1:]] == ["Sigmoid", "AbsVal"]
