from __future__ import annotations

import ctypes

import cv2
import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.verify.inputs import Preparation, from_file, letterboxed, noise, resized
from tests.oracles.darknet import LIBRARY, needs_darknet

ONE = {"data": (1, 3, 6, 8)}
PLAIN = Preparation()


class Image(ctypes.Structure):
    _fields_ = (("w", ctypes.c_int), ("h", ctypes.c_int), ("c", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_float)))


def by_darknet(name, image, height, width):
    """What real Darknet's letterbox_image or resize_image makes of a picture."""
    library = ctypes.CDLL(str(LIBRARY))
    function = getattr(library, name)
    function.restype, function.argtypes = Image, (Image, ctypes.c_int, ctypes.c_int)
    held = np.ascontiguousarray(image, np.float32)
    channels, rows, columns = held.shape
    made = function(Image(columns, rows, channels, held.ctypes.data_as(ctypes.POINTER(ctypes.c_float))), width, height)
    return np.ctypeslib.as_array(made.data, (made.c, made.h, made.w)).copy()


@needs_darknet
@pytest.mark.parametrize("size", [(20, 30), (31, 17), (64, 64), (9, 40)])
@pytest.mark.parametrize(("name", "ours"), [("letterbox_image", letterboxed), ("resize_image", resized)])
def test_pictures_fit_as_darknet_makes_them_fit(size, name, ours) -> None:
    image = np.random.default_rng(0).random((3, *size)).astype(np.float32)
    np.testing.assert_allclose(ours(image, 32, 48), by_darknet(name, image, 32, 48), atol=2e-5)


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
        ("objects.npz", "is no file of numpy arrays"),
        ("cut.npz", "is no file of numpy arrays"),
        ("damaged.npz", "is no file of numpy arrays"),
        ("empty.npy", "is no file of numpy arrays"),
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
    with pytest.raises(ConversionError, match=told):
        from_file(tmp_path / name, ONE, PLAIN)


def test_an_archive_holds_several_inputs_by_name(tmp_path) -> None:
    shapes = {"a": (1, 2), "b": (1, 3)}
    np.savez(tmp_path / "x.npz", b=np.ones((1, 3)), a=np.zeros((1, 2)))
    assert list(from_file(tmp_path / "x.npz", shapes, PLAIN)) == ["a", "b"]
    np.savez(tmp_path / "y.npz", a=np.zeros((1, 2)))
    with pytest.raises(ConversionError, match="has no array b, only a"):
        from_file(tmp_path / "y.npz", shapes, PLAIN)


def test_a_picture_is_rgb_from_0_to_1(tmp_path) -> None:
    bgr = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "x.png"), bgr)
    rgb = bgr[:, :, ::-1].transpose(2, 0, 1)[None]
    np.testing.assert_allclose(from_file(tmp_path / "x.png", ONE, PLAIN)["data"], rgb / 255, atol=1e-6)
    caffe = Preparation(mean=(104, 117, 123), scale=(1.0,), bgr=True)
    found = from_file(tmp_path / "x.png", ONE, caffe)["data"]
    np.testing.assert_allclose(found, rgb[:, ::-1] - np.reshape([104, 117, 123], (1, 3, 1, 1)), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.png", b"no picture", "is not a picture that can be read"),
        ("x.png", b"", "is empty"),
        ("gone.png", None, "is not there"),
        ("gone.npy", None, "is not there"),
        ("x.npy", b"no array", "is no file of numpy arrays"),
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
    np.save(tmp_path / "x.npy", np.array(["a"]))
    with pytest.raises(ConversionError, match="not numbers"):
        from_file(tmp_path / "x.npy", ONE, PLAIN)


def test_a_mean_for_other_channels_is_refused(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(ConversionError, match="--mean has 2 numbers"):
        from_file(tmp_path / "x.png", ONE, Preparation(mean=(1, 2)))
