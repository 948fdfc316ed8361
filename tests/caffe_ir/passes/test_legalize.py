"""Which form is taken: the cheapest, the most portable among equals, the one that loses no digits."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from caffe_ir.forms import Form
from caffe_ir.layers import (
    AbsVal,
    Convolution,
    Deconvolution,
    Eltwise,
    Flatten,
    Mish,
    Power,
    ReLU,
    Reshape,
    Sigmoid,
    TanH,
)
from caffe_ir.layers.source import NearestUpsample
from caffe_ir.passes import legalize
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.targets import CAFFE
from caffe_ir.targets.limits import Never
from caffe_ir.targets.target import Target
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten

SHAPE = (1, 4, 16, 16)


def chain(*layers):
    def build(new):
        x = new.old.bottom
        for layer in layers:
            x = new.add("step", layer, x)
        return ""

    return build


def refusing(reason, new):
    return reason


def forms_of(monkeypatch, kind, **builds):
    forms = tuple(Form(name=name, build=build) for name, build in builds.items())
    monkeypatch.setattr(legalize, "FORMS", {**vars(legalize)["FORMS"], kind: forms})
    return forms


def without(*kinds):
    layers = {kind: limits for kind, limits in CAFFE.layers.items() if kind not in kinds}
    return Context(target=replace(CAFFE, name="less", layers=layers), options=Options())


def lowered(layer, context=CONTEXT, shape=SHAPE):
    net = net_of(shape)
    add(net, "y", layer)
    run_pass(LEGALIZE, net, context)
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_the_cheapest_form_is_taken(monkeypatch):
    forms_of(monkeypatch, Mish, long=chain(ReLU(), ReLU()), short=chain(TanH()), longer=chain(*[ReLU()] * 3))
    assert lowered(Mish(), shape=(1, 400, 160, 160)) == ["ReLU", "ReLU"]  # of a map, a TanH costs more than two ReLU
    assert lowered(Mish(), shape=(1, 4)) == ["TanH"]  # of four numbers, a layer does


def test_what_a_form_leaves_is_written_and_priced_in_its_own_form(monkeypatch):
    forms_of(monkeypatch, Mish, by_abs=chain(AbsVal(), AbsVal()), by_three=chain(ReLU(), ReLU(), ReLU()))
    forms_of(monkeypatch, AbsVal, by_relu=chain(ReLU(), ReLU()))
    assert lowered(Mish()) == ["AbsVal", "AbsVal"]
    assert lowered(Mish(), without(AbsVal)) == ["ReLU"] * 3
    forms_of(monkeypatch, Mish, by_abs=chain(AbsVal(), AbsVal()), by_five=chain(*[ReLU()] * 5))
    assert lowered(Mish(), without(AbsVal)) == ["ReLU"] * 4


def test_among_equals_the_one_that_the_fewest_targets_get_wrong_is_taken(monkeypatch):
    clipped = Never(text="no TanH on maps", where=lambda layer, bottoms: len(bottoms[0]) == 4, silent=True)
    wrong = Target(name="wrong", title="wrong", layers={**CAFFE.layers, TanH: (clipped,)})
    monkeypatch.setattr(legalize, "WIDESPREAD", (CAFFE, wrong))
    forms_of(monkeypatch, Mish, tanh=chain(TanH()), sigmoid=chain(Sigmoid(), ReLU()))
    net = net_of((1, 4, 16, 16))
    rows = np.ones((512, 4, 9, 9))
    add(net, "large", Convolution(num_output=512, kernel_size=(9, 9), pad=(4, 4), bias_term=False), rows)
    add(net, "small", Mish(), bottoms=("data",))
    run_pass(LEGALIZE, net, CONTEXT)
    assert [node.layer.type_name() for node in net.nodes[2:]] == ["Sigmoid", "ReLU"]
    assert lowered(Mish(), ALONE) == ["TanH"]  # where it is all of the net, cost decides
    assert lowered(Mish()) == ["Sigmoid", "ReLU"]  # unless the files are for the other target as well
    flat = net_of((1, 4))
    add(flat, "y", Mish())
    run_pass(LEGALIZE, flat, CONTEXT)
    assert [node.layer.type_name() for node in flat.nodes[1:]] == ["TanH"]  # which nobody gets wrong there


def test_a_layer_of_the_target_is_written_for_others_as_well_where_that_costs_little(monkeypatch):
    less = Target(name="less", title="less", layers={kind: () for kind in CAFFE.layers if kind is not AbsVal})
    monkeypatch.setattr(legalize, "WIDESPREAD", (CAFFE, less))
    forms_of(monkeypatch, AbsVal, by_relu=chain(ReLU(), ReLU()))
    assert lowered(AbsVal(), ALONE) == ["AbsVal"]
    assert lowered(AbsVal(), shape=(1, 4)) == ["AbsVal"]  # a layer more is half of so small a net
    net = net_of(SHAPE)
    add(
        net,
        "large",
        Convolution(num_output=99, kernel_size=(9, 9), pad=(4, 4), bias_term=False),
        np.ones((99, 4, 9, 9)),
    )
    add(net, "small", AbsVal(), bottoms=("data",))
    run_pass(LEGALIZE, net, CONTEXT)
    assert [node.layer.type_name() for node in net.nodes[2:]] == ["ReLU", "ReLU"]


def test_a_form_that_is_refused_is_not_computed_wrongly(monkeypatch):
    """Of two layers, one that a target refuses and one that it gets wrong: the file is refused."""
    lacking = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not AbsVal}
    wrong = (Never(text="no TanH", where=lambda layer, bottoms: True, silent=True),)
    less = Target(name="less", title="less", layers={**lacking, TanH: wrong})
    monkeypatch.setattr(legalize, "WIDESPREAD", (CAFFE, less))
    forms_of(monkeypatch, Mish, both=chain(TanH(), AbsVal()), neither=chain(Sigmoid(), ReLU(), ReLU()))
    assert lowered(Mish()) == ["TanH", "AbsVal"]  # a refusal is worth little
    forms_of(monkeypatch, Mish, both=chain(TanH(), ReLU()), neither=chain(Sigmoid(), ReLU(), ReLU()))
    assert lowered(Mish()) == ["Sigmoid", "ReLU", "ReLU"]


def test_of_old_converters_only_what_they_get_wrong_in_silence_counts(monkeypatch):
    lacking = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not AbsVal}
    wrong = (Never(text="no TanH", where=lambda layer, bottoms: True, silent=True),)
    old = Target(name="old", title="old", layers={**lacking, TanH: wrong})
    monkeypatch.setattr(legalize, "CONVERTERS", (old,))
    forms_of(monkeypatch, Mish, refused=chain(AbsVal()), computed=chain(ReLU(), ReLU()))
    assert lowered(Mish()) == ["AbsVal"]
    forms_of(monkeypatch, Mish, wrong=chain(TanH()), computed=chain(Sigmoid(), ReLU()))
    assert lowered(Mish()) == ["Sigmoid", "ReLU"]
    forms_of(monkeypatch, TanH, computed=chain(Sigmoid(), ReLU()))
    assert lowered(TanH()) == ["TanH"]  # for them no layer of Caffe is written otherwise


def test_a_form_may_hold_the_layer_that_it_writes_where_the_target_has_it(monkeypatch):
    less = Target(name="less", title="less", layers={kind: () for kind in CAFFE.layers if kind is not AbsVal})
    monkeypatch.setattr(legalize, "WIDESPREAD", (CAFFE, less))
    forms_of(monkeypatch, AbsVal, around=chain(ReLU(), AbsVal()))
    assert lowered(AbsVal()) == ["AbsVal"]


def test_what_a_form_leaves_is_written_as_it_was_priced(monkeypatch):
    """Not in a form that leads back to the layer, though that is cheaper: then another one should have been taken."""
    clipped = Never(text="no TanH on maps", where=lambda layer, bottoms: len(bottoms[0]) == 4, silent=True)
    wrong = Target(name="wrong", title="wrong", layers={**CAFFE.layers, TanH: (clipped,)})
    monkeypatch.setattr(legalize, "WIDESPREAD", (CAFFE, wrong))
    forms_of(monkeypatch, Mish, direct=chain(TanH()), through=chain(AbsVal()))
    forms_of(monkeypatch, AbsVal, plain=chain(ReLU(), ReLU()), around=chain(Mish()))
    net = net_of(SHAPE)
    rows = np.ones((512, 4, 9, 9))
    add(net, "large", Convolution(num_output=512, kernel_size=(9, 9), pad=(4, 4), bias_term=False), rows)
    add(net, "small", Mish(), bottoms=("data",))
    run_pass(LEGALIZE, net, without(AbsVal))
    assert [node.layer.type_name() for node in net.nodes[2:]] == ["ReLU", "ReLU"]


def test_the_blobs_of_a_form_are_other_ones_than_those_of_the_form_that_it_is_part_of(monkeypatch):
    seen = []

    def inner(new):
        view = new.add("step", Reshape(shape=(0, 4, 16, 16)), new.old.bottom)
        seen.append(new.shape_of(view))
        new.add("step", ReLU(), view)
        return ""

    forms_of(monkeypatch, Mish, flat=chain(Flatten(), AbsVal(), Reshape(shape=SHAPE)), long=chain(*[ReLU()] * 9))
    forms_of(monkeypatch, AbsVal, inner=inner)
    lowered(Mish(), without(AbsVal))
    assert set(seen) == {SHAPE}


def test_a_form_that_loses_digits_is_taken_only_where_there_is_no_other(monkeypatch):
    short = Form(name="short", build=chain(Power(shift=1e5)), loss=lambda layer: 6e-3)
    long = Form(name="long", build=chain(*[Sigmoid()] * 9))
    monkeypatch.setattr(legalize, "FORMS", {Mish: (short, long)})
    assert lowered(Mish()) == ["Sigmoid"] * 9
    monkeypatch.setattr(legalize, "FORMS", {Mish: (short,)})
    assert lowered(Mish()) == ["Power"]


def test_every_reason_is_given_where_no_form_will_do(monkeypatch):
    forms_of(
        monkeypatch,
        Mish,
        first=partial(refusing, "too wide"),
        second=chain(Deconvolution(num_output=3, kernel_size=(1, 1), group=3)),
    )
    net = net_of(SHAPE)
    add(net, "y", Mish())
    add(net, "z", Mish())
    with pytest.raises(ConversionError) as caught:
        run_pass(LEGALIZE, net, CONTEXT)
    assert [str(problem.origin) for problem in caught.value.problems] == ["tiny.cfg:1", "tiny.cfg:2"]
    why = caught.value.problems[0].why
    assert "first: too wide" in why
    assert "second: 4 channels do not divide into 3 groups" in why


def test_forms_that_lead_back_to_the_layer_are_no_way(monkeypatch):
    forms_of(monkeypatch, Mish, circle=chain(Mish()), way=chain(Sigmoid()))
    assert lowered(Mish()) == ["Sigmoid"]
    forms_of(monkeypatch, Mish, circle=chain(Mish()), round_about=chain(AbsVal()))
    forms_of(monkeypatch, AbsVal, back=chain(Mish()), other=chain(Mish(), ReLU()))
    with pytest.raises(ConversionError, match="it leads back to Mish"):
        lowered(Mish(), without(AbsVal))


def test_what_the_target_holds_is_left_alone_and_nothing_is_done_twice():
    net = net_of(SHAPE)
    add(net, "up", NearestUpsample(scale=(2, 2)))
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("up", "up"))
    after = rewritten(net, LEGALIZE)
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["Deconvolution", "Eltwise"]
    assert [note.text for note in after.notes] == ["NearestUpsample(scale=(2, 2)) -> Deconvolution of ones"]
    holding = replace(CAFFE, layers={**CAFFE.layers, NearestUpsample: ()}, for_others=False)
    kept = rewritten(net, LEGALIZE, context=Context(target=holding, options=Options()))
    assert kept.dump() == net.dump()
