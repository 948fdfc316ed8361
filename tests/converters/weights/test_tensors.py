from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from converters.weights.tensors import contiguous, held, mapped, widened


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers"
    path.write_bytes(bytes(8) + np.arange(24, dtype="<f4").tobytes())
    return path


def test_numbers_stay_in_the_file(numbers: Path) -> None:
    tensor = mapped(numbers, 8, "float32", (2, 3, 4))
    assert tensor.span is not None
    assert tensor.blob.span == tensor.span
    np.testing.assert_array_equal(tensor.blob.load(), np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    "change", [lambda x: x.T, lambda x: x[:, ::2], lambda x: x[1:2].expand(3, 6), lambda x: x[2, 3]]
)
def test_strides_mean_what_they_mean_in_torch(numbers: Path, change) -> None:
    view = change(torch.arange(24.0).reshape(4, 6))
    tensor = mapped(numbers, 8 + 4 * view.storage_offset(), "float32", tuple(view.shape), view.stride(), 24)
    np.testing.assert_array_equal(tensor.read(), view.numpy())
    assert (tensor.span is not None) == view.is_contiguous()
    assert contiguous(tuple(view.shape)) == view.contiguous().stride()


@pytest.mark.parametrize(
    ("shape", "strides", "room"), [((5, 5), None, 24), ((2,), (-1,), 24), ((2, 2), (1,), 24), ((-1,), None, 24)]
)
def test_what_lies_outside_its_storage_is_refused(numbers: Path, shape, strides, room) -> None:
    with pytest.raises(ValueError):
        mapped(numbers, 8, "float32", shape, strides, room)


def test_an_empty_tensor_reads_nothing(numbers: Path) -> None:
    assert mapped(numbers, 1000, "float32", (0, 3), room=0).read().shape == (0, 3)


def test_bfloat16_is_widened_as_torch_widens_it() -> None:
    values = torch.tensor([1.0, -0.1, 3e38, 1e-40, float("inf")], dtype=torch.bfloat16)
    np.testing.assert_array_equal(widened(values.view(torch.int16).numpy().view(np.uint16)), values.float().numpy())


def test_types_become_float32_and_float64_stays() -> None:
    assert held(np.array([1, 2], np.int64)).blob.load().dtype == np.float32
    assert held(np.array([0.1])).blob.load().dtype == np.float64
    assert held(np.array([0.1], np.float16)).double().dtype == np.float64
