"""The machine beside Python's own pickle: what Python writes is read as Python reads it, in every protocol."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.weights.octets import Octets
from converters.weights.pickle_operations import OPERATIONS, unpickled
from converters.weights.pickle_values import Global, Inert
from converters.weights.unreadable import Unreadable


class Inertly:
    """Every name stays a name."""

    def call(self, what: Global, arguments: tuple[Any, ...]) -> Any:
        return Inert(kind=str(what), arguments=arguments)

    def build(self, made: Any, state: Any) -> None:
        if isinstance(made, Inert):
            made.state = state

    def persistent(self, key: Any) -> Any:
        return ("outside", key)


def loaded(data: bytes) -> Any:
    return unpickled(io.BytesIO(data), len(data), Inertly())


def as_python_has_it(value: Any) -> Any:
    """What the machine builds, with the bytes in it as bytes."""
    if isinstance(value, Octets):
        return value.read()
    if isinstance(value, list | tuple):
        return type(value)(map(as_python_has_it, value))
    if isinstance(value, dict):
        return {key: as_python_has_it(inner) for key, inner in value.items()}
    return value


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_subnormal=False)  # some libraries flush them to zero in a whole process
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(max_size=300),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text("abc.", max_size=3), inner),
    max_leaves=20,
)


@given(PLAIN, st.sampled_from([3, 4, 5]))
def test_plain_values_come_back(value: Any, protocol: int) -> None:
    assert as_python_has_it(loaded(pickle.dumps(value, protocol))) == value


@given(PLAIN, st.sampled_from([0, 1, 2]))
def test_plain_values_of_old_protocols_come_back_but_for_bytes(value: Any, protocol: int) -> None:
    """Python 3 writes bytes there as a call of _codecs.encode."""
    found = as_python_has_it(loaded(pickle.dumps(value, protocol)))
    assert without_bytes(found) == without_bytes(value)


def without_bytes(value: Any) -> Any:
    if isinstance(value, bytes | Inert):
        return "bytes"
    if isinstance(value, list | tuple):
        return [without_bytes(inner) for inner in value]
    if isinstance(value, dict):
        return {key: without_bytes(inner) for key, inner in value.items()}
    return value


def test_text_of_python_2_is_bytes() -> None:
    """Written by Python 2.7: cPickle.dumps({'a\\n': '\\x00\\xff', 'b': u'\\xe4'}, 0) and the like."""
    assert as_python_has_it(loaded(b"(dp1\nS'a\\n'\np2\nS'\\x00\\xff'\np3\nsS'b'\np4\nV\xe4\np5\ns.")) == {
        "a\n": b"\x00\xff",
        "b": "\xe4",
    }
    assert as_python_has_it(loaded(b"\x80\x02}q\x01U\x03keyq\x02T\x02\x00\x00\x00\x00\xffq\x03s.")) == {
        "key": b"\0\xff"
    }


class Thing:
    """A class that is not imported."""

    def __init__(self) -> None:
        self.lr = 3


class Words(dict):
    kept: int


@pytest.mark.parametrize("protocol", range(6))
def test_objects_are_inert_and_keep_what_they_were_given(protocol: int) -> None:
    words = Words(a=1)
    words.kept = 2
    thing, found = loaded(pickle.dumps((Thing(), words), protocol))
    assert thing.state == {"lr": 3}
    assert found.state == {"kept": 2}
    if protocol >= 2:  # before that it is copyreg that makes them
        assert found.entries == {"a": 1}
        assert thing.kind == f"{__name__}.Thing"


def test_sets_shared_values_and_cycles() -> None:
    shared = [1]
    circle: list[Any] = [shared, shared]
    circle.append(circle)
    found = loaded(pickle.dumps(circle))
    assert found[0] is found[1]
    assert found[2] is found
    assert sorted(loaded(pickle.dumps({3, 1, 2}))) == [1, 2, 3]
    assert sorted(loaded(pickle.dumps(frozenset({3, 1, 2})))) == [1, 2, 3]


def test_keys_of_all_kinds_become_names() -> None:
    given_keys = {1: 0, 2.5: 0, None: 0, b"x": 0, (0, "conv"): 0, frozenset({1}): 0}
    assert list(loaded(pickle.dumps(given_keys, 4))) == ["1", "2.5", "None", "x", "(0, conv)", "list"]


BOMBS = {
    "a bytearray of 2**63 + 5 bytes": b"\x80\x05\x96" + (2**63 + 5).to_bytes(8, "little") + b"xx.",
    "bytes of 2**40": b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b"xx.",
    "a text of 2 GB": b"\x80\x02X\xff\xff\xff\x7fxx.",
    "a frame of 2**63 bytes": b"\x80\x04\x95" + (2**63).to_bytes(8, "little") + b"N.",
    "a whole number of 5,000 digits": b"I" + b"9" * 5000 + b"\n.",
    "a whole number of 100,000 bytes": b"\x8b" + (100_000).to_bytes(4, "little") + bytes(100_000) + b".",
    "a whole number of less than no bytes": b"\x8b" + (-1).to_bytes(4, "little", signed=True) + b".",
    "a line without an end": b"V" + b"a" * 200_000,
    "nothing": b"",
    "no end": b"\x80\x02}",
    "no stack": b"\x80\x02.",
    "no mark": b"\x80\x02t.",
    "two values too few": b"\x80\x02N\x87.",
    "an odd number of keys and values": b"\x80\x02}(Nu.",
    "a key for a number": b"\x80\x02K\x01NNs.",
    "items for a number": b"\x80\x02K\x01Na.",
    "a memo that is empty": b"\x80\x02h\x07.",
    "no operation": b"\x80\x02\x01.",
    "protocol 6": b"\x80\x06N.",
    "an extension of copyreg": b"\x80\x02\x82\x01.",
    "a buffer outside": b"\x80\x05\x97.",
    "a class without a name": b"\x80\x04NN\x93.",
    "a class with a long name": b"c" + b"a" * 300 + b"\nb\n.",
    "no arguments": b"cbuiltins\nlist\nNR.",
    "no number": b"Fnone\n.",
    "no text in quotes": b"Sa\n.",
    "bytes that are not text": b"c\xff\na\n.",
    "a text that is not an escape": b"V\\u12\n.",
    "three million operations": b"\x80\x02" + b"N0" * 1_500_000 + b"N.",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_damaged_or_a_trap_is_refused(bomb: str) -> None:
    with pytest.raises(Unreadable, match=r"damaged pickle|cut short|2,000,000 operations"):
        loaded(BOMBS[bomb])


def test_a_memo_at_a_high_place_takes_no_room() -> None:
    assert loaded(b"\x80\x04Nr\xff\xff\xff\x7f.") is None


def test_a_million_levels_deep() -> None:
    """Nothing walks through it here, not even to free it."""
    for opened, closed in ((b"]", b"a"), (b"(", b"t"), (b"cx\ny\n(", b"tR")):
        assert loaded(b"\x80\x02" + opened * 200_000 + b"N" + closed * 200_000 + b".") is not None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        loaded(data)
    except Unreadable as error:
        assert error.what


@given(st.lists(st.sampled_from([*OPERATIONS, b"\x00", b"\x01", b"\x02a\n", b"\x01a", b"\x00\x00\x00"]), max_size=60))
def test_any_operations_are_done_or_refused(parts: list[bytes]) -> None:
    try:
        loaded(b"".join(parts) + b".")
    except Unreadable as error:
        assert error.what
