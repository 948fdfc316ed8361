"""Files as torch, NumPy and safetensors write them."""

from __future__ import annotations

import io
import json
import pickle
import random
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from caffe_ir.errors import ConversionError
from converters.weights import open_weights
from converters.weights.tensors import Nested, Tensor


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
    found = open_weights(path).tensors
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
    assert found["float"].span is not None
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
    found = open_weights(tmp_path / "checkpoint.pt").tensors
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
    with pytest.raises(ConversionError, match="cut short: its tensors take 30 bytes, and 28 follow"):
        open_weights(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path: Path, save) -> None:
    arrays = {"conv.weight": np.arange(6, dtype="f").reshape(2, 3), "conv.bias": np.asfortranarray(np.ones((2, 3)))}
    save(tmp_path / "w.npz", **arrays)
    found = flat(tmp_path / "w.npz")
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name].read(), array)
    assert (found["conv.weight"].span is not None) == (save is np.savez)


def test_npz_with_what_is_no_array_of_numbers(tmp_path: Path) -> None:
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "w.npz", w=np.ones(2, "f"), names=np.array(["a"]), state=np.array({"b": np.zeros(3)}, object))
        found = open_weights(tmp_path / "w.npz")
        assert list(found.tensors) == ["w", "state"]
        assert "an array of <U1 (names)" in found.notes[0].text


