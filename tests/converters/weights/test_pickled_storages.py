"""Storages of torch in pickles, and the tensors in them."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest
import torch

from converters.weights.unreadable import Unreadable
from tests.converters.weights.unpickling import loaded


def of_tensor(offset: Any, size: Any, stride: Any, *, count: Any = 16, key: Any = "0", kind: Any = None) -> bytes:
    """A pickle of {"w": tensor}, as torch.save writes it, with whatever numbers."""

    class Stored:
        pass

    class Reduced:
        def __reduce__(self) -> tuple[Any, ...]:
            return torch._utils._rebuild_tensor_v2, (Stored(), offset, size, stride, False, {})

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: object) -> Any:
            return ("storage", kind or torch.FloatStorage, key, "cpu", count) if isinstance(value, Stored) else None

    file = io.BytesIO()
    Pickler(file, 2).dump({"w": Reduced()})
    return file.getvalue()


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [(0, (4, 4), (4, 1)), (3, (2, 3), (1, 4)), (15, (), ()), (0, (0, 5), (5, 1)), (1, (3, 2), (0, 1))],
)
def test_tensors_as_torch_sees_them(offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> None:
    found = loaded(of_tensor(offset, size, stride))["w"]
    expected = torch.arange(16.0).as_strided(size, stride, offset)
    np.testing.assert_array_equal(found.read(), expected.numpy())


LIES = {
    "that needs 17 numbers where 16 are: w": of_tensor(0, (17,), (1,)),
    "that needs 4 numbers where 1 are": of_tensor(15, (2, 2), (2, 1)),
    "from the number -4 of its storage on": of_tensor(-4, (2, 2), (2, 1)),
    "from the number 0.5 of its storage on": of_tensor(0.5, (2, 2), (2, 1)),
    "from the number True of its storage on": of_tensor(True, (2, 2), (2, 1)),
    r"strides \(-1,\)": of_tensor(8, (2,), (-1,)),
    r"strides \(9223372036854775808, 1\)": of_tensor(0, (1, 2), (2**63, 1)),
    r"of shape \(2, 2\) and strides \(1,\)": of_tensor(0, (2, 2), (1,)),
    r"of the shape \(2.0, 2\)": of_tensor(0, (2.0, 2), (2, 1)),
    r"of the shape \(True, 2\)": of_tensor(0, (True, 2), (2, 1)),
    r"of the shape \(0, 4611686018427387904\), which no memory holds": of_tensor(0, (0, 2**62), (1, 1)),
    r"of the shape \(a tuple, 2\)": of_tensor(0, (((((1,),),),), 2), (2, 1)),
    "of 70 axes": of_tensor(0, (1,) * 70, (1,) * 70),
    r"\(100000, 100000\) made of 1 number: w": of_tensor(0, (100_000, 100_000), (0, 0)),
    "stands where a tuple belongs": of_tensor(0, 4, (1,)),
    "storage 0 of 16 numbers, and needs 17": of_tensor(0, (2,), (1,), count=17),
    "there is no storage": of_tensor(0, (2,), (1,), count="16"),
    "has no storage 7": of_tensor(0, (2,), (1,), key="7"),
}


@pytest.mark.parametrize("why", LIES)
def test_what_lies_outside_of_its_storage_or_is_no_tensor(why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        loaded(LIES[why])


def test_a_shape_nested_without_end_is_told() -> None:
    """Python cannot spell it."""
    nest = b"(" * 50_000 + b"t" * 50_000
    whole = of_tensor(0, ((), 2), (2, 1))
    assert whole.count(b")K\x02\x86") == 1
    with pytest.raises(Unreadable, match=r"of the shape \(a tuple, 2\)"):
        loaded(whole.replace(b")K\x02\x86", nest + b"K\x02\x86", 1))


def test_a_tensor_of_a_type_that_is_not_read_is_inert() -> None:
    found = loaded(of_tensor(0, (2,), (1,), kind=torch.QInt8Storage))["w"]
    assert found.kind == "a tensor of torch.QInt8Storage"
