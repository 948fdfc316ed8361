from __future__ import annotations

import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.pictures.preparation import Preparation
from converters.verify.inputs import from_file, noise

ONE = {"data": (1, 3, 6, 8)}
PLAIN = Preparation()


def test_noise_is_the_same_for_the_same_seed() -> None:
    assert set(np.unique(noise({"ids": (9, 9)}, 5, {"ids"})["ids"])) == {0, 1}
    first, again, other = noise(ONE, 5)["data"], noise(ONE, 5)["data"], noise(ONE, 6)["data"]
    assert first.shape == ONE["data"]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_arrays_come_with_or_without_the_batch_axis(tmp_path) -> None:
    array = np.arange(144, dtype=np.float64).reshape(3, 6, 8)
    np.save(tmp_path / "x.npy", array)
    assert np.array_equal(from_file(tmp_path / "x.npy", ONE, PLAIN)["data"], array[None])
    np.savez(tmp_path / "x.npz", anything=array[None])
    assert np.array_equal(from_file(tmp_path / "x.npz", ONE, PLAIN)["data"], array[None])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("array.npz", "is a single array"),
        ("archive.npy", "is an archive of arrays"),
        ("objects.npz", "holds no tensors by name"),
        ("cut.npz", "damaged"),
        ("damaged.npz", "damaged"),
        ("complex.npy", "holds complex64, not numbers"),
        ("texts.npz", "has no array data|<U1"),
        ("empty.npy", "is not a file of numpy arrays"),
        ("none.npz", "is not there"),
    ],
)
def test_what_is_no_array_is_refused_in_words(tmp_path, name, told) -> None:
    array = np.random.default_rng(0).random((1, 3, 6, 8))
    with open(tmp_path / "array.npz", "wb") as file:
        np.save(file, array)
    with open(tmp_path / "archive.npy", "wb") as file:
        np.savez_compressed(file, data=array)
    np.savez(tmp_path / "objects.npz", data=np.array([{}], dtype=object))
    whole = (tmp_path / "archive.npy").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "damaged.npz").write_bytes(whole[:200] + bytes(200) + whole[400:])
    (tmp_path / "empty.npy").touch()
    np.save(tmp_path / "complex.npy", array.astype(np.complex64))
    np.savez(tmp_path / "texts.npz", data=np.array(["a"]))
    with pytest.raises(ConversionError, match=told):
        from_file(tmp_path / name, ONE, PLAIN)


def test_an_archive_holds_several_inputs_by_name(tmp_path) -> None:
    shapes = {"a": (1, 2), "b": (1, 3)}
    np.savez(tmp_path / "x.npz", b=np.ones((1, 3)), a=np.zeros((1, 2)))
    assert list(from_file(tmp_path / "x.npz", shapes, PLAIN)) == ["a", "b"]
    np.savez(tmp_path / "y.npz", a=np.zeros((1, 2)))
    with pytest.raises(ConversionError, match="has no array b, only a"):
        from_file(tmp_path / "y.npz", shapes, PLAIN)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.npy", None, "is not there"),
        ("x.npy", b"no array", "is not a file of numpy arrays"),
        ("x.txt", b"1 2 3", "is neither an array"),
    ],
)
def test_what_is_no_input_is_refused(tmp_path, name, content, told) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConversionError, match=told):
        from_file(tmp_path / name, ONE, PLAIN)


def test_another_shape_is_refused(tmp_path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 6, 9)))
    with pytest.raises(ConversionError, match=r"is \(1, 3, 6, 9\) where the input data is \(1, 3, 6, 8\)"):
        from_file(tmp_path / "x.npy", ONE, PLAIN)


def test_arrays_lie_in_a_file(tmp_path) -> None:
    os.mkfifo(tmp_path / "x.npz")
    with pytest.raises(ConversionError, match="a pipe or a device"):
        from_file(tmp_path / "x.npz", ONE, PLAIN)


def test_numbers_of_another_shape_are_not_read(tmp_path) -> None:
    """A deflated quarter of a gigabyte of zeros."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 26,)}
    with (
        zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("data.npy", "w", force_zip64=True) as member,
    ):
        np.lib.format.write_array_header_1_0(member, header)
        for _ in range(64):
            member.write(bytes(1 << 22))
    tracemalloc.start()
    with pytest.raises(ConversionError, match=r"is \(67108864,\) where the input data is"):
        from_file(tmp_path / "x.npz", ONE, PLAIN)
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()
