"""How forms are tried: what they leave is written in forms again, and every reason is given."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.cost import Work
from caffe_ir.errors import ConversionError
from caffe_ir.forms import Form
from caffe_ir.layers import (
    BNLL,
    AbsVal,
    Convolution,
    Deconvolution,
    Eltwise,
    Exp,
    Flatten,
    Log,
    Mish,
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
from tests.caffe_ir.passes.legalize.trying import (
    SHAPE,
    chain,
    forms_of,
    lowered,
    no_compilers,
    refusing,
    widespread,
    without,
)
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT, rewritten


def never_built(new):
    raise AssertionError("it was built")


@pytest.mark.parametrize("order", [1, -1])
def test_a_form_that_costs_more_at_least_is_not_built(monkeypatch, order):
    dear = Form(name="dear", build=never_built, least=lambda new: Work(layers=50.0))
    cheap = Form(name="cheap", build=chain(TanH()))
    monkeypatch.setattr(legalize, "FORMS", {**vars(legalize)["FORMS"], Mish: (dear, cheap)[::order]})
    assert lowered(Mish(), shape=(1, 4)) == ["TanH"]


def test_a_form_that_may_cost_less_is_built_whatever_its_place(monkeypatch):
    two, one, three = (Form(name=f"{count}", build=chain(*[ReLU()] * count)) for count in (2, 1, 3))
    one = replace(one, least=lambda new: Work(layers=0.5))
    monkeypatch.setattr(legalize, "FORMS", {**vars(legalize)["FORMS"], Mish: (two, one, three)})
    assert lowered(Mish(), shape=(1, 4)) == ["ReLU"]


def test_what_a_form_leaves_is_written_and_priced_in_its_own_form(monkeypatch):
    no_compilers(monkeypatch)
    forms_of(monkeypatch, Mish, by_abs=chain(AbsVal(), AbsVal()), by_three=chain(ReLU(), ReLU(), ReLU()))
    forms_of(monkeypatch, AbsVal, by_relu=chain(ReLU(), ReLU()))
    assert lowered(Mish()) == ["AbsVal", "AbsVal"]
    assert lowered(Mish(), without(AbsVal)) == ["ReLU"] * 3
    forms_of(monkeypatch, Mish, by_abs=chain(AbsVal(), AbsVal()), by_five=chain(*[ReLU()] * 5))
    assert lowered(Mish(), without(AbsVal)) == ["ReLU"] * 4


def test_a_form_may_hold_the_layer_that_it_writes_where_the_target_has_it(monkeypatch):
    less = Target(name="less", title="less", layers={kind: () for kind in CAFFE.layers if kind is not AbsVal})
    widespread(monkeypatch, CAFFE, less)
    forms_of(monkeypatch, AbsVal, around=chain(ReLU(), AbsVal()))
    assert lowered(AbsVal()) == ["AbsVal"]


def test_what_a_form_leaves_is_written_as_it_was_priced(monkeypatch):
    """Not in a form that leads back to the layer, though that is cheaper: then another one should have been taken."""
    clipped = Never(text="no TanH on maps", where=lambda layer, bottoms: len(bottoms[0]) == 4, silent=True)
    wrong = Target(name="wrong", title="wrong", layers={**CAFFE.layers, TanH: (clipped,)})
    widespread(monkeypatch, CAFFE, wrong)
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


def test_of_a_layer_of_caffe_the_targets_reason_is_given_as_well(monkeypatch):
    """What no form writes, what one form writes with what the target lacks too, and what another one is not for."""
    forms_of(monkeypatch, Exp, through=chain(BNLL()), narrow=partial(refusing, "it is not a multiple"))
    with pytest.raises(ConversionError) as caught:
        lowered(Exp(), without(Exp, BNLL))
    assert caught.value.problems[0].why == (
        "BVLC Caffe 1.0 has no layer Exp; other ways to write it: through: BVLC Caffe 1.0 has no layer BNLL; "
        "narrow: it is not a multiple"
    )
    monkeypatch.setattr(legalize, "FORMS", {Exp: ()})
    with pytest.raises(ConversionError) as caught:
        lowered(Exp(), without(Exp))
    assert caught.value.problems[0].why == "BVLC Caffe 1.0 has no layer Exp"


def test_of_the_parts_of_a_form_the_targets_reason_alone_is_given(monkeypatch):
    """The forms of forms fill pages, and say nothing that a user can act upon."""
    parts = {"one": chain(BNLL()), "other": partial(refusing, "it is not a multiple")}
    tried = {name: Form(name=name, build=build) for name, build in parts.items()}
    forms = {Exp: (Form(name="through", build=chain(Log())), tried["other"]), Log: tuple(tried.values())}
    monkeypatch.setattr(legalize, "FORMS", forms)
    with pytest.raises(ConversionError) as caught:
        lowered(Exp(), without(Exp, BNLL, Log))
    assert caught.value.problems[0].why == (
        "BVLC Caffe 1.0 has no layer Exp; other ways to write it: through: y_step (Log()) cannot be written for "
        "BVLC Caffe 1.0 (BVLC Caffe 1.0 has no layer Log); other: it is not a multiple"
    )


def test_forms_that_lead_back_to_the_layer_are_no_way(monkeypatch):
    forms_of(monkeypatch, Mish, circle=chain(Mish()), way=chain(Sigmoid()))
    assert lowered(Mish()) == ["Sigmoid"]
    forms_of(monkeypatch, Mish, circle=chain(Mish()), round_about=chain(AbsVal()))
    forms_of(monkeypatch, AbsVal, back=chain(Mish()), other=chain(Mish(), ReLU()))
    with pytest.raises(ConversionError, match="it would be written with Mish again"):
        lowered(Mish(), without(AbsVal))


def test_what_the_target_holds_is_left_alone_and_nothing_is_done_twice():
    net = net_of(SHAPE)
    add(net, "up", NearestUpsample(scale=(2, 2)))
    add(net, "sum", Eltwise(operation="SUM"), bottoms=("up", "up"))
    after = rewritten(net, LEGALIZE, context=ALONE)
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["Deconvolution", "Eltwise"]
    assert [note.text for note in after.notes] == ["NearestUpsample(scale=(2, 2)) -> Deconvolution of ones"]
    holding = replace(CAFFE, layers={**CAFFE.layers, NearestUpsample: ()}, for_others=False)
    kept = rewritten(net, LEGALIZE, context=Context(target=holding, options=Options()))
    assert kept.dump() == net.dump()


def counted(builds, name, build, **fields):
    def counting(new):
        builds.append(name)
        return build(new)

    return Form(name=name, build=counting, **fields)


def three_alike(monkeypatch, *forms):
    """What is built for three layers, of which the last has another size."""
    monkeypatch.setattr(legalize, "FORMS", {**vars(legalize)["FORMS"], Mish: forms})
    net = net_of(SHAPE)
    add(net, "first", Mish())
    add(net, "second", Mish())
    add(net, "flat", Flatten())
    add(net, "third", Mish())
    run_pass(LEGALIZE, net, CONTEXT)
    return [node.layer.type_name() for node in net.nodes[1:]]


def test_a_layer_like_one_before_is_built_in_the_form_that_was_taken_and_in_no_other(monkeypatch):
    builds = list[str]()
    long = counted(builds, "long", chain(*[Sigmoid()] * 3))
    short = counted(builds, "short", chain(TanH()))
    assert three_alike(monkeypatch, long, short) == ["TanH", "TanH", "Flatten", "TanH"]
    assert builds == ["long", "short", "short", "long", "short"]


def test_a_part_of_a_form_is_built_once_to_know_its_price(monkeypatch):
    builds = list[str]()
    forms_of(monkeypatch, Mish, twice=chain(AbsVal(), AbsVal()), long=chain(*[ReLU()] * 9))
    parts = counted(builds, "parts", chain(ReLU(), ReLU())), counted(builds, "more", chain(*[ReLU()] * 3))
    monkeypatch.setattr(legalize, "FORMS", {**vars(legalize)["FORMS"], AbsVal: parts})
    assert lowered(Mish(), without(AbsVal)) == ["ReLU"] * 4
    priced, first, output = ["parts", "more"], ["parts"], ["parts", "more"]  # of what the net gives a form may see that
    assert builds == priced + first + output


def test_a_form_that_sees_its_neighbours_is_tried_for_every_layer(monkeypatch):
    builds = list[str]()

    def behind_a_tanh(new):
        if not isinstance(new.net.producer(new.old.bottom).layer, TanH):
            return "no TanH is before it"
        return chain(ReLU())(new)

    seeing = counted(builds, "seeing", behind_a_tanh, sees_neighbours=True)
    assert three_alike(monkeypatch, counted(builds, "long", chain(Sigmoid(), TanH())), seeing) == [
        *("Sigmoid", "TanH"),
        *("ReLU", "Flatten"),
        *("Sigmoid", "TanH"),
    ]
