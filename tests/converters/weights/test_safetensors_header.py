"""Headers of safetensors, sound and broken: the library of the format is the reference for thousands of them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import safetensors

from converters.weights.safetensors_header import BITS, MOST_HEADER, entries, header_length
from converters.weights.unreadable import Unreadable

STRICTER = (
    "does not begin with {",
    "twice in",
    "has no description of the tensor",  # a list of its three fields
    "of a type that the format does not have: [",  # {"F32": null}
)
"""What is refused here and not by the library: see the module."""


def theirs(data: bytes) -> dict[str, Any] | None:
    try:
        return dict(safetensors.deserialize(data))
    except safetensors.SafetensorError:
        return None


def ours(data: bytes) -> dict[str, bytes] | str:
    """The bytes of each tensor, or why there are none."""
    try:
        length = header_length(data[:8], len(data))
        found = entries(data[8 : 8 + length], len(data) - 8 - length)
    except Unreadable as refused:
        assert refused.what
        return refused.what
    return {entry.name: data[entry.begin : entry.end] for entry in found}


def file_of(header: bytes | dict[str, Any], room: int = 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(range(256)) * (room // 256) + bytes(range(room % 256))


def entry(shape: Any, offsets: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


REFUSED: dict[str, bytes] = {
    "shorter than the 8 bytes": b"\x02\0\0",
    "its header has 100 bytes, and 2 follow": (100).to_bytes(8, "little") + b"{}",
    "header has 9,223,372,036,854,775,807 bytes": (2**63 - 1).to_bytes(8, "little") + b"{}",
    "not UTF-8: byte 2 is 0xff": file_of(b'{"\xff":1}', 0),
    "does not begin with {": file_of(b"[]", 0),
    "not JSON: .* at character 1": file_of(b"{" * 100, 0),
    "nested deeper than 127": file_of(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", 0),
    "half of a surrogate pair": file_of({"\ud800": entry([2], [0, 8])}),
    "has w twice in its header": file_of(
        b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
    ),
    "__metadata__ in its header that is not a table of texts": file_of({"__metadata__": {"a": 1}}, 0),
    "no description of the tensor w": file_of({"w": 3}),
    "does not say the shape of the tensor w": file_of({"w": {"dtype": "F32", "data_offsets": [0, 8]}}),
    'w of a type that the format does not have: "F33"': file_of({"w": entry([2], [0, 8], "F33")}),
    r"w of the shape \[1.5\]": file_of({"w": entry([1.5], [0, 8])}),
    r"w of the shape \[true, 2\]": file_of({"w": entry([True, 2], [0, 8])}),
    r"w of the shape \[-2\]": file_of({"w": entry([-2], [0, 8])}),
    'w of the shape "12"': file_of({"w": entry("12", [0, 8])}),
    "w of the shape a nest of lists": file_of(b'{"w":{"dtype":"F32","shape":[[[[1]]]],"data_offsets":[0,4]}}'),
    "which is not a number there": file_of(
        b'{"w":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,8]}}'
    ),
    r"w at the offsets \[-8, 0\]": file_of({"w": entry([2], [-8, 0])}),
    r"w at the offsets \[0.0, 8.0\]": file_of({"w": entry([2], [0.0, 8.0])}),
    r"w at the offsets \[0, 8, 9\]": file_of({"w": entry([2], [0, 8, 9])}),
    "b at the bytes 8 to 24, where 16 is the next one": file_of({"a": entry([4], [0, 16]), "b": entry([4], [8, 24])}),
    "b at the bytes 32 to 36, where 4 is the next one": file_of({"a": entry([1], [0, 4]), "b": entry([1], [32, 36])}),
    "w at the bytes 8 to 0": file_of({"w": entry([2], [8, 0])}),
    "has 64 bytes for the tensor w": file_of({"w": entry([1], [0, 64])}, 64),
    "which no memory holds": file_of({"w": entry([2**32, 2**32], [0, 8])}),
    "no whole number of bytes": file_of({"w": entry([3], [0, 2], "F4")}, 2),
    "cut short: its tensors take 8 bytes, and 7 follow": file_of({"w": entry([2], [0, 8])}, 7),
    "belong to no tensor: its tensors take 8 bytes, and 9 follow": file_of({"w": entry([2], [0, 8])}, 9),
}


@pytest.mark.parametrize("why", REFUSED)
def test_each_way_to_be_wrong_has_its_sentence(why: str) -> None:
    found = ours(REFUSED[why])
    assert isinstance(found, str)
    with pytest.raises(Unreadable, match=why):
        raise Unreadable(found)
    assert theirs(REFUSED[why]) is None or "twice" in why


def test_a_header_beyond_what_is_read() -> None:
    with pytest.raises(Unreadable, match="has a header of 8,388,609 bytes"):
        header_length((MOST_HEADER + 1).to_bytes(8, "little"), 1 << 30)
    assert header_length(MOST_HEADER.to_bytes(8, "little"), 1 << 30) == MOST_HEADER


@pytest.mark.parametrize("dtype", BITS)
def test_every_type_of_the_format(dtype: str) -> None:
    data = file_of({"w": entry([8], [0, BITS[dtype]], dtype)}, BITS[dtype])
    assert theirs(data) is not None
    assert ours(data) == {"w": data[-BITS[dtype] :]}


@pytest.mark.parametrize("depth", [125, 126])
def test_fields_that_the_format_does_not_have_count_for_the_depth_alone(depth: int) -> None:
    nest = b"[" * depth + b"]" * depth
    data = file_of(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":' + nest + b"}}", 4)
    assert (theirs(data) is None) == isinstance(ours(data), str) == (depth == 126)


@pytest.mark.parametrize(
    "header",
    [
        b' {"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        b'{"w":["F32",[1],[0,4]]}',
        b'{"w":{"dtype":{"F32":null},"shape":[1],"data_offsets":[0,4]}}',
        b'{"__metadata__":{"a":"b","a":"c"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    ],
)
def test_where_we_are_stricter(header: bytes) -> None:
    data = file_of(header, 4)
    assert theirs(data) is not None
    refused = ours(data)
    assert isinstance(refused, str)
    assert any(why in refused for why in STRICTER)


# ---- thousands of headers, as the library takes them --------------------------------------------------------------


def sound(draw: random.Random) -> tuple[dict[str, Any], int]:
    """A header as a writer makes it, and the bytes of its tensors."""
    place, header = 0, dict[str, Any]()
    for number in range(draw.randrange(4)):
        shape = [draw.choice((0, 1, 2, 3, 8)) for _ in range(draw.randrange(4))]
        dtype = draw.choice(list(BITS))
        count = BITS[dtype]
        for size in shape:
            count *= size
        header[f"w{number}"] = entry(shape, [place, place := place + (count + 7) // 8], dtype)
    if draw.random() < 0.3:
        header["__metadata__"] = draw.choice(({"format": "pt"}, {}, None, {"a": "b", "c": "\u00e4"}))
    names = list(header)
    draw.shuffle(names)
    return {name: header[name] for name in names}, place


VALUES: list[Any] = [0, 1, 4, -1, 1.0, 0.5, True, None, "F32", "", [], {}, [0, 4], [1], 2**63, 2**64, 2**64 - 1, 10**30]


def with_other_values(draw: random.Random, header: Any) -> Any:
    """One value somewhere in the tree is another one, is gone, or is a little larger or smaller."""
    if isinstance(header, dict | list) and header and draw.random() < 0.85:
        keys = list(header) if isinstance(header, dict) else range(len(header))
        key = draw.choice(list(keys))
        if draw.random() < 0.07:
            del header[key]
        else:
            header[key] = with_other_values(draw, header[key])
        return header
    if isinstance(header, dict) and draw.random() < 0.5:
        return {**header, draw.choice(("more", "__metadata__", "w0", "\ud83d\ude00")): draw.choice(VALUES)}
    if type(header) is int and draw.random() < 0.7:
        return header + draw.choice((-8, -4, -1, 1, 4, 8))
    return draw.choice(VALUES)


def with_other_text(draw: random.Random, text: bytes) -> bytes:
    """Some bytes are gone, there twice, or others: those that mean something to JSON first of all."""
    begin = draw.randrange(len(text) + 1)
    end = min(len(text), begin + draw.randrange(draw.choice((2, 60))))
    pieces = (
        b"",
        text[begin:end] * 2,
        b"\\ud800",
        b"\\u0041",
        b"1e999",
        b"-0",
        b"NaN",
        b"\xff",
        b'"',
        b",",
        b" ",
        b"0",
        b"[",
        b"}",
    )
    return text[:begin] + draw.choice(pieces) + text[end:]


MUTATIONS: list[Callable[[random.Random, bytes], bytes]] = [
    lambda draw, text: json.dumps(with_other_values(draw, json.loads(text))).encode(),
    with_other_text,
]


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_headers_are_taken_and_refused_as_the_library_does(seed: int) -> None:
    draw = random.Random(seed)
    taken = stricter = 0
    for _ in range(3000):
        header, room = sound(draw)
        text = json.dumps(header).encode()
        for _ in range(draw.randrange(3)):
            try:
                text = draw.choice(MUTATIONS)(draw, text)
            except ValueError:  # the text is not JSON any more
                break
        data = file_of(text, max(0, room + draw.choice((0, 0, 0, 0, 0, 0, -1, 1))))
        expected, found = theirs(data), ours(data)
        if isinstance(found, dict):
            assert expected is not None, text
            assert found == {name: bytes(one["data"]) for name, one in expected.items()}
            taken += 1
        elif expected is not None:
            assert any(why in found for why in STRICTER), (text, found)
            stricter += 1
    assert taken > 500
    assert stricter < 100
