from __future__ import annotations

from caffe_ir.forms.chain import SQUARED, TIMES_X, chained
from caffe_ir.layers import AbsVal, Power, TanH
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of


def test_each_step_reads_the_one_before_and_products_read_x_or_the_step_twice():
    net = net_of((1, 2))
    new = Replacement(net=net, old=add(net, "y", AbsVal()))
    form = chained("odd", lambda layer: (TanH(), SQUARED, TIMES_X, Power(scale=2.0)))
    assert form.build(new) == ""
    assert [(node.name, node.bottoms) for node in new.nodes] == [
        ("y_tanh", ("data",)),
        ("y_square", ("y_tanh", "y_tanh")),
        ("y_product", ("y_square", "data")),
        ("y_power", ("y_product",)),
    ]
    assert [note.text for note in new.notes] == ["AbsVal() -> TanH, squared, times x, Power"]


def test_a_chain_that_does_not_apply_says_so():
    net = net_of((1, 2))
    reason = chained("never", lambda layer: None).build(Replacement(net=net, old=add(net, "y", AbsVal())))
    assert reason == "it is not a way to write AbsVal()"
