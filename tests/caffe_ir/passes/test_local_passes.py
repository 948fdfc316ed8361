from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError, Problem
from caffe_ir.layers import BatchNorm, ReLU
from caffe_ir.layers.source import SourceBatchNorm, WindowPool
from caffe_ir.passes import local_passes
from caffe_ir.passes.base import Pass
from caffe_ir.passes.local_passes import LOCAL, local_forms
from caffe_ir.replacement import Replacement
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT, assert_same

FORMS = local_forms(CONTEXT)


def built(net, node):
    new = Replacement(net=net, old=node)
    (form,) = FORMS[type(node.layer)]
    return form.build(new), new


def test_every_layer_that_a_pass_visits_has_one_form():
    assert set(FORMS) == {kind for one in LOCAL for kind in one.visits}
    assert all(len(forms) == 1 for forms in FORMS.values())


def test_nothing_is_done_to_the_net_before_the_form_is_taken():
    net = net_of((2, 3, 4, 4))
    node = add(net, "norm", SourceBatchNorm(form="inside", eps=1e-5), *np.random.default_rng(3).uniform(1, 2, (4, 3)))
    add(net, "y", ReLU())
    before, dump = net.copy(), net.dump()
    reason, new = built(net, node)
    assert reason == ""
    assert net.dump() == dump
    new.commit()
    assert_same(before, net)
    assert [type(one.layer).__name__ for one in net.nodes] == ["Input", "BatchNorm", "Scale", "ReLU"]
    assert net.node("norm").layer == BatchNorm(use_global_stats=True, eps=1e-5)  # the readers follow to the Scale
    assert net.values["norm"] == "norm_scale"


def test_names_that_the_net_has_are_not_taken_again():
    net = net_of((2, 3, 4, 4))
    add(net, "norm_scale", ReLU())
    node = add(net, "norm", SourceBatchNorm(form="inside", eps=1e-5), *np.ones((4, 3)))
    add(net, "y", ReLU())
    _, new = built(net, node)
    new.commit()
    net.check()
    assert net.values["norm"] == "norm_scale_2"


def test_the_first_pass_that_does_something_is_the_form():
    for dilation, kinds in [(1, {"Pooling"}), (2, {"Reshape", "Pooling"})]:
        net = net_of((1, 3, 8, 8))
        size, step = (8 - dilation,) * 2, (dilation,) * 2
        layer = WindowPool(pool="MAX", kernel_size=(2, 2), stride=(1, 1), dilation=step, output_size=size)
        node = add(net, "y", layer)
        _, new = built(net, node)
        assert {one.layer.type_name() for one in new.nodes} == kinds


def test_what_a_pass_refuses_the_form_refuses(monkeypatch):
    def refuse(net, node, context):
        raise ConversionError(Problem(what="no", origin=node.origin))

    monkeypatch.setattr(local_passes, "LOCAL", (Pass(name="refusing", visits=(ReLU,), rewrite=refuse),))
    net = net_of((1, 3))
    (form,) = local_forms(CONTEXT)[ReLU]
    with pytest.raises(ConversionError, match=r"tiny\.cfg:1: no"):
        form.build(Replacement(net=net, old=add(net, "y", ReLU())))
