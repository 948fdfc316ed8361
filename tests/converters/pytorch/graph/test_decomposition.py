"""Operations without a handler, by what torch itself makes of them."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from converters.pytorch import HANDLERS, convert
from converters.pytorch.graph.decomposition import parts
from tests.converters.pytorch.judge import Beside, Calls, converted, images, layers

X = images(2, 6, 4, 5)
ROWS = images(3, 6, seed=1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.hstack([x, x * 2]),
        lambda x: torch.dstack([x, x * 2]),
        lambda x: x.hsplit(2)[1],
        torch.atleast_3d,
        lambda x: x.diff(dim=2),
        lambda x: x.rot90(1, (2, 3)),
        lambda x: x.fliplr(),
        lambda x: x.tril(1),
        lambda x: x.ravel(),
        lambda x: torch.broadcast_tensors(x, x.mean(1, keepdim=True))[1] + x,
        lambda x: F.cosine_similarity(x, x.flip(1), dim=1),
        lambda x: F.pairwise_distance(x, x.flip(1)),
        lambda x: F.smooth_l1_loss(x, x.flip(1), reduction="none"),
        lambda x: F.mse_loss(x, x.flip(1)).reshape(1),
        torch.special.expit,
        lambda x: torch.special.log_softmax(x, 1),
        lambda x: torch.lerp(x, x.flip(1), torch.sigmoid(x)),
        torch.deg2rad,
        lambda x: sum(torch.aminmax(x, dim=1)),
        lambda x: sum(torch.std_mean(x, (2, 3))),
        lambda x: (
            torch.tensordot(x, x[:, :, :1], dims=([2, 3], [2, 3])) if x.shape[2] == 1 else torch.linalg.norm(x, dim=1)
        ),
        lambda x: torch.linalg.vecdot(x, x.flip(1)),
        lambda x: torch.outer(x[0, 0, 0], x[1, 1, 1]),
        lambda x: torch.kron(x[0, 0], x[1, 1]),
        lambda x: x.relu().absolute_(),
    ],
)
def test_compositions(function):
    converted(Calls(function), X)


def test_constants_among_the_arguments():
    converted(Beside(lambda x, held: F.cosine_similarity(x[:, None], held[None], dim=-1), ROWS), images(2, 6))
    converted(Beside(lambda x, held: torch.tensordot(x, held, dims=([1], [1])), ROWS), X)


def test_the_last_part_has_the_name_of_the_call():
    net = convert(Calls(lambda x: torch.hstack([x, x * 2])), (X,))
    assert [node.name for node in net.nodes if node.bottoms][-1] == "hstack"
    assert layers(net) == ["Power", "Concat"]


def test_a_call_is_told_whole_where_a_part_has_no_form():
    with pytest.raises(ConversionError, match=r"aten\.remainder\.Scalar on \(2, 6, 4, 5\) is not supported"):
        convert(Calls(lambda x: x % 0.5), (X,))


def test_what_torch_has_no_parts_for():
    program = torch.export.export(Calls(lambda x: x.mode()[0]), (X,))
    (call,) = [node for node in program.graph.nodes if str(node.target) == "aten.mode.default"]
    assert parts(call, lambda op: op in HANDLERS) is None
