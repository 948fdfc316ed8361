from __future__ import annotations

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch.nn import functional as F

from caffe_ir.float32 import in_float32
from caffe_ir.forms import activation, clip
from caffe_ir.layers import ELU, Clip, Convolution, HardSigmoid, HardSwish, Mish, ReLU6, Swish
from caffe_ir.layers.source import GeluTanh, HardMish, HardSigmoid6, LHTan, Plse, Ramp, Selu
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import assert_same, rewritten

ALL = [
    Clip(min=0.0, max=6.0),
    Clip(min=-1.0, max=1.0),
    Clip(min=0.5, max=3.0),
    Clip(min=-2.0, max=float("inf")),
    Clip(min=0.0, max=float("inf")),
    Clip(min=float("-inf"), max=2.0),
    Clip(min=float("-inf"), max=float("inf")),
    Clip(min=2.0, max=-1.0),
    GeluTanh(),
    HardMish(),
    HardSigmoid(),
    HardSigmoid6(),
    HardSwish(),
    LHTan(),
    Mish(),
    Plse(),
    Ramp(),
    ReLU6(),
    Selu(alpha=1.6732, scale=1.0507),
    Swish(),
    Swish(beta=1.7),
]
GELU = GeluTanh(linear=(2 / np.pi) ** 0.5, cubic=0.044715 * (2 / np.pi) ** 0.5)
X = np.concatenate([np.linspace(-100, 100, 200001), np.linspace(-0.01, 0.01, 9)]).reshape(1, 1, 1, -1)


def shown(value):
    """The same name in every process, also for a function."""
    return getattr(value, "__name__", None) or str(value)


def activated(layer, shape=X.shape):
    net = net_of(shape)
    add(net, "y", layer)
    return net, rewritten(net, LEGALIZE)


def test_all_forms_are_tried():
    assert {type(layer) for layer in ALL} == {*activation.FORMS, *clip.FORMS}


def written(net, form):
    """The net with its last layer in that form."""
    after = net.copy()
    new = Replacement(net=after, old=after.node("y"))
    assert form.build(new) == ""
    new.commit()
    after.check()
    return after


FORMED = [
    (layer, form)
    for layer in ALL
    for form in {**activation.FORMS, **clip.FORMS}[type(layer)]
    if form.build(Replacement(net=(net := net_of((1, 2))), old=add(net, "y", layer))) == ""
]


@pytest.mark.parametrize(("layer", "form"), FORMED, ids=lambda one: getattr(one, "name", None) or str(one))
def test_the_function_stays_from_minus_100_to_100(layer, form):
    net = net_of(X.shape)
    add(net, "y", layer)
    after = written(net, form)
    wanted, top = (run(each, {"data": X}, np.float64)["y"] for each in (net, after))
    np.testing.assert_allclose(top, wanted, rtol=1e-12, atol=1e-12)
    assert {node.origin for node in after.nodes[1:]} == {net.node("y").origin}


@pytest.mark.parametrize("layer", ALL, ids=shown)
def test_vanilla_caffe_holds_what_is_chosen(layer):
    _, after = activated(layer)
    assert all(CAFFE.holds(node.layer, after.shapes_of(node.bottoms)) for node in after.nodes)


# The largest error of each form in float32, with inputs from -100 to 100.
@pytest.mark.parametrize(
    ("layer", "place", "truth", "error"),
    [
        (Mish(), 0, F.mish, 1.0e-6),
        (Mish(), 1, F.mish, 1.6e-6),
        (Mish(), 2, F.mish, 1.6e-6),
        (Mish(), 3, F.mish, 1.3e-6),
        (Swish(), 0, F.silu, 1.4e-6),
        (Clip(min=0.0, max=6.0), 0, F.relu6, 0.0),
        (Clip(min=0.0, max=6.0), 1, F.relu6, 2.5e-7),
        (Clip(min=0.0, max=6.0), 2, F.relu6, 0.0),
        (Clip(min=-1.0, max=1.0), 1, F.hardtanh, 9e-8),
        (GELU, 0, lambda x: F.gelu(x, approximate="tanh"), 5e-7),
        (Selu(alpha=1.6732632423543772, scale=1.0507009873554805), 0, F.selu, 7.3e-6),
    ],
    ids=shown,
)
def test_in_float32_it_is_torchs_to_a_rounding(layer, place, truth, error):
    x = X.astype(np.float32)
    net = net_of(X.shape)
    add(net, "y", layer)
    top = run(written(net, {**activation.FORMS, **clip.FORMS}[type(layer)][place]), {"data": x})["y"]
    wanted = truth(torch.from_numpy(x.astype(np.float64))).numpy()
    np.testing.assert_allclose(top, wanted, rtol=0, atol=error)


