from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.layers.source import LogSoftmax
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.forms.writing import written
from tests.caffe_ir.passes.rewriting import rewritten


def of(shape, layer):
    net = net_of(shape)
    add(net, "y", layer)
    return net


@pytest.mark.parametrize(("shape", "axis"), [((2, 3, 4, 5), 1), ((2, 3, 4, 5), 3), ((2, 6), 1), ((2, 3, 4), 1)])
def test_any_axis(shape, axis):
    net = written(of(shape, LogSoftmax(axis=axis)))
    assert [node.layer.type_name() for node in net.nodes[1:]] == ["Reduce", "Sub", "Exp", "Reduce", "Log", "Sub"]


def test_probabilities_below_the_smallest_float32_keep_their_logarithm():
    net = rewritten(of((1, 3, 1, 1), LogSoftmax(axis=1)), LEGALIZE)
    x = np.array([0.0, -150.0, 300.0], np.float32).reshape(1, 3, 1, 1)
    wanted = torch.from_numpy(x).log_softmax(1).numpy()
    assert wanted.ravel().tolist() == [-300, -450, 0]
    np.testing.assert_array_equal(run(net, {"data": x})["y"], wanted)
