"""Which form is taken: the cheapest, the most portable among equals, the one that loses no digits."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.forms import Form
from caffe_ir.layers import AbsVal, Convolution, Mish, Parameter, Power, ReLU, ReLU6, Sigmoid, TanH
from caffe_ir.layers.source import MatrixProduct, Resize
from caffe_ir.passes import legalize
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.passes.legalize.choice import REFUSED, SELDOM, WRONG, Choice
from caffe_ir.passes.legalize.weighing import Weighing
from caffe_ir.passes.pipeline import lower
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CAFFE, NCNN
from caffe_ir.targets.limits import Never
from caffe_ir.targets.target import Target
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.legalize.trying import SHAPE, chain, forms_of, lowered, widespread
from tests.caffe_ir.passes.rewriting import ALONE, CONTEXT


def test_the_cheapest_form_is_taken(monkeypatch):
    forms_of(monkeypatch, Mish, long=chain(ReLU(), ReLU()), short=chain(TanH()), longer=chain(*[ReLU()] * 3))
    assert lowered(Mish(), shape=(1, 400, 160, 160)) == ["ReLU", "ReLU"]  # of a map, a TanH costs more than two ReLU
    assert lowered(Mish(), shape=(1, 4)) == ["TanH"]  # of four numbers, a layer does


def test_a_layer_that_is_slow_costs_many_times_its_work(monkeypatch):
    slow = Never(text="slow", where=lambda layer, bottoms: True, slow=True)
    target = Target(name="slow", title="slow", layers={**CAFFE.layers, ReLU: (slow,)})
    forms_of(monkeypatch, Mish, relu=chain(ReLU(), ReLU()), tanh=chain(TanH()))
    where = Context(target=target, options=Options())
    assert lowered(Mish(), where, shape=(1, 400, 160, 160)) == ["TanH"]


def test_among_equals_the_one_that_the_fewest_targets_get_wrong_is_taken(monkeypatch):
    clipped = Never(text="no TanH on maps", where=lambda layer, bottoms: len(bottoms[0]) == 4, silent=True)
    wrong = Target(name="wrong", title="wrong", layers={**CAFFE.layers, TanH: (clipped,)})
    widespread(monkeypatch, CAFFE, wrong)
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


def test_among_equals_a_layer_of_the_targets_own_is_taken_though_nobody_else_has_it(monkeypatch):
    own = Target(name="own", title="own", layers={**CAFFE.layers, ReLU6: ()})
    forms_of(monkeypatch, Mish, tanh=chain(TanH()), own=chain(ReLU6()), far=chain(*[ReLU6()] * 9))
    net = net_of((1, 4, 16, 16))
    rows = np.ones((512, 4, 9, 9))
    add(net, "large", Convolution(num_output=512, kernel_size=(9, 9), pad=(4, 4), bias_term=False), rows)
    add(net, "small", Mish(), bottoms=("data",))
    run_pass(LEGALIZE, net, Context(target=own, options=Options()))
    assert [node.layer.type_name() for node in net.nodes[2:]] == ["ReLU6"]
    assert lowered(Mish()) == ["TanH"]  # which Caffe has not


def test_a_layer_of_the_target_is_written_for_others_as_well_where_that_costs_little(monkeypatch):
    less = Target(name="less", title="less", layers={kind: () for kind in CAFFE.layers if kind is not AbsVal})
    widespread(monkeypatch, CAFFE, less, replace(CAFFE, name="other"))
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


def test_a_form_that_no_other_reader_computes_is_for_nobody_though_one_of_them_takes_it():
    one = Choice(
        form=Form(name="tanh", build=chain(TanH())),
        new=Replacement(net=net_of(SHAPE), old=net_of(SHAPE).nodes[0]),
        cost=1.0,
        breaks={"refuses": REFUSED, "mistakes": WRONG},
        loss=0.0,
    )
    weighing = Weighing(net=net_of(SHAPE), target=CAFFE, others=frozenset({"refuses", "mistakes"}))
    assert weighing._is_for_nobody(one)
    assert not weighing._is_for_nobody(replace(one, breaks={"refuses": REFUSED}))
    assert not weighing._is_for_nobody(replace(one, breaks={"refuses": REFUSED, "mistakes": SELDOM}))


def test_a_form_that_loses_digits_is_taken_only_where_there_is_no_other(monkeypatch):
    short = Form(name="short", build=chain(Power(shift=1e5)), loss=lambda layer: 6e-3)
    long = Form(name="long", build=chain(*[Sigmoid()] * 9))
    monkeypatch.setattr(legalize, "FORMS", {Mish: (short, long)})
    assert lowered(Mish()) == ["Sigmoid"] * 9
    monkeypatch.setattr(legalize, "FORMS", {Mish: (short,)})
    assert lowered(Mish()) == ["Power"]


def test_who_refuses_the_products_of_a_net_does_not_count_for_its_other_layers(monkeypatch):
    silently = Never(text="no TanH", where=lambda layer, bottoms: True, silent=True)
    layers = {kind: limits for kind, limits in CAFFE.layers.items() if kind is not Parameter}
    refusing = Target(name="refusing", title="refusing", layers={**layers, TanH: (silently,)})
    widespread(monkeypatch, CAFFE, refusing)
    forms_of(monkeypatch, Mish, tanh=chain(TanH()), sigmoid=chain(Sigmoid(), ReLU()))

    def types_of(layer, *bottoms):
        net = net_of((1, 64, 64))
        add(net, "first", layer, bottoms=bottoms)
        add(net, "small", Mish())
        run_pass(LEGALIZE, net, CONTEXT)
        return [node.layer.type_name() for node in net.nodes]

    assert types_of(MatrixProduct(), "data", "data")[-1] == "TanH"
    assert "Parameter" in types_of(MatrixProduct(), "data", "data")
    assert types_of(ReLU(), "data") == ["Input", "ReLU", "Sigmoid", "ReLU"]


def test_a_small_net_of_upsamplings_is_slower_rather_than_wrong_in_ncnn():
    """Nearly all of its cost is theirs: products of rows, which move the batch, take two thirds of what others take."""
    net = net_of((1, 3, 10, 10))
    add(net, "wider", Resize(mode="linear", axes=(3,), output_size=(20,)))
    add(net, "larger", Resize(mode="linear", axes=(2, 3), output_size=(20, 40), align_corners=True))
    layer = Convolution(num_output=3, kernel_size=(2, 1), stride=(2, 1), bias_term=False)
    add(net, "y", layer, np.ones((3, 3, 2, 1)))
    made = lower(net, CAFFE, Options())
    said = [NCNN.verdict(node.layer, made.shapes_of(node.bottoms), 1, (made, node)) for node in made.nodes]
    assert [one for one in said if one and one.is_fault] == []
