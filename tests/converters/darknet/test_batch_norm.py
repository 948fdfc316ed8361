"""What `--bn` may say. The judge of the forms is torch; Darknet itself is in test_frontend.py and sections/."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ConversionError
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.darknet import convert
from converters.darknet.batch_norm import IN_USE, LEAST, form_of
from tests.converters.darknet.judged import net, weight, written
from tests.oracles.seeded_weights import write_weights

CONV = net("[convolutional];filters=6;size=3;pad=1;batch_normalize=1;activation=linear")


@pytest.mark.parametrize(
    ("text", "form", "eps", "told"),
    [
        ("darknet-cpu", "outside", 1e-6, "sqrt(variance) + 1e-6"),
        ("darknet-gpu", "inside", 1e-5, "sqrt(variance + 1e-5)"),
        ("alexeyab", "inside", 1e-5, "sqrt(variance + 1e-5)"),
        ("inside:1e-4", "inside", 1e-4, "sqrt(variance + 1e-4)"),
        ("inside:0.001", "inside", 1e-3, "sqrt(variance + 1e-3)"),
        ("outside:1.5E-6", "outside", 1.5e-6, "sqrt(variance) + 1.5e-6"),
        (f"outside:{LEAST}", "outside", LEAST, "sqrt(variance) + 1e-12"),
    ],
)
def test_forms(text, form, eps, told):
    found = form_of(text)
    assert (found.form, found.eps, str(found)) == (form, eps, told)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("inside", "inside:1e-5"),
        ("outside", "outside:1e-6"),
        ("inside=1e-4", "inside:1e-4"),
        ("Inside:1e-4", "inside:1e-4"),
        ("1e-4", "inside:1e-4"),
        ("outsid:1e-6", "outside:1e-6"),
        ("inside:1e4", "inside:1e-4"),
        ("darknet_cpu", "darknet-cpu"),
        ("alexyab", "alexeyab"),
    ],
)
def test_near_misses(text, meant):
    with pytest.raises(ValueError, match=f"did you mean {meant}"):
        form_of(text)


@pytest.mark.parametrize("text", ["inside:0", "inside:-1e-5", "inside:nan", "inside:inf", "outside:1e-13", "inside:1"])
def test_what_is_no_epsilon(tmp_path, text):
    with pytest.raises(ValueError, match="EPS from 1e-12 up to 1"):
        form_of(text)
    with pytest.raises(ConversionError, match=r"bn: .* is not one of auto, darknet-cpu"):
        convert(*written(tmp_path, CONV), bn=text)


def test_the_forms_in_use_differ():
    assert len({str(form_of(text)) for text in IN_USE}) == len(IN_USE)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("bn", ["inside:1e-3", "inside:1e-4", "inside:1e-6", "outside:1e-6", "outside:1e-3"])
def test_any_epsilon_down_to_variances_of_zero(tmp_path, bn, fold):
    """In float64, with variances of 0, 1e-12, 1e-8, 1e-6 and 1e-5 among them."""
    cfg, weights = written(tmp_path, CONV)
    write_weights(cfg, weights, seed=1, hard=True)
    model = convert(cfg, weights, bn=bn)
    gamma, beta, mean, var = (weight(model, "conv_0_bn", place).astype(np.float64) for place in range(4))
    x = np.random.default_rng(0).random((1, 4, 12, 14)).astype(np.float64)
    made = lower(model.net.copy(), CAFFE, Options(fold_batch_norm=fold))
    got = run(made, {"data": x}, np.float64)[made.outputs[0]]
    y = F.conv2d(torch.from_numpy(x), torch.from_numpy(weight(model, "conv_0").astype(np.float64)), padding=1).numpy()
    form, _, eps = bn.partition(":")
    divisor = np.sqrt(var + float(eps)) if form == "inside" else np.sqrt(var) + float(eps)
    wanted = (y - mean[:, None, None]) / divisor[:, None, None] * gamma[:, None, None] + beta[:, None, None]
    assert np.abs(got - wanted).max() <= 2e-7 * np.abs(wanted).max()
