"""Where tensors lie in files: the file's bytes are the tensor's, and what was changed in memory lies in none."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from converters.pytorch import convert
from converters.pytorch.mapped import MappedFiles
from converters.pytorch.state_dict import load_weights

LARGE = (300, 400)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which pages were written to")


def tensors():
    draw = torch.Generator().manual_seed(0)
    return {name: torch.randn(LARGE, generator=draw) for name in ("first", "second", "third")}


def load_pth(path):
    torch.save(tensors(), path)
    return torch.load(path, mmap=True, weights_only=True)


def load_safetensors(path):
    save_file(tensors(), path)
    return load_file(path)


def in_file(tensor):
    """The tensor's numbers as its file has them, or None where it lies in no file."""
    span = MappedFiles().span(tensor)
    if span is None:
        return None
    return np.fromfile(span.path, "<f4", tensor.numel(), offset=span.offset).reshape(tensor.shape)


@pytest.mark.parametrize("load", [load_pth, load_safetensors])
def test_a_mapped_tensor_is_found_whether_its_pages_were_read_or_not(load, tmp_path):
    held, expected = load(tmp_path / "weights"), tensors()
    for _ in range(2):
        for name, tensor in held.items():
            assert np.array_equal(in_file(tensor), expected[name].numpy())
            tensor.sum()  # the second time its pages are there


def test_rows_and_views_of_a_mapped_tensor_are_found(tmp_path):
    held, expected = load_pth(tmp_path / "weights"), tensors()
    assert np.array_equal(in_file(held["second"][7:9]), expected["second"][7:9].numpy())
    assert np.array_equal(in_file(held["second"].view(200, 600)), expected["second"].view(200, 600).numpy())
    assert in_file(held["second"].T) is None
    assert in_file(held["second"][:, 3:]) is None


CHANGES = {
    "in place": lambda tensor: tensor.mul_(2),
    "through data": lambda tensor: tensor.data.mul_(2),
    "through numpy": lambda tensor: np.multiply(tensor.numpy(), 2, out=tensor.numpy()),
    "a single number": lambda tensor: tensor[150].data.fill_(1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_changed_in_memory_lies_in_no_file(change, tmp_path):
    held, expected = load_pth(tmp_path / "weights"), tensors()
    change(held["second"])
    assert in_file(held["second"]) is None
    assert np.array_equal(in_file(held["first"][:100]), expected["first"][:100].numpy())


def test_other_tensors_lie_in_no_file(tmp_path):
    held = load_pth(tmp_path / "weights")["first"]
    for tensor in (torch.ones(LARGE), held.double(), held.half(), held.clone(), torch.ones(0), nn.Linear(5, 5).weight):
        assert in_file(tensor) is None


def test_a_file_that_was_deleted_or_replaced_is_not_read_again(tmp_path):
    held = load_pth(tmp_path / "weights")["first"]
    assert in_file(held) is not None
    (tmp_path / "other").write_bytes(bytes(2_000_000))
    (tmp_path / "other").replace(tmp_path / "weights")
    assert in_file(held) is None
    (tmp_path / "weights").unlink()
    assert in_file(held) is None


class Doubled(nn.Module):
    """Its weights are changed after they were loaded, in the way of hooks that convert old checkpoints."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 64)
        self.kept = nn.Linear(64, 64)
        self.register_load_state_dict_post_hook(Doubled.doubled)

    def doubled(self, _):
        self.linear.weight.data.mul_(2)

    def forward(self, x):
        return self.kept(self.linear(x))


def test_weights_go_from_file_to_file_unless_the_model_changed_them(tmp_path):
    weights = {name: torch.randn_like(tensor) for name, tensor in Doubled().state_dict().items()}
    weights["padding"] = torch.zeros(3000)
    ordered = {name: weights[name] for name in ("linear.weight", "linear.bias", "padding", "kept.weight", "kept.bias")}
    torch.save(ordered, tmp_path / "weights.pth")
    module = Doubled().eval()
    load_weights(module, torch.load(tmp_path / "weights.pth", mmap=True, weights_only=True))
    net = convert(module, (torch.zeros(1, 64),))
    found = {node.name: node.blobs[0] for node in net.nodes if node.blobs}
    assert found["linear"].span is None
    assert found["kept"].span is not None
    assert np.array_equal(found["linear"].load(), 2 * weights["linear.weight"].numpy())
    assert np.array_equal(found["kept"].load(), weights["kept.weight"].numpy())
