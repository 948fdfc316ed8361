"""SourceBatchNorm against torch (inside) and against real Darknet's CPU code (outside)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import LogSoftmax, SourceBatchNorm, Standardize
from tests.oracles.darknet import layer_outputs, needs_darknet

VARIANCES = (0.0, 1e-12, 1e-8, 1e-6, 1e-5, 0.3, 2.0, 900.0)


@pytest.mark.parametrize("shape", [(3, 5), (2, 5, 7), (2, 5, 3, 4), (1, 5, 2, 3, 2)])
def test_inside_is_torch(shape):
    random = np.random.default_rng(0)
    x = random.normal(size=shape)
    gamma, beta, mean, var = random.normal(size=(4, 5))
    var = var**2
    (y,) = SourceBatchNorm(form="inside", eps=1e-3).forward([x], [gamma, beta, mean, var])
    t_x, t_gamma, t_beta, t_mean, t_var = (torch.from_numpy(each) for each in (x, gamma, beta, mean, var))
    wanted = torch.nn.functional.batch_norm(t_x, t_mean, t_var, t_gamma, t_beta, training=False, eps=1e-3)
    np.testing.assert_allclose(y, wanted.numpy(), rtol=1e-12, atol=1e-12)


def test_without_affine_is_torchs():
    random = np.random.default_rng(0)
    x, mean, var = random.normal(size=(2, 5, 3, 4)), random.normal(size=5), random.random(5)
    layer = SourceBatchNorm(form="inside", eps=1e-3, affine=False)
    assert layer.blob_shapes((x.shape,)) == ((5,), (5,))
    t_x, t_mean, t_var = (torch.from_numpy(each) for each in (x, mean, var))
    wanted = torch.nn.functional.batch_norm(t_x, t_mean, t_var, training=False, eps=1e-3)
    np.testing.assert_allclose(layer.forward([x], [mean, var])[0], wanted.numpy(), rtol=1e-12, atol=1e-12)


def darknet_batch_norm(folder: Path, x, gamma, beta, mean, var):
    """What Darknet makes of x by a 1x1 convolution that changes nothing, and its batch normalisation."""
    _, c, h, w = x.shape
    cfg, weights = folder / "bn.cfg", folder / "bn.weights"
    cfg.write_text(
        f"[net]\nheight={h}\nwidth={w}\nchannels={c}\n"
        f"[convolutional]\nbatch_normalize=1\nfilters={c}\nsize=1\nactivation=linear\n"
    )
    arrays = np.concatenate([np.asarray(each, "<f4").ravel() for each in (beta, gamma, mean, var, np.eye(c))])
    weights.write_bytes(np.array([0, 2, 0, 0, 0], "<i4").tobytes() + arrays.tobytes())
    return layer_outputs(cfg, weights, x)[0].values


@needs_darknet
def test_outside_is_darknets_also_without_variance(tmp_path):
    random = np.random.default_rng(1)
    var = np.array(VARIANCES, np.float32)
    gamma, beta, mean = random.normal(size=(3, len(var))).astype(np.float32)
    x = random.normal(size=(2, len(var), 3, 5)).astype(np.float32)
    x = (mean[:, None, None] + x * (np.sqrt(var) + 1e-6)[:, None, None]).astype(np.float32)
    wanted = darknet_batch_norm(tmp_path, x, gamma, beta, mean, var)
    (y,) = SourceBatchNorm(form="outside", eps=1e-6).forward([x], [gamma, beta, mean, var])
    np.testing.assert_allclose(y, wanted, rtol=2e-6, atol=2e-6)


def test_a_negative_variance_is_not_a_number():
    ones = np.ones(1)
    (y,) = SourceBatchNorm(form="outside", eps=1e-6).forward([np.ones((1, 1))], [ones, ones, ones, -ones])
    assert np.isnan(y).all()


def test_it_takes_channels_and_blobs_of_their_number():
    layer = SourceBatchNorm(form="inside", eps=1e-5)
    assert layer.blob_shapes(((2, 7, 1, 1),)) == ((7,),) * 4
    with pytest.raises(ShapeError):
        layer.infer(((7,),))


STANDARDIZED = [((2, 3), (2, 6, 3, 4)), ((1, 2, 3), (2, 6, 3, 4)), ((2,), (2, 6, 3)), ((1,), (2, 6, 3, 4))]


@pytest.mark.parametrize(("axes", "shape"), STANDARDIZED, ids=str)
def test_standardize_is_torchs_layer_norm(axes, shape):
    x = np.random.default_rng(0).normal(3, 2, size=shape)
    last = np.moveaxis(x, axes, range(-len(axes), 0))
    wanted = torch.nn.functional.layer_norm(torch.from_numpy(last), last.shape[-len(axes) :], eps=0.3).numpy()
    (y,) = Standardize(axes=axes, eps=0.3).forward([x], [])
    np.testing.assert_allclose(np.moveaxis(y, axes, range(-len(axes), 0)), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_log_softmax_is_torchs_far_beyond_the_smallest_number(axis):
    x = np.random.default_rng(0).normal(0, 900, size=(3, 4, 5))
    (y,) = LogSoftmax(axis=axis).forward([x], [])
    np.testing.assert_allclose(y, torch.from_numpy(x).log_softmax(axis).numpy(), rtol=1e-12)


def test_standardize_and_log_softmax_refuse_axes_that_are_not_there():
    with pytest.raises(ShapeError, match="are not axes"):
        Standardize(axes=(4,), eps=0.0).infer(((2, 3, 4, 5),))
    with pytest.raises(ShapeError, match="are not axes"):
        LogSoftmax(axis=-1).infer(((2, 3),))