def test_the_nets_that_mish_becomes():
    net = net_of((1, 2, 3, 3))
    add(net, "y", Mish())
    by_bnll, by_sigmoid, by_logarithm, by_lrn = (written(net, form).dump() for form in activation.FORMS[Mish])
    assert by_lrn == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 3)])  -> data  [1x2x3x3]\n"
        "  y_power: Power(shift=-0.6931471805599453) data -> y_power  [1x2x3x3]\n"
        "  y_sigmoid: Sigmoid() y_power -> y_sigmoid  [1x2x3x3]\n"
        "  y_lrn: LRN(local_size=1, beta=1.0, norm_region=WITHIN_CHANNEL) y_sigmoid -> y_lrn  [1x2x3x3]\n"
        "  y_product: Eltwise(operation=PROD) y_lrn, data -> y_product  [1x2x3x3]\n"
        "  y: Power(scale=2.0) y_product -> y  [1x2x3x3]\n"
        "  outputs y\n"
    )
    assert by_logarithm == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 3)])  -> data  [1x2x3x3]\n"
        "  y_negative: Power(scale=-1.0) data -> y_negative  [1x2x3x3]\n"
        "  y_sigmoid: Sigmoid() y_negative -> y_sigmoid  [1x2x3x3]\n"
        "  y_log: Log() y_sigmoid -> y_log  [1x2x3x3]\n"
        "  y_tanh: TanH() y_log -> y_tanh  [1x2x3x3]\n"
        "  y: Eltwise(operation=PROD) y_tanh, y_negative -> y  [1x2x3x3]\n"
        "  outputs y\n"
    )
    assert by_bnll == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 3)])  -> data  [1x2x3x3]\n"
        "  y_bnll: BNLL() data -> y_bnll  [1x2x3x3]\n"
        "  y_tanh: TanH() y_bnll -> y_tanh  [1x2x3x3]\n"
        "  y: Eltwise(operation=PROD) y_tanh, data -> y  [1x2x3x3]\n"
        "  outputs y\n"
    )
    assert by_sigmoid == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 3)])  -> data  [1x2x3x3]\n"
        "  y_sigmoid: Sigmoid() data -> y_sigmoid  [1x2x3x3]\n"
        "  y_power: Power(scale=-1.0, shift=1.0) y_sigmoid -> y_power  [1x2x3x3]\n"
        "  y_square: Eltwise(operation=PROD) y_power, y_power -> y_square  [1x2x3x3]\n"
        "  y_power_2: Power(power=-1.0, scale=0.5, shift=0.5) y_square -> y_power_2  [1x2x3x3]\n"
        "  y_power_3: Power(shift=-1.0) y_power_2 -> y_power_3  [1x2x3x3]\n"
        "  y: Eltwise(operation=PROD) y_power_3, data -> y  [1x2x3x3]\n"
        "  outputs y\n"
    )


def test_the_net_that_relu6_becomes():
    assert activated(Clip(min=0.0, max=6.0), (1, 2, 3, 3))[1].dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 2, 3, 3)])  -> data  [1x2x3x3]\n"
        "  y_power: Power(scale=-1.0, shift=6.0) data -> y_power  [1x2x3x3]\n"
        "  y_relu: ReLU() y_power -> y_relu  [1x2x3x3]\n"
        "  y_power_2: Power(scale=-1.0, shift=6.0) y_relu -> y_power_2  [1x2x3x3]\n"
        "  y: ReLU() y_power_2 -> y  [1x2x3x3]\n"
        "  outputs y\n"
    )


def test_the_first_step_of_relu6_goes_into_the_weights_before_it():
    net = net_of((1, 2, 3, 3))
    add(net, "conv", Convolution(num_output=2, kernel_size=(1, 1)), np.ones((2, 2, 1, 1)), np.ones(2))
    add(net, "y", Clip(min=0.0, max=6.0))
    after = lower(net.copy(), CAFFE, Options(fold_batch_norm=True))
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["Convolution", "ReLU", "Power", "ReLU"]
    assert_same(net, after)


def test_hard_sigmoid_takes_four_layers():
    net = net_of((1, 2, 3, 3))
    add(net, "y", HardSigmoid6())
    after = rewritten(net, LEGALIZE)
    assert [node.layer.type_name() for node in after.nodes[1:]] == ["Power", "ReLU", "Power", "ReLU"]


@pytest.mark.parametrize(("layer", "truth"), [(HardSigmoid6(), F.hardsigmoid), (HardSwish(), F.hardswish)], ids=shown)
def test_a_sixth_loses_nothing_to_the_float32_of_a_prototxt(layer, truth):
    """As it would by one number: 1/6 in float32 is off by 3e-8."""
    _, after = activated(layer)
    for node in after.nodes[1:]:
        fields = {name: in_float32(getattr(node.layer, name)) for name in node.layer.__struct_fields__}
        after.update(node, replace(node, layer=replace(node.layer, **fields)))
    found = run(after, {"data": X}, np.float64)[after.outputs[0]]
    wanted = truth(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-14 * np.abs(wanted).max())


def test_what_the_target_holds_is_left_alone():
    newer = replace(CAFFE, layers={**CAFFE.layers, Swish: (), Clip: ()}, for_others=False)
    net = net_of((1, 2, 3, 3))
    for place, layer in enumerate((Swish(beta=2.0), Clip(min=0.0, max=6.0), ELU())):
        add(net, f"y{place}", layer)
    assert rewritten(net, LEGALIZE, context=Context(target=newer, options=Options())).dump() == net.dump()
