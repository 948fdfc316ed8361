"""The values of options. The judge of numbers is the C library."""

from __future__ import annotations

import ctypes
import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from converters.darknet.cfg import parse_cfg
from converters.darknet.section import Section, atof, atoi


def layer(options: str, kind: str = "convolutional") -> Section:
    return parse_cfg(f"[net]\n[{kind}]\n{options}\n".encode(), "my.cfg").sections[0]


@pytest.mark.parametrize(
    "text", ["3", "+3", "-3", "3.9", "0x4", "yes", "", "-", "+-3", "3#x", "1e3", "007", "2147483647"]
)
@pytest.mark.parametrize("tail", ["", "99999999", "9" * 6000])
def test_atoi_is_the_c_librarys(text, tail):
    written = text + tail
    assert atoi(written)[0] == ctypes.CDLL(None).atoi(written.encode())


@given(st.text(alphabet="0123456789+-.eExXpPinfINFaty#,", max_size=30))
@example("0x.p1")
@example("0x1p-99999")
@example("0x1p99999")
@example("-0x1p9999999999999999999")
@example("1e40")
@example("1e99999")
@example("infinit")
@example("1e+")
@example(".")
@example("0.1")
@example("nan")
def test_atoi_and_atof_are_the_c_librarys(text):
    c = ctypes.CDLL(None)
    c.atof.restype = ctypes.c_double
    expected = ctypes.c_float(c.atof(text.encode())).value
    read, _ = atof(text)
    assert struct.pack("f", read) == struct.pack("f", expected) or (math.isnan(read) and math.isnan(expected))
    assert atoi(text)[0] == c.atoi(text.encode())


@pytest.mark.parametrize("text", ["-infinity", "NaN", "0x1.8p1", "1e-5", ".5", "5."])
def test_atof_knows_when_it_has_read_all(text):
    assert atof(text)[1]
    assert not atof(text + "x")[1]


@pytest.mark.parametrize(
    ("value", "read", "told"),
    [
        ("3", 3, None),
        ("+3", 3, None),
        ("1 6", 16, None),
        ("3.9", 3, "3.9: Darknet reads 3"),
        ("0x4", 0, "0x4: Darknet reads 0"),
        ("yes", 0, "yes: Darknet reads 0"),
        ("3 # comment", 3, "3#comment: Darknet reads 3"),
        ("=3", 0, "=3: Darknet reads 0"),
        ("4294967297", 1, "4294967297: Darknet reads 1"),
    ],
)
def test_ints(value, read, told):
    section = layer(f"\nsize={value}")
    assert section.int("size", 7) == read
    assert section.int("size", 7) == read
    expected = [f"my.cfg:4 [convolutional]: size={told}"] if told else []
    assert list(map(str, section.notes)) == expected


def test_floats_are_rounded_to_float32_as_darknet_keeps_them():
    section = layer("alpha=0.1\nbeta=.75x\nkappa=big")
    assert section.float("alpha", 0) == 0.100000001490116119384765625
    assert section.float("absent", 0.1) == 0.100000001490116119384765625
    assert list(section.notes) == []
    assert (section.float("beta", 0), section.float("kappa", 1)) == (0.75, 0)
    told = [note.text for note in section.notes]
    assert told == ["beta=.75x: Darknet reads 0.75", "kappa=big: Darknet reads 0"]


def test_texts_keep_what_looks_like_a_comment():
    section = layer("activation=leaky #act\ntree=a=b")
    assert section.text("activation", "logistic") == "leaky#act"
    assert section.text("tree") == "a=b"
    assert section.text("absent", "linear") == "linear"
    assert len(section.notes) == 1
    assert "'leaky#act' as it stands" in section.notes[0].text


def test_lists():
    section = layer("layers = -1, 36\nmask=0,1,2#3,4\nfrom=-2,\nanchors=10,13.5, 16,x\nsteps=,")
    assert section.ints("layers") == (-1, 36)
    assert section.ints("absent") == ()
    assert section.ints("absent", (1, 2)) == (1, 2)
    assert section.floats("absent", (0.5,)) == (0.5,)
    assert list(section.notes) == []
    assert section.ints("mask") == (0, 1, 2, 4)
    assert section.ints("mask", until_hash=True) == (0, 1, 2)
    assert section.ints("from") == (-2, 0)
    assert section.floats("anchors") == (10, 13.5, 16, 0)
    assert section.floats("steps", until_hash=True) == (0, 0)
    assert [note.text for note in section.notes] == [
        "mask=0,1,2#3,4: Darknet reads 0,1,2,4",
        "from=-2,: Darknet reads -2,0",
        "anchors=10,13.5,16,x: Darknet reads 10,13.5,16,0",
        "steps=,: Darknet reads 0,0",
    ]
