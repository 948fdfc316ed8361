"""[batchnorm], [normalization], [l2norm], [activation], [logistic]: real Darknet; torch for [batchnorm]."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.converters.darknet.judged import ALEXEYAB, CLOSE, blobs_of, converted, farthest, judged, net, refusals
from tests.oracles.darknet import needs_darknet

FIRST = "[convolutional];filters=9;size=3;pad=1;activation=linear\n"

CASES = {
    "lrn": "[lrn]",
    "normalization": "[normalization];size=5;alpha=.1;beta=.5;kappa=2",
    "normalization of an even size": "[normalization];size=4;alpha=.1",
    "normalization of size 1": "[normalization];size=1;alpha=.1",
    "l2norm": "[l2norm]",
    "activation": "[activation];activation=leaky",
    "activation by default": "[activation]",
    "logistic": "[logistic]",
    "logistic of a vector": "[connected];output=5;activation=linear\n[logistic]\n[activation];activation=tanh",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normalization")
    return judged(folder, {name.replace(" ", "_"): net(FIRST + sections) for name, sections in CASES.items()})


@needs_darknet
@pytest.mark.parametrize("name", CASES)
def test_as_darknet(results, name):
    assert farthest(results[name.replace(" ", "_")]) < CLOSE


@pytest.mark.parametrize("sections", ["[batchnorm]", "[connected];output=6;activation=linear\n[batchnorm]"])
def test_batchnorm_of_alexeyab_has_biases_first(tmp_path, sections):
    model = converted(tmp_path, net(sections), header=ALEXEYAB)
    x = np.random.default_rng(0).random((2, 4, 12, 14), np.float32)[:1]
    values = blobs_of(model, x)
    index = len(model.net.values) - 2
    before = torch.from_numpy(values["data"] if index == 0 else values["connected_0"])
    c = before.shape[1]
    beta, gamma, mean, variance = torch.from_numpy(
        np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20)[-4 * c :].reshape(4, c)
    )
    expected = torch.nn.functional.batch_norm(before, mean, variance, gamma, beta, eps=1e-5)
    np.testing.assert_allclose(values[f"batchnorm_{index}"], expected, atol=1e-5)


def test_batchnorm_of_the_original_has_none(tmp_path):
    model = converted(tmp_path, net("[batchnorm]"))
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    stored = np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20).astype(np.float64)
    gamma, mean, variance = stored.reshape(3, 1, 4, 1, 1)
    expected = gamma * (x - mean) / (np.sqrt(variance) + 1e-6)
    np.testing.assert_allclose(blobs_of(model, x, np.float64)["batchnorm_0"], expected, atol=1e-9)
    assert any("crashes on [batchnorm]" in note.text for note in model.net.notes)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ("[normalization];size=0", "tiny.cfg:6 [normalization]: size=0 is less than 1"),
        ("[normalization];size=8", "tiny.cfg:6 [normalization]: size=8 with 4 channels"),
        ("[softmax]\n[l2norm]", "[l2norm] needs an image"),
        ("[softmax]\n[batchnorm]", "[batchnorm] needs an image"),
    ],
)
def test_what_does_not_fit(tmp_path, sections, expected):
    (found,) = refusals(tmp_path, net(sections))
    assert expected in found
