from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.forms import FORMS
from caffe_ir.layers import BN, RunningBN
from tests.caffe_ir.forms.layers_alone import net_of_layer
from tests.caffe_ir.forms.writing import refusal, written

MAP = (2, 3, 4, 5)


def test_segnets_is_a_scale() -> None:
    after = written(net_of_layer(BN(), MAP))
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["Scale"]
    assert [blob.shape for blob in after.nodes[1].blobs] == [(3,), (3,)]


def test_pspnets_is_a_batch_norm_and_a_scale() -> None:
    after = written(net_of_layer(RunningBN(eps=0.01), MAP))
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["BatchNorm", "Scale"]
    assert after.dump() == GOLDEN


def test_shared_weights_stay_where_they_are() -> None:
    for layer in (BN(), RunningBN()):
        net = net_of_layer(layer, MAP)
        net.nodes[-1] = replace(net.nodes[-1], param_names=("shared",))
        assert refusal(net, FORMS[type(layer)][0]) == "its weights are shared"


GOLDEN = """\
net alone
  x0: Input(shape=[(2, 3, 4, 5)])  -> x0  [2x3x4x5]
  y_normalised: BatchNorm(use_global_stats=True, eps=0.01) x0 -> y_normalised | [3] [3] [1]  [2x3x4x5]
  y: Scale(bias_term=True) y_normalised -> y | [3] [3]  [2x3x4x5]
  outputs y
"""
