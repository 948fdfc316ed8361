"""[route], [shortcut], [scale_channels], [sam], [implicit]: real Darknet; torch for what only AlexeyAB's has."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from converters.darknet import convert
from tests.converters.darknet.judged import (
    ALEXEYAB,
    CLOSE,
    ORIGINAL,
    blobs_of,
    converted,
    farthest,
    judged,
    net,
    refusals,
)
from tests.oracles.darknet import needs_darknet

LINEAR = "size=3;pad=1;activation=linear"
WIDE = f"[convolutional];filters=7;{LINEAR}\n"
NARROW = f"[convolutional];filters=3;{LINEAR}\n"
SMALL = f"[convolutional];filters=5;stride=2;{LINEAR}\n"
SMALLER = f"[convolutional];filters=6;stride=3;{LINEAR}\n"

CASES = {
    "route to one": WIDE + NARROW + "[route];layers=-2",
    "route to two": WIDE + NARROW + "[route];layers=-1,0",
    "route to three": WIDE + NARROW + "[route];layers=0\n[route];layers=1,-1,-3",
    "flat route": WIDE + SMALL + "[route];layers=-1,0\n[connected];output=4;activation=linear",
    "route of vectors": "[connected];output=4\n[connected];output=3\n[route];layers=0,1\n[convolutional];filters=2",
    "route of a vector and a map": "[connected];output=4\n[avgpool]\n[route];layers=0,1\n[convolutional]",
    "route of softmaxes": NARROW + "[softmax]\n[softmax]\n[route];layers=1,2",
    "shortcut": WIDE + WIDE + "[shortcut];from=-2",
    "shortcut with activation": WIDE + WIDE + "[shortcut];from=0;activation=leaky",
    "shortcut with factors": WIDE + WIDE + "[shortcut];from=-2;alpha=0.5;beta=-2;activation=relu",
    "shortcut from fewer channels": NARROW + WIDE + "[shortcut];from=-2;alpha=.5;beta=3",
    "shortcut from more channels": WIDE + NARROW + "[shortcut];from=-2;alpha=.5;beta=3",
    "shortcut from a larger map": WIDE + SMALL + "[shortcut];from=0;alpha=.5;beta=3;activation=leaky",
    "shortcut from a smaller map": SMALL + "[upsample]\n" + WIDE + "[shortcut];from=0;alpha=.5;beta=3",
    "shortcut of connected layers": "[connected];output=4\n[connected];output=4\n[shortcut];from=0",
    "shortcut's first only": WIDE + WIDE + "[shortcut];from=0,-1",
}
ODD = {
    "odd map, larger by less than 2": WIDE + "[maxpool];size=4;padding=0\n" + "[shortcut];from=0;alpha=.5",
    "odd map, a third": WIDE + SMALLER + "[shortcut];from=0",
}


def tidy(name: str) -> str:
    return name.replace(",", "").replace(" ", "_").replace("'", "")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    cases = {tidy(name): net(sections) for name, sections in CASES.items()}
    cases |= {tidy(name): net(sections, height=13, width=19) for name, sections in ODD.items()}
    return judged(tmp_path_factory.mktemp("combination"), cases)


@needs_darknet
@pytest.mark.parametrize("name", [*CASES, *ODD])
def test_as_darknet(results, name):
    assert farthest(results[tidy(name)]) < CLOSE


def images(channels: int = 4) -> np.ndarray:
    return np.random.default_rng(0).random((1, channels, 12, 14), np.float32)


def parts_of(folder, sections: str, x: np.ndarray, *names: str) -> tuple[torch.Tensor, ...]:
    """The values of sections of an AlexeyAB model."""
    values = blobs_of(converted(folder, net(sections), header=ALEXEYAB), x)
    return tuple(torch.from_numpy(values[name]) for name in names)


@pytest.mark.parametrize("group", [0, 1, 2])
def test_a_route_takes_one_of_the_groups(tmp_path, group):
    sections = f"[convolutional];filters=6;{LINEAR}\n[route];layers=-1;groups=3;group_id={group}"
    before, part = parts_of(tmp_path, sections, images(), "conv_0", "route_1")
    np.testing.assert_array_equal(part, torch.chunk(before, 3, dim=1)[group])


def test_a_route_takes_its_group_of_each_layer(tmp_path):
    six, four = (f"[convolutional];filters={filters};{LINEAR}\n" for filters in (6, 4))
    sections = f"{six}{four}[route];layers=0,1;groups=2;group_id=1"
    first, second, both = parts_of(tmp_path, sections, images(), "conv_0", "conv_1", "route_2")
    np.testing.assert_array_equal(both, torch.cat([first[:, 3:], second[:, 2:]], dim=1))


def test_the_rest_of_a_route_is_no_output(tmp_path):
    model = converted(tmp_path, net(f"[convolutional];filters=6;{LINEAR}\n[route];layers=-1;groups=2;group_id=1"))
    assert model.net.outputs == ["route_1"]


def test_a_shortcut_of_many(tmp_path):
    """blas.c, shortcut_multilayer_cpu: the common channels of each are added."""
    sections = f"{WIDE}{NARROW}[convolutional];filters=5;{LINEAR}\n[shortcut];from=0,-2;activation=leaky"
    sections = sections.replace("[shortcut]", "[shortcut];weights_type=none")
    wide, narrow, before, total = parts_of(tmp_path, sections, images(), "conv_0", "conv_1", "conv_2", "shortcut_3")
    expected = before + wide[:, :5]
    expected[:, :3] += narrow
    np.testing.assert_allclose(total, torch.nn.functional.leaky_relu(expected, 0.1), atol=1e-6)


@pytest.mark.parametrize("kind", ["per_feature", "per_layer", "per_channel"])
@pytest.mark.parametrize("norm", ["relu", "avg_relu", "softmax"])
def test_a_shortcut_with_weights(tmp_path, kind, norm):
    """blas.c, shortcut_multilayer_cpu: out = w0 in + w1 from; relu: w / (1e-4 + sum); softmax likewise."""
    sections = f"{WIDE}{WIDE}[shortcut];from=-2;weights_type={kind};weights_normalization={norm};activation=linear"
    first, second, total = parts_of(tmp_path, sections, images(), "conv_0", "conv_1", "shortcut_2")
    count = 14 if kind == "per_channel" else 2
    weights = torch.from_numpy(np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20)[-count:].reshape(2, -1, 1, 1))
    if norm == "softmax":
        weights = torch.exp(weights - weights.amax(0))
    weights = weights / (1e-4 + weights.sum(0))
    np.testing.assert_allclose(total, weights[0] * second + weights[1] * first, atol=2e-6)


def test_a_weighted_shortcut_of_other_channels(tmp_path):
    sections = f"{NARROW}{WIDE}[shortcut];from=-2;weights_type=per_feature;weights_normalization=relu"
    first, second, total = parts_of(tmp_path, sections, images(), "conv_0", "conv_1", "shortcut_2")
    weights = np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20)[-2:]
    weights = weights / (1e-4 + weights.sum())
    expected = weights[0] * second
    expected[:, :3] += weights[1] * first
    np.testing.assert_allclose(total, expected, atol=2e-6)


def test_small_weights_of_a_shortcut_count_as_a_thousandth(tmp_path):
    text = net(f"{WIDE}{WIDE}[shortcut];from=-2;weights_type=per_feature;weights_normalization=relu")
    converted(tmp_path, text, header=ALEXEYAB)
    path = tmp_path / "tiny.weights"
    stored = bytearray(path.read_bytes())
    stored[-8:] = np.array([-0.5, 1.0], "<f4").tobytes()
    path.write_bytes(stored)
    model = convert(tmp_path / "tiny.cfg", path)
    assert model.net.node("shortcut_2").layer.spelled()["coeff"] == pytest.approx((0.001 / 1.0011, 1 / 1.0011))
    assert any("under 0.001" in note.text for note in model.net.notes)


def test_a_shortcut_that_alexeyab_refuses_is_the_originals(tmp_path):
    sections = f"{WIDE}{SMALL}[shortcut];from=0"
    model = converted(tmp_path, net(sections), header=ALEXEYAB)
    (note,) = [note for note in model.net.notes if "refuses maps of different sizes" in note.text]
    assert note.kind == "assumed"
    values = blobs_of(model, images())
    expected = values["conv_1"] + values["conv_0"][:, :5, ::2, ::2]
    np.testing.assert_allclose(values["shortcut_2"], expected, atol=1e-6)


def test_scale_channels(tmp_path):
    sections = f"{WIDE}[avgpool]\n[scale_channels];from=-2;activation=relu"
    whole, means, scaled = parts_of(tmp_path, sections, images(), "conv_0", "avgpool_1", "scale_channels_2")
    np.testing.assert_allclose(scaled, torch.relu(whole * means), atol=1e-6)


def test_scale_channels_by_place(tmp_path):
    sections = f"{WIDE}[convolutional];{LINEAR}\n[scale_channels];from=-2;scale_wh=1"
    whole, plane, scaled = parts_of(tmp_path, sections, images(), "conv_0", "conv_1", "scale_channels_2")
    np.testing.assert_allclose(scaled, whole * plane, atol=1e-6)


def test_sam(tmp_path):
    sections = f"{WIDE}{WIDE}[sam];from=-2;activation=logistic"
    first, second, product = parts_of(tmp_path, sections, images(), "conv_0", "conv_1", "sam_2")
    np.testing.assert_allclose(product, torch.sigmoid(first * second), atol=1e-6)


@pytest.mark.parametrize("batch", [1, 3])
def test_implicit(tmp_path, batch):
    model = converted(tmp_path, net("[convolutional]\n[implicit];filters=3;atoms=2"), batch=batch)
    stored = np.fromfile(tmp_path / "tiny.weights", "<f4", offset=20)[-6:].reshape(1, 3, 2, 1)
    values = blobs_of(model, np.zeros((batch, 4, 12, 14), np.float32))
    np.testing.assert_array_equal(values["implicit_1"], np.repeat(stored, batch, axis=0))


@pytest.mark.parametrize(
    ("sections", "header", "expected"),
    [
        ("[route]", ORIGINAL, "tiny.cfg:5 [route]: [route] has no layers="),
        ("[convolutional]\n[route];layers=1", ORIGINAL, "tiny.cfg:7 [route]: layers=1 points at this very section"),
        ("[convolutional]\n[route];layers=7", ORIGINAL, "tiny.cfg:7 [route]: layers=7 points behind this section"),
        ("[convolutional]\n[route];layers=-2", ORIGINAL, "layers=-2 (section -1) points before the first section"),
        ("[cost]\n[cost]", ORIGINAL, "a section follows [cost]"),
        ("[convolutional];filters=4\n[route];layers=0;groups=3", ALEXEYAB, "groups=3 does not divide 4 channels"),
        (
            "[convolutional];filters=4\n[route];layers=0;groups=2;group_id=2",
            ALEXEYAB,
            "group_id=2 is not one of 2 groups",
        ),
        ("[convolutional];filters=4\n[route];layers=0;groups=0", ALEXEYAB, "groups=0 is less than 1"),
        ("[shortcut]", ORIGINAL, "[shortcut] has no from="),
        ("[convolutional]\n[shortcut];from=3", ORIGINAL, "tiny.cfg:7 [shortcut]: from=3 points behind this section"),
        ("[softmax]\n[connected]\n[shortcut];from=0", ORIGINAL, "needs an image"),
        (
            "[convolutional];size=6\n[shortcut];from=-1\n[shortcut];from=-2\n[crop];crop_height=7;crop_width=3\n[shortcut];from=0",
            ORIGINAL,
            "a map of 7 x 9 cannot be added to one of 7 x 3",
        ),
        (
            f"{WIDE}{SMALL}[shortcut];from=0,1;activation=linear",
            ALEXEYAB,
            "a map of 12 x 14 cannot be added to one of 6 x 7",
        ),
        (f"{WIDE}[shortcut];from=0;weights_type=both", ALEXEYAB, "weights_type=both is not one of"),
        (f"{WIDE}[shortcut];from=0;weights_type=per_layer", ALEXEYAB, "weights_normalization=none is not one of"),
        (
            f"{WIDE}{SMALL}[route];layers=0,-1\n[convolutional]",
            ORIGINAL,
            "([route] in line 16 joins conv_0 (12 x 14), conv_1 (6 x 7), of which Darknet makes a vector)\n    -> are",
        ),
        ("[scale_channels]", ALEXEYAB, "[scale_channels] has no from="),
        (f"{WIDE}{NARROW}[scale_channels];from=0", ALEXEYAB, "3 x 12 x 14 cannot scale 7 x 12 x 14"),
        (f"{WIDE}{NARROW}[scale_channels];from=0;scale_wh=1", ALEXEYAB, "it must be (1, 12, 14)"),
        (f"{WIDE}{NARROW}[sam];from=0", ALEXEYAB, "cannot be multiplied"),
        ("[implicit];filters=0", ALEXEYAB, "filters=0 is less than 1"),
    ],
)
def test_what_does_not_fit(tmp_path, sections, header, expected):
    (found,) = refusals(tmp_path, net(sections), header=header)
    assert expected in found
