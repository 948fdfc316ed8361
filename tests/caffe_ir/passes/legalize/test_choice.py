"""Whom a form breaks, of what each of its layers breaks."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.layers import AbsVal, Input, Mish, Pooling, ReLU, Sigmoid, TanH
from caffe_ir.passes import legalize
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE, choice
from caffe_ir.targets import CAFFE, COMPILERS
from caffe_ir.targets.limits import Never
from caffe_ir.targets.target import Target
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.legalize.trying import SHAPE, chain, forms_of, lowered, no_compilers, widespread
from tests.caffe_ir.passes.rewriting import CONTEXT, rewritten


def test_a_form_that_is_refused_is_not_computed_wrongly(monkeypatch):
    """Of two layers, one that a target refuses and one that it gets wrong: the file is refused."""
    lacking = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not AbsVal}
    wrong = (Never(text="no TanH", where=lambda layer, bottoms: True, silent=True),)
    less = Target(name="less", title="less", layers={**lacking, TanH: wrong})
    widespread(monkeypatch, CAFFE, less, replace(CAFFE, name="other"))
    forms_of(monkeypatch, Mish, both=chain(TanH(), AbsVal()), neither=chain(Sigmoid(), ReLU(), ReLU()))
    assert lowered(Mish()) == ["TanH", "AbsVal"]  # a refusal is worth little
    forms_of(monkeypatch, Mish, both=chain(TanH(), ReLU()), neither=chain(Sigmoid(), ReLU(), ReLU()))
    assert lowered(Mish()) == ["Sigmoid", "ReLU", "ReLU"]


def test_what_all_others_refuse_counts_as_what_they_get_wrong(monkeypatch):
    """The files would be for the target alone."""
    lacking = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not AbsVal}
    less = [Target(name=name, title=name, layers=lacking) for name in ("one", "other")]
    forms_of(monkeypatch, Mish, refused=chain(AbsVal()), computed=chain(ReLU(), ReLU()))
    widespread(monkeypatch, CAFFE, *less)
    assert lowered(Mish()) == ["ReLU", "ReLU"]
    widespread(monkeypatch, CAFFE, *less, replace(CAFFE, name="third"))
    assert lowered(Mish()) == ["AbsVal"]


def test_of_old_converters_only_what_they_get_wrong_in_silence_counts(monkeypatch):
    no_compilers(monkeypatch)
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
    no_compilers(monkeypatch)
    old = Target(name="old", title="old", layers={kind: CAFFE.layers[kind] for kind in (Input, ReLU, TanH)})
    for module in (choice, legalize):
        monkeypatch.setattr(module, "CONVERTERS", (old,))
    context = Context(target=replace(CAFFE, name="all", for_converters=True), options=Options())
    forms_of(monkeypatch, Mish, refused=chain(AbsVal()), computed=chain(ReLU(), ReLU()))
    assert lowered(Mish()) == ["AbsVal"]
    for where, types in ((CONTEXT, ["AbsVal"]), (context, ["ReLU", "ReLU"])):  # though these take twice the time
        net = net_of(SHAPE)
        add(net, "first", ReLU())
        add(net, "y", Mish())
        run_pass(LEGALIZE, net, where)
        assert [node.layer.type_name() for node in net.nodes[2:]] == types
    forms_of(monkeypatch, Mish, refused=chain(AbsVal()), computed=chain(ReLU()))
    assert lowered(Mish()) == lowered(Mish(), context) == ["ReLU"]
    forms_of(monkeypatch, TanH, plain=chain(ReLU()))
    assert lowered(TanH(), context) == ["TanH"]
    net = net_of(SHAPE)
    add(net, "lost", Sigmoid())
    add(net, "y", Mish())
    run_pass(LEGALIZE, net, context)
    assert [node.layer.type_name() for node in net.nodes[1:]] == ["Sigmoid", "AbsVal"]


def test_a_layer_that_a_compiler_gets_wrong_in_silence_is_written_otherwise(monkeypatch):
    """What it refuses stays: there its own target is asked for."""
    lacking = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not AbsVal}
    wrong = (Never(text="no TanH", where=lambda layer, bottoms: True, silent=True),)
    chip = Target(name="chip", title="chip", layers={**lacking, TanH: wrong})
    for module in (choice, legalize):
        monkeypatch.setattr(module, "COMPILERS", (chip,))
    forms_of(monkeypatch, AbsVal, computed=chain(Sigmoid()))
    assert lowered(AbsVal()) == ["AbsVal"]
    forms_of(monkeypatch, TanH, computed=chain(Sigmoid()))
    assert lowered(TanH()) == ["Sigmoid"]
    assert lowered(TanH(), Context(target=replace(CAFFE, for_others=False), options=Options())) == ["TanH"]


@pytest.mark.parametrize(
    ("size", "kernel", "written"),
    [(8, 13, [5, 5, 5]), (8, 9, [5, 5]), (4, 5, [3, 3]), (13, 13, [5, 5, 5]), (14, 13, [13]), (8, 5, [5])],
)
def test_maxima_over_windows_larger_than_the_map(size, kernel, written):
    """RKNN-Toolkit2 takes the maximum of the whole map, TPU-MLIR does for a window as large as it."""
    net = net_of((1, 16, size, size))
    add(net, "y", Pooling(pool="MAX", kernel_size=(kernel, kernel), pad=(kernel // 2, kernel // 2)))
    after = rewritten(net, LEGALIZE)
    layers = [node.layer for node in after.nodes[1:]]
    assert [layer.kernel_size[0] for layer in layers if isinstance(layer, Pooling)] == written
    assert len(layers) == len(written)
    assert not [verdict for one in COMPILERS for _, verdict in one.verdicts(after) if verdict.silent]
