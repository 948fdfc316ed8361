from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir.errors import ShapeError
from caffe_ir.float32 import Float32
from caffe_ir.layers import LRN, MVN, BatchNorm, Bias, Scale

rng = np.random.default_rng(4)


def _close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2)])
@pytest.mark.parametrize("factor", [1.0, 999.5])
def test_batch_norm_is_torchs(shape, factor):
    layer = BatchNorm(use_global_stats=True, eps=1e-3)
    bottom, mean, variance = rng.standard_normal(shape), rng.standard_normal(3), rng.random(3) + 0.1
    stored = [mean * factor, variance * factor, np.array([factor])]
    assert layer.blob_shapes((shape,)) == ((3,), (3,), (1,))
    expected = F.batch_norm(torch.tensor(bottom), torch.tensor(mean), torch.tensor(variance), eps=1e-3)
    _close(layer.forward([bottom], stored)[0], expected)
    assert layer.infer((shape,)) == (shape,)
    assert (
        layer.forward([bottom.astype(np.float32)], [blob.astype(np.float32) for blob in stored])[0].dtype == np.float32
    )


def test_batch_norm_of_the_batch_itself():
    layer = BatchNorm(use_global_stats=False, eps=1e-5)
    bottom, zeros = rng.standard_normal((4, 3, 5, 6)), np.zeros(3)
    expected = F.batch_norm(torch.tensor(bottom), None, None, training=True)
    _close(layer.forward([bottom], [zeros, zeros, zeros[:1]])[0], expected)


def test_batch_norm_with_a_factor_of_zero():
    """Measured in BVLC Caffe: mean and variance are 0 then, and values grow by 1 / sqrt(eps), 316 for 1e-5."""
    (top,) = BatchNorm(use_global_stats=True, eps=1e-5).forward(
        [np.full((1, 1, 1, 1), 1.0)], [np.array([5.0]), np.array([7.0]), np.array([0.0])]
    )
    assert top.item() == pytest.approx(316.22776601683796, rel=1e-12)


def test_batch_norm_of_a_negative_variance_is_nan_without_a_word():
    blobs = [np.zeros(1), np.array([-1.0]), np.ones(1)]
    assert np.isnan(BatchNorm(use_global_stats=True, eps=1e-5).forward([np.ones((1, 1))], blobs)[0]).all()


def test_batch_norm_spellings():
    assert BatchNorm.parsed({"moving_average_fraction": 0.9}) == BatchNorm(use_global_stats=True, eps=Float32(1e-5))
    assert BatchNorm(use_global_stats=True, eps=1e-5).spelled() == {"use_global_stats": True, "eps": 1e-5}
    with pytest.raises(ShapeError):
        BatchNorm(use_global_stats=True, eps=1e-5).infer(((3,),))


SHAPE = (2, 3, 4, 5)
FACTORS = [
    (1, 1, (3,), "c h w -> 1 c 1 1", (1, 3, 1, 1)),
    (0, 1, (2,), "n", (2, 1, 1, 1)),
    (-1, 1, (5,), "w", (1, 1, 1, 5)),
    (2, 2, (4, 5), "h w", (1, 1, 4, 5)),
    (1, -1, (3, 4, 5), "c h w", (1, 3, 4, 5)),
    (0, -1, (2, 3, 4, 5), "all", (2, 3, 4, 5)),
    (0, 2, (2, 3), "n c", (2, 3, 1, 1)),
    (2, 0, (), "scalar", (1, 1, 1, 1)),
]


@pytest.mark.parametrize(("axis", "num_axes", "shape", "_name", "broadcast"), FACTORS)
def test_scale_and_bias(axis, num_axes, shape, _name, broadcast):
    bottom, factor, shift = rng.standard_normal(SHAPE), rng.standard_normal(shape), rng.standard_normal(shape)
    scaled = bottom * factor.reshape(broadcast)
    scale = Scale(axis=axis, num_axes=num_axes)
    assert scale.blob_shapes((SHAPE,)) == (shape,)
    assert scale.infer((SHAPE,)) == (SHAPE,)
    _close(scale.forward([bottom], [factor])[0], scaled)
    biased = Scale(axis=axis, num_axes=num_axes, bias_term=True)
    assert biased.blob_shapes((SHAPE,)) == (shape, shape)
    _close(biased.forward([bottom], [factor, shift])[0], scaled + shift.reshape(broadcast))
    bias = Bias(axis=axis, num_axes=num_axes)
    assert bias.blob_shapes((SHAPE,)) == (shape,)
    assert bias.infer((SHAPE,)) == (SHAPE,)
    _close(bias.forward([bottom], [shift])[0], bottom + shift.reshape(broadcast))


