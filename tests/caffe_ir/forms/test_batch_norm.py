from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.forms import FORMS
from caffe_ir.layers import BatchNorm, Convolution, ReLU
from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE
from caffe_ir.reference import run
from caffe_ir.replacement import Replacement
from caffe_ir.targets import CAFFE
from caffe_ir.targets.limits import Only
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.layers.source.test_normalization import VARIANCES, darknet_batch_norm
from tests.caffe_ir.passes.rewriting import rewritten
from tests.oracles.darknet import needs_darknet

OUTSIDE = SourceBatchNorm(form="outside", eps=1e-6)
INSIDE = SourceBatchNorm(form="inside", eps=1e-5)
FIXED_EPS = Context(
    target=replace(CAFFE, layers={**CAFFE.layers, BatchNorm: (Only(field="eps", values=(1e-5,)),)}), options=Options()
)


def statistics(var=VARIANCES):
    gamma, beta, mean = np.random.default_rng(0).normal(size=(3, len(var))).astype(np.float32)
    return gamma, beta, mean, np.array(var, np.float32)


def normalised(layer, *, var=VARIANCES, shape=None):
    net = net_of(shape or (2, len(var), 3, 4))
    add(net, "bn", layer, *statistics(var))
    return net


@pytest.mark.parametrize("context", [FIXED_EPS, Context(target=CAFFE, options=Options())], ids=["fixed", "caffe"])
@pytest.mark.parametrize("layer", [OUTSIDE, INSIDE, SourceBatchNorm(form="inside", eps=1e-3)], ids=str)
@pytest.mark.parametrize("shape", [(2, 8, 3, 4), (2, 8)])
def test_the_function_stays(layer, shape, context):
    net = rewritten(normalised(layer, shape=shape), LEGALIZE, context=context)
    assert not any(isinstance(node.layer, SourceBatchNorm) for node in net.nodes)
    assert all(context.target.holds(node.layer, net.shapes_of(node.bottoms)) for node in net.nodes)


def test_the_net_it_makes():
    net = net_of((1, 3, 8, 8))
    add(net, "conv_4", Convolution(num_output=2, kernel_size=(3, 3)), np.ones((2, 3, 3, 3)), np.ones(2))
    node = add(net, "conv_4_bn", OUTSIDE, *statistics((1, 2)))
    net.update(node, replace(node, origin=replace(node.origin, layer="conv_4")))
    add(net, "relu", ReLU())
    assert rewritten(net, LEGALIZE).dump() == (
        "net tiny\n"
        "  data: Input(shape=[(1, 3, 8, 8)])  -> data  [1x3x8x8]\n"
        "  conv_4: Convolution(num_output=2, kernel_size=[3]) data -> conv_4 | [2, 3, 3, 3] [2]  [1x2x6x6]\n"
        "  conv_4_bn: BatchNorm(use_global_stats=True, eps=1e-12) conv_4 -> conv_4_bn | [2] [2] [1]  [1x2x6x6]\n"
        "  conv_4_scale: Scale(bias_term=True) conv_4_bn -> conv_4_scale | [2] [2]  [1x2x6x6]\n"
        "  relu: ReLU() conv_4_scale -> relu  [1x2x6x6]\n"
        "  outputs relu\n"
    )


def test_an_output_keeps_its_name():
    net = rewritten(normalised(OUTSIDE), LEGALIZE)
    assert net.outputs == ["bn"]
    assert [node.name for node in net.nodes] == ["data", "bn_norm", "bn"]


def test_known_variances():
    """(sqrt(v) + 1e-6)^2 = v + 2e-6 sqrt(v) + 1e-12: with e = 1e-12, v + 2e-6 sqrt(v) is left."""
    net = rewritten(normalised(OUTSIDE, var=(0, 1e-12, 1e-6, 4)), LEGALIZE)
    norm = net.node("bn_norm")
    assert isinstance(norm.layer, BatchNorm)
    assert norm.layer.eps == 1e-12
    np.testing.assert_allclose(norm.blobs[1].load(), [0, 3e-12, 1.002e-6, 4.000004], rtol=1e-7)


