from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from converters.transplant.fits import misfit, module_class, receiver_class
from converters.transplant.modules import modules_of
from converters.transplant.receivers import receivers_of
from converters.weights.tensors import held
from tests.converters.transplant.nets import bn, conv, data, layer, net_of, scale

CONV = conv("c", "data", 4, 3)
NO_BIAS = conv("c", "data", 4, 3, bias=False)
NORM = "batch_norm_param { use_global_stats: true }"


def fit(
    folder: Path, text: str, module: nn.Module, norm_behind: bool = False, shape: tuple[int, ...] = (1, 3, 3, 3)
) -> str:
    """Whether the last receiver of the net and the module fit: empty, or the reason why not."""
    receiver = receivers_of(net_of(folder, data(*shape) + text))[0][-1]
    (own,) = modules_of({f"m.{key}": held(tensor.detach().numpy()) for key, tensor in module.state_dict().items()})
    reason = misfit(receiver, own, norm_behind)
    assert receiver_class(receiver) == module_class(own) or reason
    return reason


@pytest.mark.parametrize(
    ("text", "module"),
    [
        (CONV, nn.Conv2d(3, 4, 3)),
        (CONV, nn.Conv2d(3, 4, 3, bias=False)),
        (CONV, nn.Linear(27, 4)),
        (layer("InnerProduct", "f", "data", "inner_product_param { num_output: 4 }"), nn.Conv2d(3, 4, 3)),
        (
            layer("Convolution", "c", "data", "convolution_param { num_output: 4 kernel_h: 1 kernel_w: 3 }"),
            nn.Conv1d(3, 4, 3),
        ),
        (bn("n", "data"), nn.BatchNorm2d(3)),
        (bn("n", "data"), nn.BatchNorm2d(3, affine=False)),
        (layer("BatchNorm", "n", "data", NORM), nn.BatchNorm2d(3, affine=False)),
        (scale("s", "data"), nn.BatchNorm2d(3)),
        (scale("s", "data"), nn.GroupNorm(1, 3)),
        (layer("PReLU", "p", "data"), nn.PReLU(3)),
        (layer("PReLU", "p", "data", "prelu_param { channel_shared: true }"), nn.PReLU(1)),
    ],
)
def test_what_fits(tmp_path: Path, text: str, module: nn.Module) -> None:
    assert fit(tmp_path, text, module) == ""


@pytest.mark.parametrize(
    ("text", "module", "told"),
    [
        (CONV, nn.Conv2d(4, 3, 3), "other weights"),
        (CONV, nn.Conv2d(27, 4, 1), "c is (4, 3, 3, 3), m (4, 27, 1, 1)"),
        (NO_BIAS, nn.Conv2d(3, 4, 3), "bias_term: false"),
        (CONV, nn.BatchNorm2d(4), "other weights"),
        (bn("n", "data"), nn.GroupNorm(1, 3), "no mean and variance"),
        (layer("BatchNorm", "n", "data", NORM), nn.BatchNorm2d(3), "no Scale stands behind n"),
        (layer("BatchNorm", "n", "data", NORM, "n") + layer("Scale", "s", "n"), nn.BatchNorm2d(3), "bias_term: true"),
        (
            layer("Deconvolution", "d", "data", "convolution_param { num_output: 4 kernel_size: 3 }"),
            nn.Conv2d(4, 3, 3),
            "d has 4 outputs, m 3",
        ),
        (
            layer("Embed", "e", "data", "embed_param { num_output: 4 input_dim: 9 }"),
            nn.Linear(4, 9),
            "an Embedding",
        ),
    ],
)
def test_what_does_not_fit(tmp_path: Path, text: str, module: nn.Module, told: str) -> None:
    assert told in fit(tmp_path, text, module)


def test_a_norm_behind_takes_a_bias_up(tmp_path: Path) -> None:
    assert fit(tmp_path, NO_BIAS, nn.Conv2d(3, 4, 3), norm_behind=True) == ""


def test_lstm_fits_by_both_its_matrices(tmp_path: Path) -> None:
    text = data(5, 1, name="cont") + layer("LSTM", "l", "data cont", "recurrent_param { num_output: 2 }")
    assert fit(tmp_path, text, nn.LSTM(3, 2), shape=(5, 1, 3)) == ""
    assert "other weights" in fit(tmp_path, text, nn.LSTM(4, 2), shape=(5, 1, 3))
    assert "takes (8, 3)" in fit(tmp_path, text, nn.LSTM(6, 1), shape=(5, 1, 3))
    static = (
        data(5, 1, name="cont")
        + data(1, 4, name="s")
        + layer("LSTM", "l", "data cont s", "recurrent_param { num_output: 2 }")
    )
    assert "static input" in fit(tmp_path, static, nn.LSTM(3, 2), shape=(5, 1, 3))
