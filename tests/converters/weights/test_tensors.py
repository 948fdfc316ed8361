from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.weights.octets import Octets
from converters.weights.tensors import MOST_REPEATED, contiguous, held, of_unknown_type, tensor_of, widened
from converters.weights.unreadable import Unreadable


@pytest.fixture
def numbers(tmp_path: Path) -> Octets:
    path = tmp_path / "numbers"
    path.write_bytes(bytes(8) + np.arange(24, dtype="<f4").tobytes())
    return Octets(length=96, path=path, offset=8)


def test_numbers_stay_in_the_file(numbers: Octets) -> None:
    tensor = tensor_of(numbers, "float32", (2, 3, 4))
    assert tensor.span is not None
    assert tensor.blob.span == tensor.span
    np.testing.assert_array_equal(tensor.blob.load(), np.arange(24).reshape(2, 3, 4))
    assert tensor_of(numbers, "float64", (3, 4)).span is None


def test_numbers_in_memory_lie_in_no_file(numbers: Octets) -> None:
    data = numbers.read()
    tensor = tensor_of(Octets(length=96, data=data), "float32", (2, 3), (1, 2), 6)
    assert tensor.span is None
    assert tensor.read().tolist() == [[6, 8, 10], [7, 9, 11]]


@pytest.mark.parametrize(
    "change", [lambda x: x.T, lambda x: x[:, ::2], lambda x: x[1:2].expand(3, 6), lambda x: x[2, 3]]
)
def test_strides_mean_what_they_mean_in_torch(numbers: Octets, change) -> None:
    view = change(torch.arange(24.0).reshape(4, 6))
    tensor = tensor_of(numbers, "float32", tuple(view.shape), view.stride(), view.storage_offset())
    np.testing.assert_array_equal(tensor.read(), view.numpy())
    assert (tensor.span is not None) == view.is_contiguous()
    assert contiguous(tuple(view.shape)) == view.contiguous().stride()


@pytest.mark.parametrize(
    ("shape", "strides", "first"),
    [
        ((5, 5), None, 0),
        ((2,), (-1,), 1),
        ((2, 2), (1,), 0),
        ((-1,), None, 0),
        ((2,), None, 23),
        ((2,), None, -1),
        ((True,), None, 0),
        ((2.0,), None, 0),
        ((MOST_REPEATED + 1,), (0,), 0),
        ((1,) * 33, None, 0),
        ((0, 2**62), None, 0),
    ],
)
def test_what_lies_outside_its_storage_or_is_no_tensor_is_refused(numbers: Octets, shape, strides, first) -> None:
    with pytest.raises(Unreadable):
        tensor_of(numbers, "float32", shape, strides, first)


def test_a_repeated_number_takes_the_room_of_one(numbers: Octets) -> None:
    tensor = tensor_of(numbers, "float32", (MOST_REPEATED,), (0,), 5)
    assert tensor.read().strides == (0,)
    assert tensor.read().max() == 5


def test_a_file_that_becomes_shorter_ends_in_a_message(numbers: Octets) -> None:
    tensors = [tensor_of(numbers, "float32", (24,)), tensor_of(numbers, "float64", (3, 4), (1, 3))]
    assert numbers.path is not None
    numbers.path.write_bytes(bytes(50))
    for tensor in tensors:
        with pytest.raises(ConversionError, match="became shorter"):
            tensor.read()


def test_a_type_that_is_not_read_is_known_by_its_name() -> None:
    tensor = of_unknown_type("F6_E2M3", (2,))
    assert repr(tensor) == "Tensor(F6_E2M3[2])"
    with pytest.raises(ConversionError, match="numbers of the type F6_E2M3 are not read"):
        tensor.read()


def test_what_no_number_depends_on_may_be_anything(numbers: Octets) -> None:
    """Strides along axes of one place, and where a tensor without numbers begins."""
    assert tensor_of(numbers, "float32", (1, 2), (2**62, 2)).read().tolist() == [[0, 2]]
    empty = tensor_of(numbers, "float32", (2, 0), (1, 1), 2**62)
    assert empty.blob.load().shape == empty.read().shape == (2, 0)


def test_an_empty_tensor_reads_nothing() -> None:
    assert tensor_of(Octets(length=0, path=Path("none")), "float32", (0, 3)).read().shape == (0, 3)


def test_bfloat16_is_widened_as_torch_widens_it() -> None:
    values = torch.tensor([1.0, -0.1, 3e38, 1e-40, float("inf")], dtype=torch.bfloat16)
    np.testing.assert_array_equal(widened(values.view(torch.int16).numpy().view(np.uint16)), values.float().numpy())


def test_types_become_float32_and_float64_stays() -> None:
    assert held(np.array([1, 2], np.int64)).blob.load().dtype == np.float32
    assert held(np.array([0.1])).blob.load().dtype == np.float64
    assert held(np.array([0.1], np.float16)).double().dtype == np.float64
