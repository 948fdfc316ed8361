"""Files of torch.save, new and old: torch writes them, and reads from them what is read here."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from converters.weights.pickle_values import Inert
from converters.weights.pickled_arrays import NumpyArray
from converters.weights.tensors import Tensor
from converters.weights.torch_files import of_archive, of_pickle
from converters.weights.unreadable import Unreadable
from converters.weights.zip_entries import archive


def values() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    whole = torch.randn(6, 5, generator=draw)
    return {
        "rows": whole,
        "turned": whole.T,
        "part": whole[2:4, 1:],
        "repeated": whole[:1].expand(3, 5),
        "half": whole.half(),
        "bfloat": whole.bfloat16(),
        "double": whole.double(),
        "complex": torch.complex(whole, whole),
        "count": torch.tensor(7),
        "flags": whole > 0,
        "empty": torch.zeros(0, 3),
        "wide": torch.tensor([1, 65535]).to(torch.uint16),
        "parameter": torch.nn.Parameter(whole),
    }


def saved(path: Path, value: Any, *, old: bool) -> Any:
    torch.save(value, path, _use_new_zipfile_serialization=not old)
    return opened(path)


def opened(path: Path) -> Any:
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(path):
            return of_pickle(file, path.stat().st_size, path)
        with archive(path, file) as found:
            (name,) = (name for name in found.entries if name.endswith("/data.pkl"))
            return of_archive(found, name.removesuffix("data.pkl"))


def assert_equal(found: Any, wanted: torch.Tensor) -> None:
    assert isinstance(found, Tensor)
    assert (found.shape, found.dtype) == (tuple(wanted.shape), str(wanted.dtype).removeprefix("torch."))
    wide = wanted.float() if wanted.dtype == torch.bfloat16 else wanted
    np.testing.assert_array_equal(found.read(), wide.detach().numpy())


@pytest.mark.parametrize("old", [False, True])
def test_tensors_of_every_kind(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "w.pth"
    given = values()
    if old:
        del given["wide"]  # the old form has no such type
    found = saved(path, given, old=old)
    assert list(found) == list(given)
    for name, tensor in torch.load(path).items():
        assert_equal(found[name], tensor)
    assert found["rows"].span is not None
    assert found["turned"].span is None
    assert found["rows"].place == found["parameter"].place != found["turned"].place


@pytest.mark.parametrize("old", [False, True])
def test_objects_beside_them(tmp_path: Path, old: bool) -> None:
    found = saved(tmp_path / "w.pth", {"size": torch.Size([2, 3]), "device": torch.device("cpu"), "epoch": 3}, old=old)
    assert (found["size"], found["epoch"]) == ((2, 3), 3)


@pytest.mark.parametrize("old", [False, True])
def test_a_tensor_of_a_kind_that_is_not_read_is_inert(tmp_path: Path, old: bool) -> None:
    sparse = torch.eye(3).to_sparse()
    found = saved(tmp_path / "w.pth", {"sparse": sparse, "dense": torch.ones(2)}, old=old)
    assert isinstance(found["sparse"], Inert)
    assert_equal(found["dense"], torch.ones(2))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("through", [pickle.dumps, lambda value, protocol: saved_by_numpy(value)])
def test_tensors_in_a_pickle_that_is_not_torchs_own(tmp_path: Path, protocol: int, through: Any) -> None:
    """numpy.save of a dictionary of tensors, and pickle.dump of it: each storage is an old file in the bytes."""
    data = through(values(), protocol)
    path = tmp_path / "w.pkl"
    path.write_bytes(data)
    with open(path, "rb") as file:
        if data.startswith(b"\x93NUMPY"):
            file.seek(10 + int.from_bytes(data[8:10], "little"))
        found = of_pickle(file, len(data), path)
    if isinstance(found, NumpyArray):
        (found,) = found.objects
    for name, tensor in values().items():
        assert_equal(found[name], tensor)


def saved_by_numpy(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def test_long_storages_stay_in_the_file_even_there(tmp_path: Path) -> None:
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps({"w": torch.arange(100_000.0)}, 4))
    with open(path, "rb") as file:
        found = of_pickle(file, path.stat().st_size, path)["w"]
    assert found.span is not None
    assert found.read().tolist() == list(range(100_000))


def rewritten(path: Path, change: dict[str, Any], method: int = zipfile.ZIP_STORED) -> None:
    """The archive with other contents of some entries; None leaves one out."""
    with zipfile.ZipFile(path) as own:
        content = {name: own.read(name) for name in own.namelist()}
    with zipfile.ZipFile(path, "w", method) as new:
        for name, data in content.items():
            other = change.get(name.partition("/")[2], data)
            if other is not None:
                new.writestr(name, other)


LIES: dict[str, dict[str, Any]] = {
    "has no storage 0": {"data/0": None},
    "a storage 0 of 2 numbers, and needs 4": {"data/0": bytes(8)},
    "a storage 0 of 5 numbers, and needs 4": {"data/0": bytes(20)},
    "big-endian": {"byteorder": b"big"},
    "byteorder of 17 bytes": {"byteorder": b"little" + b" " * 11},
    "cut short: its pickle has no end": {"data.pkl": b"\x80\x02}"},
}


@pytest.mark.parametrize("why", LIES)
def test_archives_that_lie(tmp_path: Path, why: str) -> None:
    path = tmp_path / "w.pth"
    saved(path, {"w": torch.ones(4)}, old=False)
    rewritten(path, LIES[why])
    with pytest.raises(Unreadable, match=why):
        opened(path)


def test_a_pickle_without_an_end_is_cut_short_whatever_lies_behind_it(tmp_path: Path) -> None:
    """P begins a zip entry and names a storage in a pickle: there is a line, and no storage of that name."""
    path = tmp_path / "w.pkl"
    path.write_bytes(b"\x80\x02}" + b"PK\x03\x04\n" + bytes(9))
    with open(path, "rb") as file, pytest.raises(Unreadable, match="cut short: its pickle has no end"):
        of_pickle(file, 3, path)


def test_a_compressed_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    saved(path, {"w": torch.ones(4)}, old=False)
    rewritten(path, {}, zipfile.ZIP_DEFLATED)
    with pytest.raises(Unreadable, match="is a compressed archive: w"):
        opened(path)


def old_file(**change: Any) -> bytes:
    """An old file of one tensor of four numbers, with parts exchanged."""
    file = io.BytesIO()
    torch.save({"w": torch.ones(4)}, file, _use_new_zipfile_serialization=False)
    parts = io.BytesIO(file.getvalue())
    magic, version, machine = (pickle.load(parts) for _ in range(3))
    begin = parts.tell()
    objects = file.getvalue()[begin : file.getvalue().index(b"\x80\x02]", begin)]
    parts.seek(begin + len(objects))
    keys = pickle.load(parts)
    own = {"magic": magic, "version": version, "machine": machine, "keys": keys} | change
    heads = b"".join(pickle.dumps(own[name], 2) for name in ("magic", "version", "machine"))
    numbers = struct.pack("<q", own.get("count", 4)) + np.ones(4, "<f4").tobytes()
    return heads + objects + pickle.dumps(own["keys"], 2) + numbers


def of(data: bytes) -> Any:
    return of_pickle(io.BytesIO(data), len(data), None)


def test_an_old_file_in_memory() -> None:
    assert of(old_file())["w"].read().tolist() == [1, 1, 1, 1]


OLD_LIES: dict[str, dict[str, Any]] = {
    "big-endian machine, or by no torch": {"version": 1000},
    "big-endian machine": {"machine": {"little_endian": False}},
    "a storage 94665403911862 whose type is not known": {"keys": ["94665403911862"]},
    "has no storage .*: w": {"keys": []},
    "there is no list of its storages": {"keys": 5},
    "has 4,000 bytes, and 16 follow": {"count": 1000},
    "has 73,786,976,294,838,206,460 bytes, and 16 follow": {"count": -1},
    "of 2 numbers, and needs 4": {"count": 2},
}


@pytest.mark.parametrize("why", OLD_LIES)
def test_old_files_that_lie(why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        of(old_file(**OLD_LIES[why]))


def test_an_old_file_cut_short_anywhere() -> None:
    whole = old_file()
    for length in range(len(whole)):
        with pytest.raises(Unreadable):
            of(whole[:length])


def test_files_within_files_come_to_an_end() -> None:
    inner = pickle.dumps(3)
    for _ in range(6):
        inner = b"\x80\x04ctorch.storage\n_load_from_bytes\nB" + len(inner).to_bytes(4, "little") + inner + b"\x85R."
    with pytest.raises(Unreadable, match="files within files"):
        of(inner)
