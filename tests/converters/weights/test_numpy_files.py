"""Headers of .npy: NumPy writes them, and reads every one that is read here with the same meaning."""

from __future__ import annotations

import io
import random
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.file_kinds import NUMPY_SIGNATURE
from converters.weights.numpy_files import ArrayHeader, array_header
from converters.weights.tensors import contiguous
from converters.weights.unreadable import Unreadable


def of(text: str, version: int = 1) -> bytes:
    return (
        NUMPY_SIGNATURE
        + bytes((version, 0))
        + len(text).to_bytes(2 if version == 1 else 4, "little")
        + text.encode("latin1")
    )


def read(data: bytes) -> ArrayHeader:
    return array_header(io.BytesIO(data))


@given(
    st.sampled_from(["f4", "<f8", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?", "c8", "c16"]),
    st.lists(st.integers(0, 3), max_size=5),
    st.booleans(),
)
def test_what_numpy_writes(code: str, shape: list[int], fortran: bool) -> None:
    array = np.zeros(shape, code, order="F" if fortran else "C")
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    header = array_header(file)
    assert header.shape == array.shape
    assert header.dtype == array.dtype.name
    assert (header.strides is None) or array.flags.f_contiguous
    if array.size:
        steps = header.strides or contiguous(header.shape)
        live = [place for place, size in enumerate(shape) if size > 1]
        assert [steps[place] * array.itemsize for place in live] == [array.strides[place] for place in live]
    assert len(file.getvalue()) - file.tell() == array.nbytes


@pytest.mark.parametrize(
    ("array", "code"), [(np.zeros(2, ">f4"), ">f4"), (np.array(["a"]), "<U1"), (np.array({}, object), "|O")]
)
def test_types_that_are_not_read_have_their_name(array: np.ndarray, code: str) -> None:
    file = io.BytesIO()
    np.save(file, array)
    header = read(file.getvalue())
    assert (header.dtype, header.code, header.is_object) == ("", code, code == "|O")


def test_headers_of_old_and_new_versions() -> None:
    plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }\n"  # as Python 2 wrote it
    assert read(of(plain)).shape == (3, 4)
    assert read(of(plain, 2)).shape == (3, 4)
    assert read(of(plain, 3)).shape == (3, 4)
    assert read(of('{"shape": (5,), "fortran_order": True, "descr": "<f4"}')).strides == (1,)


REFUSED = {
    "does not begin as an array": b"\x93NUM",
    "version 4 of its format": of("{}", 4),
    "has a header of 100,000 bytes": of(" " * 100_000, 2),
    "its header has no end": of("{}" * 40)[:-1],
    "has a header that NumPy does not write": of("(" * 3000 + ")" * 3000),
    "does not write.*-1": of("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"),
    "does not write.*True, 2": of("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2), }"),
    r"does not write.*\[\('a'": of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }"),
    "does not write.*more": of("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': True}"),
    "does not write.*fortran": of("{'fortran_order': False, 'shape': (2,)}"),
    r"of the shape \(9223372036854775807,\), which no memory": of(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,), }"
    ),
    r"of the shape \(0, 4611686018427387904\), which no memory": of(
        "{'descr': '|u1', 'fortran_order': True, 'shape': (0, 4611686018427387904), }"
    ),
    "sizes must be whole numbers": of("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775808), }"),
    "of 70 axes": of("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1," * 70 + "), }"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(REFUSED[why])
    with pytest.raises(ValueError, match=why):
        raise ValueError(f"{refused.value.what} {refused.value.why}")


def test_thousands_of_headers_mean_what_numpy_reads() -> None:
    draw = random.Random(0)
    taken = 0
    for _ in range(5000):
        text = list("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4, 12), }      \n")
        for _ in range(draw.randrange(3)):
            begin = draw.randrange(len(text))
            others = ["", " ", "0", "7", ",", "L", "'", "(", ")", "8", "\\x33", '"']
            text[begin : begin + draw.randrange(3)] = draw.choice(others)
        data = of("".join(text))
        try:
            header = read(data)
        except Unreadable:
            continue
        taken += 1
        file = io.BytesIO(data[8:])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 2's L
            try:
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            except (TypeError, ValueError, SyntaxError) as error:  # NumPy does not know the type
                assert not header.dtype, error
                continue
        assert header.shape == shape
        assert (header.strides is not None) == fortran
        assert header.dtype in ("", dtype.name)
    assert taken > 1500
