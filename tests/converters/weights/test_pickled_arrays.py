"""Arrays of NumPy in pickles."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from converters.weights.pickled_arrays import NumpyArray
from converters.weights.unreadable import Unreadable
from tests.converters.weights.unpickling import loaded

ARRAYS = {
    "rows": np.arange(6.0).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6, dtype="f").reshape(2, 3)),
    "single": np.array(5, np.int16),
    "empty": np.zeros((0, 3), np.uint8),
    "large": np.random.default_rng(0).normal(size=(300, 100)).astype(np.float16),
    "flags": np.array([True, False]),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_numpy(kind: str, protocol: int) -> None:
    found = loaded(pickle.dumps(ARRAYS[kind], protocol))
    assert isinstance(found, NumpyArray)
    assert found.tensor is not None
    np.testing.assert_array_equal(found.tensor.read(), ARRAYS[kind])
    assert found.tensor.read().dtype == ARRAYS[kind].dtype


def test_an_array_as_python_2_wrote_it() -> None:
    """cPickle.dumps(numpy.array([1, 2], 'f'), 2) of NumPy 1.16."""
    data = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03(K\x01K\x02"
        b"\x85cnumpy\ndtype\nq\x04U\x02f4K\x00K\x01\x87Rq\x05(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x08\x00\x00\x80?\x00\x00\x00@tb."
    )
    found = loaded(data)
    assert found.tensor.read().tolist() == [1, 2]


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([1, 2], ">f4"), np.zeros(2, [("a", "f4")])])
def test_arrays_of_other_types_are_known_and_not_read(array: np.ndarray[Any, Any]) -> None:
    found = loaded(pickle.dumps(array))
    assert found.tensor is None
    assert found.dtype not in ("object", "")


def test_an_array_of_objects_holds_them() -> None:
    found = loaded(pickle.dumps(np.array({"a": 1}, object)))
    assert list(found.objects) == [{"a": 1}]


def test_a_damaged_array_is_refused() -> None:
    whole = pickle.dumps(np.arange(100_000, dtype="f"), 4)
    for old, new in ((b"K\x01J\xa0\x86\x01\x00\x85", b"K\x01J\xa1\x86\x01\x00\x85"), (b"\x8c\x02f4", b"\x8c\x02f8")):
        assert old in whole
        with pytest.raises(Unreadable, match="400,000 bytes"):
            loaded(whole.replace(old, new))
