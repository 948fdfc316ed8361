"""Activations: real Darknet for the original's, torch and AlexeyAB's formulas for his."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from converters.darknet.activations import ACTIVATIONS, choose
from tests.converters.darknet.judged import ALEXEYAB, CLOSE, blobs_of, converted, farthest, judged, net, refusals
from tests.oracles.darknet import needs_darknet

# activations.c, get_activation of pjreddie's Darknet; stair is there, too, but needs a floor.
ORIGINAL_NAMES = (
    *("linear", "leaky", "relu", "logistic", "tanh", "loggy", "elu", "selu"),
    *("relie", "ramp", "plse", "hardtan", "lhtan"),
)
# activations.c, get_activation of AlexeyAB's, without those.
ALEXEYAB_NAMES = (
    "relu6",
    "swish",
    "mish",
    "hard_mish",
    "gelu",
    "revleaky",
    "normalize_channels",
    "normalize_channels_softmax",
    "normalize_channels_softmax_maxval",
)
# Amplified, so that every branch of every activation is reached.
LOUD = "[convolutional];filters=9;size=3;pad=1;activation=linear\n[upsample];stride=1;scale=4\n"


def positive(x: torch.Tensor) -> torch.Tensor:
    return x / (1e-4 + x.sum(1, keepdim=True))


# activations.c and activation_kernels.cu.
FORMULAS = {
    "relu6": F.relu6,
    "swish": F.silu,
    "mish": F.mish,
    "hard_mish": lambda x: torch.where(x > 0, x, torch.where(x > -2, x * x / 2 + x, torch.zeros(()))),
    "gelu": lambda x: 0.5 * x * (1 + torch.tanh(0.797885 * x + 0.035677 * x**3)),
    "revleaky": lambda x: F.leaky_relu(x, 0.1),
    "normalize_channels": lambda x: positive(torch.relu(x)),
    "normalize_channels_softmax": lambda x: positive(torch.exp(x)),
    "normalize_channels_softmax_maxval": lambda x: positive(torch.exp(x - x.amax(1, keepdim=True))),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    cases = {name: net(f"{LOUD}[activation];activation={name}") for name in ORIGINAL_NAMES}
    return judged(tmp_path_factory.mktemp("activations"), cases)


@needs_darknet
@pytest.mark.parametrize("name", ORIGINAL_NAMES)
def test_as_darknet(results, name):
    one = results[name]
    loud = one.outputs[1].values
    assert loud.min() < -5
    assert loud.max() > 5
    assert farthest(one) < CLOSE


def test_all_names_of_both_are_known():
    assert set(ACTIVATIONS) == {*ORIGINAL_NAMES, "stair", *ALEXEYAB_NAMES}
    assert {name for name, known in ACTIVATIONS.items() if known.only_alexeyab} == set(ALEXEYAB_NAMES)


@pytest.mark.parametrize("name", ALEXEYAB_NAMES)
def test_as_alexeyab(tmp_path, name):
    layer = "[convolutional];filters=9;size=3;pad=1;activation="
    values = {}
    for which in ("linear", name):
        model = converted(tmp_path, net(f"{layer}{which}"), header=ALEXEYAB, dialect="alexeyab")
        x = 6 * np.random.default_rng(0).standard_normal((1, 4, 12, 14)).astype(np.float32)
        values[which] = blobs_of(model, x)["conv_0"]
    assert values["linear"].min() < -5
    assert values["linear"].max() > 6
    expected = FORMULAS[name](torch.from_numpy(values["linear"]))
    np.testing.assert_allclose(values[name], expected, rtol=2e-6, atol=2e-6)


def test_relu6_says_whose_meaning_it_takes(tmp_path):
    model = converted(tmp_path, net("[convolutional];activation=relu6"), header=ALEXEYAB)
    (note,) = [note for note in model.net.notes if "relu6 means" in note.text]
    assert note.kind == "assumed"
    assert note.origin is not None
    assert note.origin.line == 6


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("activation", "swish"),
        ("activation", "mish"),
        ("connected", "mish"),
        ("local", "swish"),
        ("sam", "hard_mish"),
        ("scale_channels", "swish"),
        ("shortcut", "hard_mish"),
        ("shortcut", "normalize_channels"),
    ],
)
def test_where_alexeyab_gives_zeros(kind, name):
    chosen = choose(name, kind, "alexeyab", lenient=False)
    assert "nothing but zeros" in chosen.why
    assert chosen.layers == ()


@pytest.mark.parametrize(
    ("kind", "name"), [("shortcut", "mish"), ("shortcut", "swish"), ("sam", "logistic"), ("activation", "gelu")]
)
def test_where_alexeyab_computes_it(kind, name):
    assert choose(name, kind, "alexeyab", lenient=False).layers


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        ("leeky", (0, 2, 0), "tiny.cfg:6 [convolutional]: the activation leeky is unknown (Darknet takes it for relu"),
        ("leaky#0.1", (0, 2, 0), "the activation leaky#0.1 is unknown"),
        ("Leaky", (0, 2, 0), "the activation Leaky is unknown"),
        ("stair", (0, 2, 0), "the activation stair cannot be written in Caffe"),
    ],
)
def test_what_is_refused(tmp_path, name, header, expected):
    (found,) = refusals(tmp_path, net(f"[convolutional];activation={name}"), header=header)
    assert expected in found


def test_the_original_does_not_know_mish(tmp_path):
    (found,) = refusals(tmp_path, net("[convolutional];activation=mish"), dialect="darknet")
    assert "the activation mish is unknown" in found
    assert "--dialect alexeyab" in found


@needs_darknet
def test_lenient_takes_relu_as_darknet_does(tmp_path):
    text = net("[convolutional];filters=5;size=3;activation=leeky")
    one = judged(tmp_path, {"leeky": text}, lenient=True)["leeky"]
    assert farthest(one) < CLOSE
    (note,) = [note for note in one.model.net.notes if note.kind == "warning"]
    assert "leeky" in note.text
    assert [node.name for node in one.model.net.nodes] == ["data", "conv_0", "conv_0_relu"]


def test_all_wrong_names_are_told_at_once_also_behind_a_section_that_fails(tmp_path):
    text = net(
        "[convolutional];activation=one\n[maxpool];stride=0\n[connected];activation=two\n[activation];activation=three"
    )
    found = refusals(tmp_path, text)
    assert [problem.split(":")[1].split()[0] for problem in found] == ["6", "8", "10", "12"]
