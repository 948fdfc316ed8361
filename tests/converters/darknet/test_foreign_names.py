"""Hints for names that Darknet does not have: what they are to it is checked against torch, not copied from here."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.darknet import convert
from converters.darknet.activations import ACTIVATIONS
from converters.darknet.foreign_names import activation_hint, option_hint, section_hint
from converters.darknet.sections import HANDLERS
from tests.converters.darknet.judged import converted, net, refusals, written

X = torch.linspace(-9, 9, 4001, dtype=torch.float64)
ELSEWHERE = {
    "silu": torch.nn.SiLU(),
    "SiLU": torch.nn.SiLU(),
    "sigmoid": torch.nn.Sigmoid(),
    "none": torch.nn.Identity(),
    "identity": torch.nn.Identity(),
    "Identity": torch.nn.Identity(),
    "hard_tanh": torch.nn.Hardtanh(),
    "celu": torch.nn.CELU(),
}


def computed(name: str) -> np.ndarray:
    """What the layers of one of Darknet's activations make of X."""
    y = X.numpy()
    for layer in ACTIVATIONS[name].layers or ():
        (y,) = layer.forward([y.reshape(1, 1, 1, -1)], [])
    return np.asarray(y).ravel()


@pytest.mark.parametrize(("name", "module"), ELSEWHERE.items())
def test_an_activation_that_is_called_equal_is_equal(name, module):
    _, _, meant = activation_hint(name, ACTIVATIONS).partition("write activation=")
    assert np.abs(computed(meant) - module(X).numpy()).max() < 1e-12


@pytest.mark.parametrize(("name", "slope"), [("leaky", 0.1), ("relie", 0.01)])
def test_the_slopes_that_a_hint_names(name, slope):
    told = activation_hint("LeakyReLU", ACTIVATIONS)
    assert told == activation_hint("leaky_relu", ACTIVATIONS) == activation_hint("lrelu", ACTIVATIONS)
    assert f"={name} for" in told
    assert str(slope) in told
    assert np.abs(computed(name) - torch.nn.LeakyReLU(slope)(X).numpy()).max() < 1e-7


@pytest.mark.parametrize(
    ("name", "module"),
    [("hswish", torch.nn.Hardswish()), ("hard_swish", torch.nn.Hardswish()), ("h_sigmoid", torch.nn.Hardsigmoid())],
)
def test_an_activation_that_no_darknet_has_is_called_none(name, module):
    told = activation_hint(name, ACTIVATIONS)
    assert told.startswith("no Darknet has")
    assert "write" not in told
    wanted = module(X).numpy()
    distances = {one: np.abs(computed(one) - wanted).max() for one, known in ACTIVATIONS.items() if known.layers}
    distances.pop("normalize_channels", None)
    assert min(distances.values()) > 0.01


@pytest.mark.parametrize("name", ["silu", "hard_swish", "sigmoid", "leaky#act"])
def test_a_name_from_elsewhere_is_no_offer_of_relu(tmp_path, name):
    (told,) = refusals(tmp_path, net(f"[convolutional];activation={name}"))
    assert "--lenient" not in told


def test_a_comment_behind_an_activation(tmp_path):
    (told,) = refusals(tmp_path, net("[convolutional];activation=leaky # was relu"))
    assert "Darknet knows no comment behind a value: write activation=leaky" in told


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("se", "[scale_channels]"),
        ("Conv2d", "[convolutional]"),
        ("depthwise_convolutional", "groups="),
        ("concat", "[route]"),
        ("FC", "[connected]"),
        ("eltwise", "[shortcut]"),
        ("shortcutt", "did you mean [shortcut]?"),
        ("qqq", ""),
    ],
)
def test_sections(kind, told):
    hint = section_hint(kind, HANDLERS)
    assert told in hint if told else hint == ""


@pytest.mark.parametrize(
    ("key", "meant"),
    [("strideW", "stride_x"), ("stride_h", "stride_y"), ("kernel_size", "size"), ("bn", "batch_normalize")],
)
@pytest.mark.parametrize("dialect", ["darknet", "alexeyab"])
def test_options(tmp_path, key, meant, dialect):
    model = converted(tmp_path, net(f"[convolutional];filters=3;{key}=1;activation=relu"), dialect=dialect)
    (told,) = [note.text for note in model.net.notes if note.kind == "warning"]
    assert told.endswith(f"did you mean {meant}?")
    assert option_hint("group", ["size"]) == ""


@pytest.mark.parametrize("key", ["bias", "norm", "padding_mode", "output_padding"])
def test_what_no_darknet_has_resembles_nothing(tmp_path, key):
    """As if PyTorch's bias were binary, and its norm xnor."""
    model = converted(tmp_path, net(f"[convolutional];filters=3;{key}=1;activation=relu"), dialect="alexeyab")
    (told,) = [note.text for note in model.net.notes if note.kind == "warning"]
    assert told == f"the option {key}=1 is unknown and does nothing"


# ---- sections of the user's own --------------------------------------------------------------------------------------


def mine(section, build):
    return build.result(build.activated(build.image(build.previous), main=True))


@pytest.mark.parametrize("name", ["silu", "nonsense", "stair"])
def test_an_activation_that_a_section_of_ones_own_does_not_get_is_refused(tmp_path, name):
    told = refusals(tmp_path, net(f"[mine];activation={name}"), handlers={"mine": mine})
    assert any(f"tiny.cfg:6 [mine]: the activation {name}" in one for one in told)


def test_an_activation_in_a_section_of_ones_own(tmp_path):
    cfg, weights = written(tmp_path, net("[maxpool]"), header=(0, 2, 5))
    cfg.write_text(net("[mine];activation=mish"))
    model = convert(cfg, weights, handlers={"mine": mine})
    assert [node.layer.type_name() for node in model.net.nodes] == ["Input", "Mish"]
    cfg.write_text(net("[mine];activation=mish"))
    with pytest.raises(ConversionError, match="--dialect alexeyab"):
        convert(cfg, weights, handlers={"mine": mine}, dialect="darknet")