@pytest.mark.parametrize(("axis", "num_axes", "shape", "_name", "broadcast"), FACTORS)
def test_scale_and_bias_with_two_bottoms(axis, num_axes, shape, _name, broadcast):
    """num_axes counts for nothing here; the second bottom's own axes do."""
    bottom, factor, shift = rng.standard_normal(SHAPE), rng.standard_normal(shape), rng.standard_normal(shape)
    scale = Scale(axis=axis, num_axes=1, bias_term=True)
    assert scale.blob_shapes((SHAPE, shape)) == (shape,)
    assert scale.infer((SHAPE, shape)) == (SHAPE,)
    _close(scale.forward([bottom, factor], [shift])[0], bottom * factor.reshape(broadcast) + shift.reshape(broadcast))
    assert Bias(axis=axis).blob_shapes((SHAPE, shape)) == ()
    _close(Bias(axis=axis).forward([bottom, shift], [])[0], bottom + shift.reshape(broadcast))


@pytest.mark.parametrize("kind", [Scale, Bias])
@pytest.mark.parametrize(
    ("fields", "shapes"),
    [
        ({"axis": 0}, (SHAPE, (2, 3, 1, 1))),  # a factor is not broadcast along its own axes of 1
        ({"axis": 1}, (SHAPE, (2,))),
        ({"axis": 3}, (SHAPE, (5, 1))),
        ({"axis": 4}, (SHAPE,)),
        ({"axis": 3, "num_axes": 2}, (SHAPE,)),
        ({"num_axes": -2}, (SHAPE,)),
    ],
)
def test_scale_and_bias_refuse_what_caffe_refuses(kind, fields, shapes):
    with pytest.raises(ShapeError):
        kind(**fields).infer(shapes)


@pytest.mark.parametrize(("local_size", "k", "channels"), [(5, 1.0, 8), (3, 2.0, 8), (1, 1.0, 4), (9, 1.0, 3)])
def test_lrn_across_channels_is_torchs(local_size, k, channels):
    layer = LRN(local_size=local_size, alpha=0.7, beta=0.6, k=k)
    bottom = rng.standard_normal((2, channels, 3, 4))
    expected = F.local_response_norm(torch.tensor(bottom), local_size, 0.7, 0.6, k)
    _close(layer.forward([bottom], [])[0], expected)
    assert layer.infer((bottom.shape,)) == (bottom.shape,)


@pytest.mark.parametrize("local_size", [1, 3, 5, 7])
def test_lrn_within_channels_counts_the_padding_and_ignores_k(local_size):
    layer = LRN(local_size=local_size, alpha=0.7, beta=0.6, k=5.0, norm_region="WITHIN_CHANNEL")
    bottom = torch.tensor(rng.standard_normal((2, 3, 5, 4)))
    means = F.avg_pool2d(F.pad(bottom**2, (local_size // 2,) * 4), local_size, 1)
    _close(layer.forward([bottom.numpy()], [])[0], bottom * (1 + 0.7 * means) ** -0.6)


def test_lrn_refuses_what_caffe_refuses():
    with pytest.raises(ShapeError):
        LRN(local_size=4).infer(((1, 8, 2, 2),))
    with pytest.raises(ShapeError):
        LRN().infer(((1, 8),))


@pytest.mark.parametrize(("across", "axes"), [(False, (2, 3)), (True, (1, 2, 3))])
@pytest.mark.parametrize("normalize", [False, True])
def test_mvn_has_its_eps_outside_the_root(across, axes, normalize):
    layer = MVN(across_channels=across, normalize_variance=normalize, eps=0.25)
    bottom = torch.tensor(rng.standard_normal((2, 3, 4, 5)))
    centred = bottom - bottom.mean(axes, keepdim=True)
    spread = bottom.std(axes, correction=0, keepdim=True) + 0.25
    _close(layer.forward([bottom.numpy()], [])[0], centred / spread if normalize else centred)


def test_mvn_always_has_four_axes():
    assert MVN().infer(((2, 3),)) == ((2, 3, 1, 1),)
    assert MVN(across_channels=True).forward([np.array([[1.0, 3.0]])], [])[0].shape == (1, 2, 1, 1)
    with pytest.raises(ShapeError):
        MVN().infer(((1, 2, 3, 4, 5),))
