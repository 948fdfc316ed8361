from __future__ import annotations

import pytest

from caffe_ir.layers import SPP
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import written


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
@pytest.mark.parametrize("shape", [(2, 3, 8, 12), (1, 2, 9, 7)])
def test_levels_are_poolings(pool, shape) -> None:
    after = written(net_of_layer(SPP(pyramid_height=2, pool=pool), shape))
    assert [node.layer.type_name() for node in after.nodes[1:]] == [
        "Pooling",
        "Pooling",
        "Flatten",
        "Flatten",
        "Concat",
    ]


def test_one_level_is_one_pooling() -> None:
    after = written(net_of_layer(SPP(pyramid_height=1), (1, 2, 9, 7)))
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["Pooling"]


def test_golden() -> None:
    after = written(net_of_layer(SPP(pyramid_height=2), (1, 2, 9, 7)))
    assert after.dump() == GOLDEN


GOLDEN = """\
net alone
  x0: Input(shape=[(1, 2, 9, 7)])  -> x0  [1x2x9x7]
  y_level0: Pooling(pool=MAX, kernel_h=9, kernel_w=7, stride_h=9, stride_w=7) x0 -> y_level0  [1x2x1x1]
  y_level1: Pooling(pool=MAX, kernel_h=5, kernel_w=4, stride_h=5, stride_w=4, pad=1) x0 -> y_level1  [1x2x2x2]
  y_flat0: Flatten() y_level0 -> y_flat0  [1x2]
  y_flat1: Flatten() y_level1 -> y_flat1  [1x8]
  y: Concat() y_flat0, y_flat1 -> y  [1x10]
  outputs y
"""
