from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from caffe_ir.errors import ConversionError
from converters.transplant.modules import COUNTER, Module, modules_of
from converters.transplant.receivers import Receiver, receivers_of
from converters.transplant.weights import affine_of, filter_blobs, lstm_blobs, narrowed, norm_blobs, plain_blobs
from converters.weights.tensors import held
from tests.converters.transplant.nets import bn, conv, data, layer, net_of, scale, seeded


def own(module: nn.Module) -> Module:
    (found,) = modules_of({f"m.{key}": held(tensor.detach().numpy()) for key, tensor in module.state_dict().items()})
    return found


def last(folder: Path, text: str, *shape: int) -> Receiver:
    return receivers_of(net_of(folder, data(*shape) + text))[0][-1]


@pytest.mark.parametrize("affine", [True, False])
def test_the_affine_form_is_torchs_batch_norm(affine: bool) -> None:
    norm = seeded(nn.BatchNorm1d(5, affine=affine, eps=1e-3)).double()
    x = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = affine_of(own(norm), 1e-3)
    np.testing.assert_allclose(x.numpy() * found.slope + found.offset, norm(x).detach().numpy(), rtol=1e-12, atol=1e-14)


def test_a_variance_of_zero_is_as_in_torch() -> None:
    norm, variance = nn.BatchNorm1d(2), torch.tensor([0.0, 1e-12])
    norm.running_var = variance
    wanted = F.batch_norm(torch.ones(1, 2).double(), torch.zeros(2).double(), variance.double(), eps=1e-5)
    np.testing.assert_allclose(affine_of(own(norm), 1e-5).slope, wanted[0].numpy(), rtol=1e-12)


def test_folding_needs_a_bias(tmp_path: Path) -> None:
    receiver = last(tmp_path, conv("c", "data", 4, 1, bias=False), 1, 3, 2, 2)
    with pytest.raises(ConversionError, match="bias_term: false"):
        filter_blobs(receiver, own(nn.Conv2d(3, 4, 1, bias=False)), own(nn.BatchNorm2d(4)), 1e-5)


def test_what_is_computed_is_left_to_be_rounded_once(tmp_path: Path) -> None:
    receiver = last(tmp_path, conv("c", "data", 4, 1), 1, 3, 2, 2)
    blobs, changes = filter_blobs(receiver, own(seeded(nn.Conv2d(3, 4, 1))), own(seeded(nn.BatchNorm2d(4))), 1e-5)
    assert [blob.load().dtype for blob in blobs["c"]] == [np.float64, np.float64]
    assert changes == ("m is folded into it with eps 1e-05",)


def test_the_factor_of_the_sums_is_one(tmp_path: Path) -> None:
    norm = nn.BatchNorm2d(3)
    seeded(norm)
    blobs, _ = norm_blobs(last(tmp_path, bn("n", "data"), 1, 3, 2, 2), own(norm), 1e-5, None)
    assert blobs["n"][2].load().tolist() == [1.0]
    np.testing.assert_array_equal(blobs["n"][1].load(), norm.state_dict()["running_var"].numpy())
    np.testing.assert_array_equal(blobs["n_scale"][0].load(), norm.weight.detach().numpy())


def test_group_norms_weights_cannot_take_a_bias_up(tmp_path: Path) -> None:
    receiver = last(tmp_path, scale("s", "data"), 1, 3, 2, 2)
    blobs, _ = norm_blobs(receiver, own(seeded(nn.GroupNorm(1, 3))), 1e-5, None)
    assert len(blobs["s"]) == 2
    with pytest.raises(ConversionError, match="no mean that could take up the bias"):
        norm_blobs(receiver, own(nn.GroupNorm(1, 3)), 1e-5, held(np.ones(3)))


def test_gates_go_from_torchs_order_to_caffes(tmp_path: Path) -> None:
    """Row r of gate g holds 10 g + r; torch's gates are i, f, g, o (its documentation), Caffe's i, f, o, g."""
    lstm = nn.LSTM(3, 2)
    held_by = dict(lstm.named_parameters())
    numbers = torch.tensor([0.0, 1, 10, 11, 20, 21, 30, 31])
    with torch.no_grad():
        held_by["weight_ih_l0"].copy_(numbers[:, None].expand(8, 3))
        held_by["bias_ih_l0"].copy_(numbers)
        held_by["bias_hh_l0"].fill_(0.5)
    text = data(5, 1, name="cont") + layer("LSTM", "l", "data cont", "recurrent_param { num_output: 2 }")
    blobs, _ = lstm_blobs(last(tmp_path, text, 5, 1, 3), own(lstm))
    order = [0, 1, 10, 11, 30, 31, 20, 21]
    assert blobs["l"][0].load()[:, 0].tolist() == order
    assert blobs["l"][1].load().tolist() == [number + 0.5 for number in order]


def test_a_shared_slope_loses_its_axis(tmp_path: Path) -> None:
    text = layer("PReLU", "p", "data", "prelu_param { channel_shared: true }")
    blobs, _ = plain_blobs(last(tmp_path, text, 1, 3, 2, 2), own(nn.PReLU()))
    assert blobs["p"][0].shape == ()
    assert float(blobs["p"][0].load()) == 0.25


def test_types_that_are_narrowed_are_counted() -> None:
    modules = {"a": own(nn.Conv2d(2, 2, 1).half()), "b": own(nn.BatchNorm2d(2)), "c": own(nn.Linear(2, 2).double())}
    tensors = (tensor for module in modules.values() for role, tensor in module.tensors.items() if role != COUNTER)
    assert narrowed(tensors) == {"float16": 2, "float64": 2}
