"""What depends on no input is a number in the net, computed once and without touching the user's module."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.graph.constants import live, stored
from tests.converters.pytorch.judge import Calls, converted, images, layers


class Table(nn.Module):
    """A constant from arange, a parameter changed in place, and one that has the shape of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(images(1, 3, 1, 1))
        self.plain = images(4)

    def forward(self, x):
        grid = torch.arange(4, dtype=x.dtype) / 7
        scale = self.scale.clone().mul_(3)
        return x * (scale * grid) + torch.full_like(x, 2) + self.plain


def test_constants_are_computed_beforehand_and_rounded_once():
    net = converted(Table(), images(2, 3, 5, 4), lowered=False)
    assert layers(net) == ["Parameter", "Mul", "Parameter", "Eltwise", "Parameter", "Add"]
    assert net.node("mul_constant").blobs[0].load().dtype == np.float64


def grid(x):
    """As YOLO heads make their anchors: constants in the type, and of the shape, of what the input led to."""
    return x + torch.arange(4).type_as(x) + torch.arange(3.0)[:, None].expand_as(x) + torch.arange(4).to(x)


def test_a_tensor_may_be_asked_for_its_type_and_shape():
    net = converted(Calls(grid), images(2, 3, 3, 4), lowered=False)
    assert layers(net) == ["Parameter", "Add", "Parameter", "Eltwise", "Parameter", "Add"]


def test_what_is_read_as_well_is_no_constant():
    assert layers(converted(Calls(lambda x: x.relu().expand_as(x)), images(1, 2, 3, 4))) == ["ReLU"]


def test_the_users_tensors_are_never_written_to():
    class Writes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1, 3))

        def forward(self, x):
            return x + self.weight.detach().clone().relu_().mul_(5)

    module = Writes()
    convert(module, (images(2, 3),))
    assert torch.equal(module.weight.data, torch.ones(1, 3))


def test_weights_stay_where_torch_has_them():
    module = nn.Conv2d(3, 4, 3).eval()
    weights = convert(module, (images(1, 3, 5, 5),)).nodes[1].blobs[0].load()
    assert np.shares_memory(weights, module.weight.detach().numpy())


def test_stored_tensors_and_dead_nodes():
    module = Calls(lambda x: (x.sigmoid(), x.relu())[1])
    program = torch.export.export(module, (images(1, 2),))
    assert [node.name for node in live(program)] == ["inputs_0", "relu"]
    program = torch.export.export(Table().eval(), (images(2, 3, 5, 4),))
    assert sorted(node.name for node in stored(program)) == ["c_plain", "p_scale"]


class Queries(nn.Module):
    """As DETR's decoder begins: learned queries attend to one another before they see the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.queries = nn.Parameter(images(1, 5, 8))
        self.decoder = nn.TransformerDecoderLayer(8, 2, 12, batch_first=True)

    def forward(self, x):
        return self.decoder(self.queries.expand(x.shape[0], -1, -1), x)


class State(nn.Module):
    """A sequence that is learned, through an LSTM with dropout between its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.Parameter(images(1, 3, 4))
        self.lstm = nn.LSTM(4, 4, 2, batch_first=True, dropout=0.5)

    def forward(self, x):
        return x + self.lstm(self.steps)[0]


@pytest.mark.parametrize(("module", "shape"), [(Queries(), (2, 6, 8)), (State(), (1, 3, 4))], ids=["sdpa", "lstm"])
def test_what_would_draw_in_training_alone_is_computed_beforehand(module, shape):
    net = converted(module, images(*shape), lowered=False)
    assert "LSTM" not in layers(net)
    assert layers(net).count("MatrixProduct") == (2 if shape == (2, 6, 8) else 0)


@pytest.mark.parametrize("function", [lambda x: x + torch.rand(3), lambda x: x + torch.randn_like(x)])
def test_random_numbers_are_refused(function):
    with pytest.raises(ConversionError, match="leave the noise out in eval mode"):
        convert(Calls(function), (images(1, 3),))


@pytest.mark.parametrize(
    ("function", "what", "hint"),
    [
        (lambda x: F.fractional_max_pool2d(x, 2, 2), "rand, which fractional_max_pool2d calls", "use max_pool2d"),
        (lambda x: F.gumbel_softmax(x, dim=1), "exponential, which gumbel_softmax calls", "leave the noise out"),
    ],
)
def test_what_draws_is_named_as_the_user_called_it(function, what, hint):
    with pytest.raises(ConversionError) as caught:
        convert(Calls(function), (images(1, 3, 6, 6),))
    (problem,) = caught.value.problems
    assert problem.what == f"{what}, gives different numbers at every run"
    assert problem.hint.startswith(hint)


def test_an_output_that_is_a_constant_is_kept_and_told():
    net = convert(Calls(lambda x: (x.relu(), torch.arange(3.0) / 2)), (images(1, 3),))
    assert layers(net) == ["ReLU", "Parameter"]
    assert any("depends on no input" in note.text for note in net.notes)
