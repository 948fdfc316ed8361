"""Products, sums and shortcuts against torch, plain loops and real Darknet."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers.source import Add, Div, Maximum, Minimum, Mul, Shortcut, Sub
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((2, 3, 4, 5), (2, 3, 1, 1)),
        ((2, 1, 4, 5), (2, 3, 4, 5)),
        ((1, 3, 1, 5), (2, 1, 4, 1)),
        ((2, 3, 4, 5), (3, 1, 1)),
        ((4,), (2, 4)),
    ],
)
@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (Mul(), torch.mul),
        (Add(), torch.add),
        (Sub(), torch.sub),
        (Div(), torch.div),
        (Maximum(), torch.maximum),
        (Minimum(), torch.minimum),
    ],
)
def test_broadcasting_is_torchs(layer, function, first, second):
    random = np.random.default_rng(0)
    a, b = random.normal(size=first), random.normal(size=second)
    (y,) = layer.forward([a, b], [])
    wanted = function(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    assert layer.infer((first, second)) == (wanted.shape,)
    np.testing.assert_array_equal(y, wanted)


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(ShapeError):
        Mul().infer(((2, 3), (2, 4)))


def shortcut_cpu(out, added, alpha, beta):
    """blas.c, shortcut_cpu, loop by loop."""
    (n, c2, h2, w2), (_, c1, h1, w1) = out.shape, added.shape
    out = out.copy()
    stride, sample = max(1, w1 // w2), max(1, w2 // w1)
    for b in range(n):
        for k in range(min(c1, c2)):
            for j in range(min(h1, h2)):
                for i in range(min(w1, w2)):
                    seen = added[b, k, j * stride, i * stride]
                    out[b, k, j * sample, i * sample] = alpha * out[b, k, j * sample, i * sample] + beta * seen
    return out


# (C, H, W) of the first bottom and of the other
PAIRS = [
    ((3, 4, 6), (3, 4, 6)),
    ((4, 4, 6), (2, 8, 12)),  # resnet: half the size, more channels
    ((2, 4, 6), (4, 9, 13)),  # stride 2, and a row and a column over
    ((3, 29, 29), (3, 57, 57)),  # 57 / 29 is 1: the corner
    ((3, 5, 7), (2, 4, 6)),  # smaller, but not by half
    ((3, 9, 13), (4, 4, 6)),  # sample 2
    ((2, 9, 10), (3, 3, 3)),  # sample 3
    ((2, 5, 6), (3, 6, 7)),
]


@pytest.mark.parametrize(("out", "added"), PAIRS)
def test_shortcut_is_darknets_loop(out, added):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, *out)), random.normal(size=(2, *added))
    (top,) = Shortcut(alpha=0.7, beta=-1.3).forward([x, y], [])
    np.testing.assert_allclose(top, shortcut_cpu(x, y, 0.7, -1.3), rtol=1e-13)


@needs_darknet
def test_shortcut_is_real_darknets(tmp_path):
    """Two valid convolutions of one map give any two sizes; the shortcut then adds the first to the second."""
    size, jobs = 60, []
    for number, ((c2, h2, _), (c1, h1, _)) in enumerate(PAIRS):
        cfg = tmp_path / f"{number}.cfg"
        first, second = (
            f"[convolutional]\nfilters={c}\nsize={size - h + 1}\nactivation=linear\n" for c, h in ((c1, h1), (c2, h2))
        )
        cfg.write_text(
            f"[net]\nheight={size}\nwidth={size}\nchannels=1\n"
            f"[activation]\nactivation=linear\n{first}[route]\nlayers=0\n{second}"
            "[shortcut]\nfrom=1\nalpha=0.5\nbeta=-2\nactivation=linear\n"
        )
        x = np.random.default_rng(number).normal(size=(2, 1, size, size)).astype(np.float32)
        jobs.append(Job(cfg=cfg, weights=None, input=x))
    for outputs in layer_outputs_of(jobs):
        (top,) = Shortcut(alpha=0.5, beta=-2.0).forward([outputs[3].values, outputs[1].values], [])
        np.testing.assert_allclose(top, outputs[4].values, rtol=1e-6, atol=1e-6)


def test_the_prefix_form_is_alexeyabs_loop_over_flat_indices():
    random = np.random.default_rng(0)
    x, fewer, more = (random.normal(size=(2, c, 3, 4)) for c in (4, 2, 5))
    wanted = x.reshape(2, -1).copy()
    for image in range(2):
        for index in range(wanted.shape[1]):
            for added in (fewer, more):
                flat = added[image].ravel()
                if index < len(flat):
                    wanted[image, index] += flat[index]
    (top,) = Shortcut(prefix=True).forward([x, fewer, more], [])
    np.testing.assert_allclose(top, wanted.reshape(x.shape), rtol=1e-13)


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (Shortcut(), ((1, 2, 4, 4), (1, 2, 8, 4))),  # Darknet asserts that both axes shrink alike
        (Shortcut(), ((1, 2, 5, 6), (1, 2, 6, 5))),
        (Shortcut(), ((1, 2, 4, 4),) * 3),  # the original reads the first of `from` only
        (Shortcut(), ((1, 2), (1, 2))),
        (Shortcut(prefix=True), ((1, 2, 4, 4), (1, 2, 5, 5))),
        (Shortcut(prefix=True, alpha=2.0), ((1, 2, 4, 4), (1, 2, 4, 4))),
    ],
)
def test_shortcuts_that_no_darknet_computes_are_refused(layer, shapes):
    with pytest.raises(ShapeError):
        layer.infer(shapes)
