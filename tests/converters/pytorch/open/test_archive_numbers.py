"""Numbers that torch believes: what they would make of a few bytes is refused before torch sees them."""

from __future__ import annotations

import io
import json
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch.open.archive_numbers import DTYPES, check_positions, check_saved, check_stored, checked_pickle
from converters.pytorch.open.files import open_model
from converters.weights.unreadable import Unreadable
from tests.converters.pytorch import hostile
from tests.converters.pytorch.hostile import Entries
from tests.converters.pytorch.open.test_script_inspection import Twice, saved
from tests.fuzz.pickled import COUNT, NOTHING, Called, Global, Raw, Stored, pickled

INTS = Global("torch.jit._pickle", "build_intlist")
LONG_TEXT = Raw(b"X" + struct.pack("<I", 4_000_000_000) + b"short")
LONG_BYTES = Called(Global("builtins", "bytearray"), (3_000_000_000,))


def tensor(shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Called:
    storage = Stored(("storage", Global("torch", "FloatStorage"), "0", "cpu", COUNT))
    arguments = (storage, offset, shape, strides, False, NOTHING)
    return Called(Global("torch._utils", "_rebuild_tensor_v2"), arguments)


# ---- pickles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (LONG_TEXT, "cut short"),
        ([1, LONG_TEXT], "cut short"),
        (LONG_BYTES, "makes bytearray of a length alone"),
        ({"x": [Called(Global("__builtin__", "bytearray"), (1,))]}, "makes bytearray of a length alone"),
        (tensor((100_000, 100_000), (0, 0)), "shape (100000, 100000) made of 1 number"),
        (tensor((8, 8), (8, 1), offset=1), "needs 64 numbers where 63 are"),
        (tensor((2,), (-1,)), "strides (-1,)"),
        (Stored(("storage", Global("torch", "FloatStorage"), "1", "cpu", COUNT)), "has no storage 1"),
        (Stored(("storage", Global("torch", "FloatStorage"), "0", "cpu", 2**40)), "needs 1099511627776"),
        (Raw(b"0"), "takes more than there is"),
        (Raw(b"h\x07"), "nothing is kept as 7"),
        (Raw(b"Nr\xff\xff\xff\x7f"), "it keeps something as 2,147,483,647"),
        (Raw(b"Np2000000\n"), "it keeps something as 2,000,000"),
    ],
)
def test_a_pickle_that_says_more_than_there_is(value: object, told: str) -> None:
    with pytest.raises(Unreadable) as refused:
        checked_pickle(pickled(value), {"0": 4 * COUNT}.get)
    assert told in refused.value.what