def test_where_the_sources_form_is_caffes_no_blob_is_touched():
    net = normalised(INSIDE)
    gamma, beta, mean, var = net.node("bn").blobs
    after = rewritten(net, LEGALIZE)
    assert after.node("bn_norm").blobs[:2] == (mean, var)
    assert after.node("bn").blobs == (gamma, beta)
    layer = after.node("bn_norm").layer
    assert isinstance(layer, BatchNorm)
    assert layer.eps == 1e-5


def test_outside_only_the_variance_is_touched():
    net = normalised(OUTSIDE)
    gamma, beta, mean, _ = net.node("bn").blobs
    after = rewritten(net, LEGALIZE)
    assert after.node("bn_norm").blobs[0] is mean
    assert after.node("bn").blobs == (gamma, beta)


@pytest.mark.parametrize(
    ("form", "context", "layers"),
    [
        ("inside", Context(target=CAFFE, options=Options()), ["BatchNorm"]),
        ("outside", Context(target=CAFFE, options=Options()), ["BatchNorm"]),
        ("inside", FIXED_EPS, ["BatchNorm"]),
        ("outside", FIXED_EPS, ["BatchNorm", "Scale"]),
    ],
)
def test_without_gamma_and_beta_there_is_no_scale_unless_it_has_something_to_do(form, context, layers):
    net = net_of((2, 3, 4, 4))
    add(net, "bn", SourceBatchNorm(form=form, eps=1e-5, affine=False), np.arange(3.0), np.array([0.0, 1, 4]))
    after = rewritten(net, LEGALIZE, context=context)
    assert [node.layer.type_name() for node in after.nodes[1:]] == layers
    assert after.outputs == ["bn"]


def test_a_target_with_its_own_epsilon_gets_no_negative_variance():
    net = rewritten(normalised(OUTSIDE), LEGALIZE, context=FIXED_EPS)
    assert (net.node("bn_norm").blobs[1].load() >= 0).all()


@needs_darknet
@pytest.mark.parametrize("context", [FIXED_EPS, Context(target=CAFFE, options=Options())], ids=["fixed", "caffe"])
def test_in_float32_it_is_real_darknet_also_without_variance(tmp_path, context):
    """Inputs as a net of those statistics has them: d times a number around 1 from the mean."""
    gamma, beta, mean, var = statistics()
    mean *= np.sqrt(var) + np.float32(1e-6)
    spread = (np.sqrt(var) + 1e-6)[:, None, None]
    x = (mean[:, None, None] + np.random.default_rng(3).normal(size=(2, 8, 3, 4)) * spread).astype(np.float32)
    wanted = darknet_batch_norm(tmp_path, x, gamma, beta, mean, var)
    net = net_of(x.shape)
    add(net, "bn", OUTSIDE, gamma, beta, mean, var)
    top = run(rewritten(net, LEGALIZE, context=context), {"data": x})["bn"]
    np.testing.assert_allclose(top, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(("layer", "broken"), [(OUTSIDE, 2), (INSIDE, 1)])
def test_a_negative_variance_is_told_and_stays_not_a_number(layer, broken):
    after = normalised(layer, var=(1.0, -1e-7, -3.0))
    run_pass(LEGALIZE, after, Context(target=CAFFE, options=Options()))
    (warning,) = [note for note in after.notes if note.kind == "warning"]
    assert f"{broken} of 3" in warning.text
    top = run(after, {"data": np.ones((2, 3, 3, 4))})["bn"]
    assert np.isnan(top).all(axis=(0, 2, 3)).sum() == broken


def test_names_that_the_net_has_are_not_taken_again():
    net = net_of((2, 3, 4, 4))
    add(net, "norm_scale", ReLU())
    add(net, "norm", INSIDE, *statistics((1.0, 2.0, 3.0)))
    add(net, "y", ReLU())
    after = rewritten(net, LEGALIZE)
    assert after.values["norm"] == "norm_scale_2"
    assert after.node("norm").layer == BatchNorm(use_global_stats=True, eps=1e-5)


def test_nothing_is_done_to_the_net_before_the_form_is_taken():
    net = normalised(OUTSIDE)
    before = net.dump()
    for form in FORMS[SourceBatchNorm]:
        form.build(Replacement(net=net, old=net.node("bn")))
        assert net.dump() == before
