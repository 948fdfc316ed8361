"""Files as torch, NumPy and safetensors write them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.weights import open_weights
from converters.weights.tensors import Tensor


def values() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    whole = torch.randn(6, 5, generator=generator)
    return {
        "float": whole,
        "turned": whole.T,
        "part": whole[2:4, 1:],
        "half": whole.half(),
        "bfloat": whole.bfloat16(),
        "double": whole.double(),
        "count": torch.tensor(7),
        "empty": torch.zeros(0, 3),
    }


def assert_equal(found: Tensor, wanted: torch.Tensor) -> None:
    assert found.shape == tuple(wanted.shape)
    assert found.dtype == str(wanted.dtype).removeprefix("torch.")
    wide = wanted.float() if wanted.dtype == torch.bfloat16 else wanted
    np.testing.assert_array_equal(found.read(), wide.detach().numpy())


def flat(path: Path) -> dict[str, Tensor]:
    found = open_weights(path)
    assert all(isinstance(value, Tensor) for value in found.values())
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_save(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "weights.pth"
    torch.save(values(), path, _use_new_zipfile_serialization=zipped)
    found = flat(path)
    assert list(found) == list(values())
    for name, tensor in values().items():
        assert_equal(found[name], tensor)
    assert (found["float"].span is not None) == zipped
    if zipped:
        assert found["turned"].place != found["float"].place
        assert found["turned"].span is None


def test_a_checkpoint_with_parameters_and_other_things(tmp_path: Path) -> None:
    conv = nn.Conv2d(2, 3, 1)
    module = nn.Sequential(conv, nn.BatchNorm2d(3))
    optimizer = torch.optim.Adam(module.parameters())
    torch.save(
        {
            "epoch": 3,
            "device": torch.device("cpu"),
            "size": conv.weight.shape,
            "state_dict": module.state_dict(),
            "parameters": OrderedDict(module.named_parameters()),
            "optimizer": optimizer.state_dict(),
            "dtype": torch.float16,
        },
        tmp_path / "checkpoint.pt",
    )
    found = open_weights(tmp_path / "checkpoint.pt")
    for nest in ("state_dict", "parameters"):
        inner = found[nest]
        assert isinstance(inner, dict)
        weight = inner["0.weight"]
        assert isinstance(weight, Tensor)
        assert_equal(weight, conv.weight.detach())
    assert "epoch" not in found


def test_safetensors_as_its_format_says(tmp_path: Path) -> None:
    """The header is its length, then JSON, then the numbers: written here by hand, after the format's description."""
    whole = np.arange(6, dtype="<f4").reshape(2, 3)
    half = np.arange(3, dtype="<f2")
    header = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "F16", "shape": [3], "data_offsets": [24, 30]},
    }
    text = json.dumps(header).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + whole.tobytes() + half.tobytes())
    found = flat(path)
    np.testing.assert_array_equal(found["a"].read(), whole)
    np.testing.assert_array_equal(found["b"].read(), half)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ConversionError, match="damaged or cut short"):
        open_weights(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path: Path, save) -> None:
    arrays = {"conv.weight": np.arange(6, dtype="f").reshape(2, 3), "conv.bias": np.asfortranarray(np.ones((2, 3)))}
    save(tmp_path / "w.npz", **arrays)
    found = flat(tmp_path / "w.npz")
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name].read(), array)
    assert (found["conv.weight"].span is not None) == (save is np.savez)


def test_npy_of_an_array_and_of_a_dictionary(tmp_path: Path) -> None:
    np.save(tmp_path / "kernel.npy", np.asfortranarray(np.arange(6, dtype="f").reshape(2, 3)))
    np.testing.assert_array_equal(flat(tmp_path / "kernel.npy")["kernel"].read(), np.arange(6).reshape(2, 3))
    given = {"conv1": {"weight": np.arange(4, dtype="f")}, "x.bias": np.zeros(2)}
    np.save(tmp_path / "dict.npy", given)  # type: ignore[arg-type]
    found = open_weights(tmp_path / "dict.npy")
    inner = found["conv1"]
    assert isinstance(inner, dict)
    assert isinstance(inner["weight"], Tensor)
    assert inner["weight"].read().tolist() == [0, 1, 2, 3]


class Model(nn.Module):
    """A class that only this file has."""


def refused(path: Path) -> str:
    with pytest.raises(ConversionError) as caught:
        open_weights(path)
    return str(caught.value)


def test_what_is_no_weights_is_told(tmp_path: Path) -> None:
    torch.save({"model": Model()}, tmp_path / "model.pth")
    assert "Model would have to be imported and run" in refused(tmp_path / "model.pth")
    assert "torch.save(model.state_dict()" in refused(tmp_path / "model.pth")
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    assert "no tensors by name" in refused(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("weights")
    assert "no file of weights that is known" in refused(tmp_path / "text.pth")
    assert "cannot read" in refused(tmp_path / "missing.pth")
    torch.jit.save(torch.jit.trace(nn.ReLU(), torch.zeros(1)), tmp_path / "script.pt")
    assert "TorchScript" in refused(tmp_path / "script.pt")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_told(tmp_path: Path, share: float) -> None:
    torch.save(values(), tmp_path / "w.pth")
    whole = (tmp_path / "w.pth").read_bytes()
    (tmp_path / "w.pth").write_bytes(whole[: int(len(whole) * share)])
    assert "damaged or cut short" in refused(tmp_path / "w.pth")


def test_arrays_of_numpy_cut_short_or_damaged_are_told(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((3, 4)))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-1])
    assert "needs 12 numbers where there are 11" in refused(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(whole.replace(b"'shape': (3, 4), }", b"'shape': (3, 4L,(  "))
    assert "damaged or cut short" in refused(tmp_path / "a.npy")
    np.savez_compressed(tmp_path / "b.npz", b=np.random.default_rng(0).random(100))
    whole = (tmp_path / "b.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(whole[:400] + bytes(50) + whole[450:])
    with pytest.raises(ConversionError, match="damaged or cut short"):
        flat(tmp_path / "b.npz")["b"].read()


def test_no_torch_is_loaded_for_the_files_of_today(tmp_path: Path) -> None:
    torch.save(values(), tmp_path / "w.pth")
    path = str(tmp_path / "w.pth")
    opened = f"import sys; from converters.weights import open_weights; open_weights({path!r})"
    program = f"{opened}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