def test_npy_of_an_array_and_of_a_dictionary(tmp_path: Path) -> None:
    np.save(tmp_path / "kernel.npy", np.asfortranarray(np.arange(6, dtype="f").reshape(2, 3)))
    np.testing.assert_array_equal(flat(tmp_path / "kernel.npy")["kernel"].read(), np.arange(6).reshape(2, 3))
    given = {"conv1": {"weight": np.arange(4, dtype="f")}, "x.bias": np.zeros(2)}
    np.save(tmp_path / "dict.npy", given)  # type: ignore[arg-type]
    found = open_weights(tmp_path / "dict.npy").tensors
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
    assert "holds no tensors by name" in refused(tmp_path / "model.pth")
    assert "torch.save(model.state_dict()" in refused(tmp_path / "model.pth")
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    assert "no tensors by name" in refused(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("weights")
    assert "is not a file of weights" in refused(tmp_path / "text.pth")
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
    assert "needs 12 numbers where 11 are" in refused(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(whole.replace(b"'shape': (3, 4), }", b"'shape': (3, 4L,(  "))
    assert "has a header that NumPy does not write" in refused(tmp_path / "a.npy")
    np.savez_compressed(tmp_path / "b.npz", b=np.random.default_rng(0).random(100))
    whole = (tmp_path / "b.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(whole[:400] + bytes(50) + whole[450:])
    with pytest.raises(ConversionError, match="damaged archive"):
        flat(tmp_path / "b.npz")["b"].read()


def of_zeros(path: Path, gigabytes: int) -> None:
    """A compressed array that unpacks to a thousand times its length."""
    header = str({"descr": "<f4", "fortran_order": False, "shape": (gigabytes << 28,)}).encode()
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped,
        zipped.open("w.npy", "w", force_zip64=True) as file,
    ):
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        for _ in range(gigabytes << 4):
            file.write(bytes(1 << 26))


@pytest.mark.slow
def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    of_zeros(tmp_path / "bomb.npz", 1)
    told = refused(tmp_path / "bomb.npz")
    assert "bomb.npz unpacks to 1,073,741,824 bytes, in its entry w.npy (at most 536,870,912 are unpacked" in told


def test_what_is_wrong_inside_of_an_archive_is_told_with_its_entry(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "w.npz", "w", method) as zipped:
            zipped.writestr("conv.weight.npy", b"\x93NUMPY\x01\x00\x02\x00{}")
        assert "a header that NumPy does not write, in its entry conv.weight.npy" in refused(tmp_path / "w.npz")
        with zipfile.ZipFile(tmp_path / "w.npz", "w", method) as zipped:
            file = io.BytesIO()
            np.save(file, np.ones(100))
            zipped.writestr("w.npy", file.getvalue()[:-8])
            zipped.writestr("more.npy", file.getvalue())
        assert "needs 100 numbers where 99 are, in its entry w.npy" in refused(tmp_path / "w.npz")


def test_types_of_safetensors_that_are_not_read(tmp_path: Path) -> None:
    """The file is read, and the tensor refused only where its numbers are wanted."""
    save_file({"a": torch.ones(2), "b": torch.ones(2).to(torch.float8_e4m3fn)}, tmp_path / "w.safetensors")
    found = flat(tmp_path / "w.safetensors")
    assert found["a"].read().tolist() == [1, 1]
    with pytest.raises(ConversionError, match="numbers of the type float8_e4m3fn are not read"):
        found["b"].read()


def test_safetensors_that_fit_the_format_and_no_array(tmp_path: Path) -> None:
    header = b'{"w":{"dtype":"F32","shape":[' + b"1," * 69 + b'1],"data_offsets":[0,4]}}'
    (tmp_path / "w.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    assert "has a tensor of 70 axes: w" in refused(tmp_path / "w.safetensors")


@pytest.mark.parametrize("kind", ["w.pth", "old.pth", "w.safetensors", "w.npz", "z.npz", "w.npy", "w.pkl"])
def test_thousands_of_damaged_files_end_in_a_sentence(tmp_path: Path, kind: str) -> None:
    """Single bytes, short runs and cuts; what is read all the same is read to its last number."""
    given = {"conv.weight": torch.arange(12.0).reshape(3, 4), "conv.bias": torch.zeros(3)}
    arrays = {name: tensor.numpy() for name, tensor in given.items()}
    path = tmp_path / kind
    {
        "w.pth": lambda: torch.save(given, path),
        "old.pth": lambda: torch.save(given, path, _use_new_zipfile_serialization=False),
        "w.safetensors": lambda: save_file(given, path),
        "w.npz": lambda: np.savez(path, **arrays),  # type: ignore[arg-type]
        "z.npz": lambda: np.savez_compressed(path, **arrays),  # type: ignore[arg-type]
        "w.npy": lambda: np.save(path, given, allow_pickle=True),  # type: ignore[arg-type]
        "w.pkl": lambda: path.write_bytes(pickle.dumps(arrays)),
    }[kind]()
    whole, draw, taken = path.read_bytes(), random.Random(0), 0
    for _ in range(700):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 4)):
            begin = draw.randrange(len(data))
            run = draw.choice((bytes([draw.randrange(256)]), b"\xff" * 4, bytes(8), b"", data[begin : begin + 9]))
            data[begin : begin + draw.choice((len(run), 1, 0))] = run
        path.write_bytes(data if draw.random() < 0.9 else data[: draw.randrange(len(data))])
        try:
            read_all(open_weights(path).tensors)
            taken += 1
        except ConversionError as error:
            assert str(path) in str(error)
            assert error.problems[0].hint
    assert taken > 20


def read_all(nested: Nested) -> None:
    for value in nested.values():
        if isinstance(value, Tensor):
            assert value.read().shape == value.shape
        else:
            read_all(value)


@pytest.mark.parametrize(
    ("checkpoint", "why"),
    [
        ({"state": {}, "param_groups": []}, "it is the state of an optimizer"),
        ({"epoch": 3, "best": 0.5}, "its keys are epoch, best"),
        ({}, "it is empty"),
        ([torch.ones(1)], "tensors in a list, without names"),
    ],
)
def test_what_a_checkpoint_without_tensors_holds(tmp_path: Path, checkpoint: object, why: str) -> None:
    torch.save(checkpoint, tmp_path / "w.pth")
    told = refused(tmp_path / "w.pth")
    assert f"{tmp_path / 'w.pth'} holds no tensors by name ({why}" in told or why in told


def test_no_torch_is_loaded_for_the_files_of_today(tmp_path: Path) -> None:
    torch.save(values(), tmp_path / "w.pth")
    path = str(tmp_path / "w.pth")
    opened = f"import sys; from converters.weights import open_weights; open_weights({path!r})"
    program = f"{opened}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
