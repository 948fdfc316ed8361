from __future__ import annotations

from caffe_ir.forms.form import Form, exact
from caffe_ir.layers import ReLU
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of


def test_a_form_adds_nodes_or_says_why_not() -> None:
    net = net_of((1, 3))
    old = add(net, "y", ReLU())

    def once(new: Replacement) -> str:
        if new.shape_of(new.old.bottom) != (1, 3):
            return "it is for three numbers"
        new.add("again", ReLU(), new.old.bottom)
        return ""

    form = Form(name="another ReLU", build=once)
    new = Replacement(net=net, old=old)
    assert form.build(new) == ""
    assert new.shape_of("y_again") == (1, 3)
    assert form.loss(old.layer) == exact(old.layer) == 0.0
    other = net_of((1, 4))
    assert form.build(Replacement(net=other, old=add(other, "y", ReLU()))) == "it is for three numbers"
