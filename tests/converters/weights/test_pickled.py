"""The names in pickles of torch and NumPy: torch and NumPy write them, and nothing else is ever run."""

from __future__ import annotations

import argparse
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from converters.weights.octets import Octets
from converters.weights.pickle_operations import unpickled
from converters.weights.pickle_values import Inert
from converters.weights.pickled import Names, NumpyArray, Storage
from converters.weights.unreadable import Unreadable

STORED = np.arange(16, dtype="<f4").tobytes()


def storage(key: str, dtype: str) -> Storage:
    if key != "0":
        raise Unreadable(f"has no storage {key}")
    return Storage(Octets(length=len(STORED), data=STORED), dtype)


def nothing(octets: Octets) -> Any:
    raise AssertionError


def loaded(data: bytes) -> Any:
    return unpickled(io.BytesIO(data), len(data), Names(storage, nothing))


class Evil:
    """What a pickle can do to who opens it."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.made),)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    made = tmp_path / "made"
    found = loaded(pickle.dumps({"state_dict": Evil(made)}, protocol))
    assert found["state_dict"].kind.endswith(".mkdir")
    assert not made.exists()


@pytest.mark.parametrize(
    "name", [b"builtins\neval", b"numpy\nload", b"torch\nload", b"torch._utils\n__import__", b"builtins\ngetattr"]
)
def test_what_is_not_known_is_inert(name: bytes) -> None:
    found = loaded(b"c" + name + b"\n(X\x04\x00\x00\x001+1+tR.")
    assert isinstance(found, Inert)
    assert found.arguments == ("1+1+",)


def test_what_checkpoints_carry_beside_weights_is_inert() -> None:
    found = loaded(pickle.dumps({"args": argparse.Namespace(lr=1), "epoch": 3, "best": np.float64(2)}))
    assert found["args"].state == {"lr": 1}
    assert found["epoch"] == 3


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
    r"\(100000, 100000\) made of 1 numbers: w": of_tensor(0, (100_000, 100_000), (0, 0)),
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


@pytest.mark.parametrize(
    "pickled",
    [
        b"cbuiltins\nbytearray\n(I3000000000\ntR.",
        b"cbuiltins\nlist\n(cbuiltins\nbytearray\n(I300000000\ntRtR.",
        b"cnumpy\nndarray\n((I3000000000\nltR.",
        b"cnumpy\nndarray\n(I2000000000\ntR.",
        b"cbuiltins\nrange\n(I2000000000\ntR.",
    ],
)
def test_a_call_for_much_memory_takes_none(pickled: bytes) -> None:
    assert isinstance(loaded(pickled), Inert | list)


def test_the_same_text_again_and_again_comes_to_an_end() -> None:
    text = b"X" + (60_000).to_bytes(4, "little") + b"a" * 60_000
    again = b"h\x00h\x01\x85R" * 20_000
    with pytest.raises(Unreadable, match="67,108,864 values"):
        loaded(b"\x80\x02c_codecs\nencode\nq\x00" + text + b"q\x01" + again + b".")


def test_a_damaged_array_is_refused() -> None:
    whole = pickle.dumps(np.arange(100_000, dtype="f"), 4)
    for old, new in ((b"K\x01J\xa0\x86\x01\x00\x85", b"K\x01J\xa1\x86\x01\x00\x85"), (b"\x8c\x02f4", b"\x8c\x02f8")):
        assert old in whole
        with pytest.raises(Unreadable, match="400,000 bytes"):
            loaded(whole.replace(old, new))