@pytest.mark.parametrize(
    "value",
    [
        (torch.zeros(2, 3), {"mask": torch.zeros(4, dtype=torch.bfloat16)[::2]}),
        torch.nn.Parameter(torch.zeros(3, 4).t()),
        torch.zeros(1).expand(3000, 2000),
        [torch.zeros(0, 5), torch.zeros((), dtype=torch.complex64), None, 1.5, "text", b"bytes", {1: 2}],
        torch.nn.Linear(2, 3).state_dict(),
        torch.zeros(3, dtype=torch.float8_e4m3fn),
        torch.zeros(3, dtype=torch.uint16),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_torch_saves_is_as_it_should_be(value: object) -> None:
    sink = io.BytesIO()
    torch.save(value, sink)
    check_saved(sink.getvalue())


# ---- stored tensors --------------------------------------------------------------------------------------------------


def meta(shape: list[int], strides: list[int], *, offset: int = 0, dtype: int = 7) -> dict[str, Any]:
    sizes, steps = ([{"as_int": one} for one in ones] for ones in (shape, strides))
    return {"dtype": dtype, "sizes": sizes, "strides": steps, "storage_offset": {"as_int": offset}}


@pytest.mark.parametrize(
    ("one", "size", "told"),
    [
        (meta([4, 2], [2, 1]), None, "has no entry for w"),
        (meta([4, 2], [2, 1]), 31, "needs 8 numbers where 7 are: w"),
        (meta([4, 2], [2, 1], offset=1), 32, "needs 8 numbers where 7 are: w"),
        (meta([4, 2], [2, 1], dtype=8), 32, "needs 8 numbers where 4 are: w"),
        (meta([2**20, 2**20], [0, 0]), 4, "made of 1 number: w"),
        (meta([2, 2**40], [1, 0]), 8, "made of 2 numbers: w"),
        (meta([-4], [1]), 32, "w"),
        (meta([4], [1, 1]), 32, "w"),
        (meta([4], [1], dtype=99), 32, "has no type of numbers for w"),
        ({"dtype": 7, "sizes": [{"as_expr": {"expr_str": "s0"}}], "strides": [{"as_int": 1}]}, 32, "w"),
    ],
)
def test_a_tensor_that_needs_more_than_its_entry(one: dict[str, Any], size: int | None, told: str) -> None:
    with pytest.raises(Unreadable) as refused:
        check_stored("w", one, size)
    assert told in refused.value.what


def test_a_tensor_that_its_entry_holds() -> None:
    check_stored("w", meta([4, 2], [2, 1]), 32)
    check_stored("w", meta([2, 4], [1, 2]), 32)
    check_stored("w", meta([1000, 1000], [0, 0]), 4)
    check_stored("w", meta([0, 3], [3, 1]), 0)
    check_stored("w", meta([], []), 4)


def test_the_types_are_those_of_torch() -> None:
    from torch._export.serde.schema import ScalarType
    from torch._export.serde.serialize import _SERIALIZE_TO_TORCH_DTYPE as OF_TORCH

    unread = {ScalarType.UNKNOWN, ScalarType.COMPLEXHALF}
    known = {int(one) for one in ScalarType} - {int(one) for one in unread}
    later = set(DTYPES) - known
    assert known <= set(DTYPES)
    assert later <= ({33, 34, 35} if torch.__version__ < "2.13" else set())  # torch 2.9 has not these three
    assert {number: f"torch.{DTYPES[number]}" for number in known} == {
        number: str(OF_TORCH[number]) for number in known
    }


# ---- places in sources -----------------------------------------------------------------------------------------------


def positions(pieces: list[object], name: object = 0, texts: tuple[object, ...] = ("a.py", "x = 1\n")) -> bytes:
    place = (0, ((Called(INTS, (pieces,)), name, 0), 0, 1), 0)
    return pickled(("FORMAT_WITH_STRING_TABLE", texts, (place, place)))


def of(content: bytes) -> Any:
    return checked_pickle(content, lambda key: None)


def test_places_in_sources() -> None:
    check_positions(of(positions([1, 1, 0])))
    check_positions(of(positions([])))
    check_positions(of(pickled(((0, (("x = 1", "a.py", 3), 0, 1)), (9, (("x = 1", None, 3), 0, 1), 0)))))


@pytest.mark.parametrize(
    "content",
    [
        *(positions([2]), positions([-1]), positions([1, 10**9]), positions(["1"]), positions([1], name=2)),
        *(positions([1], name=-1), positions([1], texts=("a", 3)), positions([1], texts=()), pickled(3)),
        *(pickled(((0, 1),)), pickled(((0, (("x", "a", 0), "b", 1)),)), pickled(((0, (("x", "a"), 0, 1)),))),
        *(pickled(("FORMAT_WITH_STRING_TABLE",)), pickled(("FORMAT_WITH_STRING_TABLE", (), [(1, 2)]))),
    ],
)
def test_places_in_sources_that_are_not_there(content: bytes) -> None:
    with pytest.raises(Unreadable, match="places in sources that are not there"):
        check_positions(of(content))


# ---- whole files -----------------------------------------------------------------------------------------------------


def script(folder: Path, change: Callable[[str, bytes], bytes]) -> Path:
    saved(Twice(), folder / "good.pt")
    with zipfile.ZipFile(folder / "good.pt") as good, zipfile.ZipFile(folder / "model.pt", "w") as new:
        for name in good.namelist():
            new.writestr(name, change(name, good.read(name)))
    return folder / "model.pt"


def refusal(path: Path) -> str:
    with pytest.raises(ConversionError) as refused:
        open_model(path)
    (problem,) = refused.value.problems
    assert problem.what == f"{path} is damaged or cut short"
    return problem.why


@pytest.mark.parametrize(
    ("ending", "content", "told"),
    [
        ("/data.pkl", pickled(LONG_TEXT), "data.pkl is cut short: its pickle has no end by byte"),
        ("/constants.pkl", pickled((LONG_TEXT,)), "constants.pkl is cut short: its pickle has no end by byte"),
        ("/constants.pkl", b"\x80\x02Nr\xff\xff\xff\x7f.", "constants.pkl holds a damaged pickle: it keeps something"),
        ("/constants.pkl", pickled((tensor((1,), (1,)),)), "constants.pkl has no storage 0, which its pickle needs"),
        (".debug_pkl", positions([10**6]), ".debug_pkl holds places in sources that are not there"),
    ],
)
def test_a_script_is_refused_before_torch_reads_it(ending: str, content: bytes, told: str, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    why = refusal(script(tmp_path, lambda name, old: content if name.endswith(ending) else old))
    assert why.startswith("its entry good/")
    assert told in why
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB


@pytest.mark.slow
def test_torch_itself_crashes_on_such_places(tmp_path: Path) -> None:
    path = script(tmp_path, lambda name, old: positions([10**6]) if name.endswith(".debug_pkl") else old)
    use = f"import torch; str(torch.jit.load({str(path)!r}).graph)"
    assert subprocess.run([sys.executable, "-c", use], capture_output=True, check=False).returncode < 0


@pytest.fixture(scope="module")
def program() -> Entries:
    return hostile.entries_of(hostile.program(dynamic=False))


def test_weights_that_are_one_number_many_times(program: Entries, tmp_path: Path) -> None:
    config = json.loads(program[hostile.WEIGHTS])
    config["config"]["conv.weight"]["tensor_meta"] |= meta([2**17, 2**17], [0, 0])
    path = hostile.write({**program, hostile.WEIGHTS: json.dumps(config).encode()}, tmp_path / "x.pt2")
    assert "has a tensor of shape (131072, 131072) made of 1 number: conv.weight" in refusal(path)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (((LONG_BYTES,), {}), "makes bytearray of a length alone"),
        (((tensor((2**17, 2**17), (0, 0)),), {}), "has a tensor of shape (131072, 131072) made of 1 number"),
        (((LONG_TEXT,), {}), "is cut short"),
    ],
)
def test_inputs_that_take_gigabytes(value: object, told: str, program: Entries, tmp_path: Path) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        made.writestr("archive/data.pkl", pickled(value))
        made.writestr("archive/byteorder", "little")
        made.writestr("archive/data/0", bytes(4 * COUNT))
        made.writestr("archive/version", "3\n")
    path = hostile.write({**program, hostile.INPUTS: sink.getvalue()}, tmp_path / "x.pt2")
    why = refusal(path)
    assert why.startswith("its entry archive/data/sample_inputs/model.pt ")
    assert told in why
