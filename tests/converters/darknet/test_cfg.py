"""The grammar of cfg files. The judges: Debian's real Darknet (its read_cfg, in a child process) and the C library."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffe_ir.errors import ConversionError
from converters.darknet.cfg import ALIASES, Cfg, parse_cfg, read_cfg
from converters.darknet.section import Section
from tests.oracles.darknet import LIBRARY, SHARE, needs_darknet

ZOO = sorted((SHARE / "cfg").glob("*.cfg"))

# Layers after [net], added up from the nets' own tables of layers.
LAYERS = {"yolov3": 107, "yolov3-tiny": 24, "yolov2": 32, "yolov1": 32, "darknet53": 78, "vgg-16": 25, "resnet50": 69}

# Prints, for every cfg file named, what Darknet's own read_cfg makes of it: [[type, [[key, value or null], ...]], ...]
READ_CFG = """
import ctypes, json, sys
class Node(ctypes.Structure): pass
Node._fields_ = [("val", ctypes.c_void_p), ("next", ctypes.POINTER(Node)), ("prev", ctypes.POINTER(Node))]
class List(ctypes.Structure):
    _fields_ = [("size", ctypes.c_int), ("front", ctypes.POINTER(Node)), ("back", ctypes.POINTER(Node))]
class Section(ctypes.Structure): _fields_ = [("type", ctypes.c_char_p), ("options", ctypes.POINTER(List))]
class Pair(ctypes.Structure): _fields_ = [("key", ctypes.c_char_p), ("val", ctypes.c_char_p), ("used", ctypes.c_int)]
def items(chain, kind):
    node = chain.contents.front
    while node:
        yield ctypes.cast(node.contents.val, ctypes.POINTER(kind)).contents
        node = node.contents.next
text = lambda raw: None if raw is None else raw.decode()
darknet = ctypes.CDLL(sys.argv[1])
darknet.read_cfg.restype = ctypes.POINTER(List)
print(json.dumps([
    [[text(s.type), [[text(p.key), text(p.val)] for p in items(s.options, Pair)]]
     for s in items(darknet.read_cfg(name.encode()), Section)]
    for name in json.load(sys.stdin)
]))
"""


def parse(text: str | bytes) -> Cfg:
    return parse_cfg(text if isinstance(text, bytes) else text.encode(), "my.cfg")


def layer(options: str, kind: str = "convolutional") -> Section:
    return parse(f"[net]\n[{kind}]\n{options}\n").sections[0]


def refusal(text: str | bytes) -> str:
    with pytest.raises(ConversionError) as caught:
        parse(text)
    return str(caught.value)


def as_darknet_reads(paths: list[Path]) -> list[list[tuple[str, list[tuple[str, str | None]]]]]:
    names = json.dumps([str(path) for path in paths])
    command = [sys.executable, "-c", READ_CFG, str(LIBRARY)]
    done = subprocess.run(command, input=names, capture_output=True, text=True, check=True, timeout=60)
    files = json.loads(done.stdout.splitlines()[-1])
    return [[(kind, [(key, value) for key, value in options]) for kind, options in file] for file in files]


def assert_reads_alike(paths: list[Path]) -> None:
    for path, truth in zip(paths, as_darknet_reads(paths), strict=True):
        cfg = read_cfg(path)
        sections = (cfg.net, *cfg.sections)
        assert [section.written for section in sections] == [kind for kind, _ in truth], path.name
        for section, (_, options) in zip(sections, truth, strict=True):
            # option_find takes the first of equal keys: hence from the last to the first
            first = dict(reversed(options))
            assert {key: option.value for key, option in section.options.items()} == first, path.name


def random_cfg(dice: random.Random) -> str:
    """Everything the grammar knows that Darknet survives and we accept."""
    lines = ["[net]"]
    for _ in range(dice.randrange(1, 6)):
        lines.append(dice.choice(["[max]", " [ con volutional]\t", "[x]", "[y=z]", "[#]"]))
        for _ in range(dice.randrange(8)):
            line = "".join(dice.choice("ab=#;,1. \t]") for _ in range(dice.randrange(9)))
            lines.append(dice.choice(["", "a=", "a", "b=1"]) + line)
    return "\n".join(lines) + dice.choice(["", "\n", "\n\n"])


@needs_darknet
def test_random_files_are_read_as_darknet_reads_them(tmp_path):
    dice = random.Random(20260101)
    paths = [tmp_path / f"{number}.cfg" for number in range(300)]
    for path in paths:
        path.write_text(random_cfg(dice))
    assert_reads_alike(paths)


@needs_darknet
def test_every_cfg_of_the_zoo_is_read_as_darknet_reads_it():
    assert len(ZOO) == 45
    assert_reads_alike(ZOO)


@needs_darknet
@pytest.mark.parametrize(("name", "count"), LAYERS.items())
def test_known_nets_have_their_number_of_layers(name, count):
    assert len(read_cfg(SHARE / "cfg" / f"{name}.cfg").sections) == count


def test_sections_carry_kind_spelling_index_and_line():
    cfg = parse("# a comment\n[network]\nwidth = 4 1 6\n\n[conv]\nfilters=1\n ; another\n[ shortcut ]\nfrom=-3\n")
    assert [(s.kind, s.written, s.index, s.line) for s in (cfg.net, *cfg.sections)] == [
        ("net", "[network]", -1, 2),
        ("convolutional", "[conv]", 0, 5),
        ("shortcut", "[shortcut]", 1, 8),
    ]
    assert cfg.net.int("width", 0) == 416
    assert str(cfg.sections[1].origin()) == "my.cfg:8 [shortcut]"
    assert str(cfg.sections[1].origin("from")) == "my.cfg:9 [shortcut]"
    assert str(cfg.sections[1].origin("nothing")) == "my.cfg:8 [shortcut]"
    assert [s.origin().layer for s in (cfg.net, *cfg.sections)] == ["net", "convolutional_0", "shortcut_1"]
    assert cfg.notes == ()


@pytest.mark.parametrize(("alias", "kind"), ALIASES.items())
def test_aliases(alias, kind):
    text = f"[{alias}]\n[x]\n" if kind == "net" else f"[net]\n[{alias}]\n"
    cfg = parse(text)
    assert (cfg.net if kind == "net" else cfg.sections[0]).kind == kind


def test_keys_and_types_keep_their_case():
    section = layer("Filters=3\nB1=.5", "Gaussian_yolo")
    assert section.kind == "Gaussian_yolo"
    assert not section.has("filters")
    assert section.int("Filters", 1) == 3
    assert parse("[net]\n[Convolutional]").sections[0].kind == "Convolutional"


def test_the_first_of_equal_keys_wins():
    cfg = parse("[net]\n[maxpool]\nsize=2\nstride=2\nsize=3\n")
    assert cfg.sections[0].int("size", 1) == 2
    assert [str(note) for note in cfg.notes] == [
        "my.cfg:5: size stands in line 3 already: Darknet takes the first, '2'"
    ]


def test_an_empty_value_is_dropped_and_hides_nothing():
    cfg = parse("[net]\n[maxpool]\nsize =\nsize=3\n=\n")
    assert cfg.sections[0].int("size", 1) == 3
    told = [str(note) for note in cfg.notes]
    assert told == [
        "my.cfg:3: size= has no value, Darknet drops the line",
        "my.cfg:5: = has no value, Darknet drops the line",
    ]


def test_a_line_without_equals_sign_is_not_set_and_hides_what_follows():
    cfg = parse("[net]\n[maxpool]\nsize\nsize=3\n")
    assert cfg.sections[0].int("size", 1) == 1
    assert not cfg.sections[0].has("size")
    assert cfg.sections[0].unread() == []
    assert [note.origin.line for note in cfg.notes if note.origin] == [3, 4]
    assert "not set" in cfg.notes[0].text
    assert "not set" in cfg.notes[1].text


def test_a_colon_for_an_equals_sign_is_told():
    (note,) = parse("[net]\n[x]\nfilters: 8\n").notes
    assert note.text.endswith("did you mean filters=8?")


def test_lines_before_the_first_section_are_told_once():
    assert "'width=3' stands before any section (and 1 more such lines)" in refusal("width=3\nheight=3\n[net]\n[x]")


def test_a_value_without_key_is_told():
    assert [note.text for note in parse("[net]\n[x]\n=5").notes] == ["=5 has no key, Darknet never reads it"]


def test_all_notes_gathers_those_of_the_sections():
    cfg = parse("[net]\nwidth=8.5\nwidth=9\n[x]\nsize=z\n")
    cfg.net.int("width", 0)
    cfg.sections[0].int("size", 0)
    assert [note.origin.line for note in cfg.all_notes() if note.origin] == [3, 2, 5]


def test_crlf_is_accepted_with_one_warning():
    cfg = parse(b"[net]\r\nwidth=8\r\n\r\n[conv]\r\nactivation=leaky\r\n")
    assert cfg.sections[0].text("activation") == "leaky"
    assert cfg.sections[0].line == 4
    assert len(cfg.all_notes()) == 1
    assert "CRLF" in cfg.notes[0].text


def test_carriage_returns_alone_end_lines_with_one_warning():
    cfg = parse(b"[net]\rwidth=8\r\r[conv]\ractivation=leaky\r")
    assert cfg.net.int("width", 0) == 8
    assert (cfg.sections[0].text("activation"), cfg.sections[0].line) == ("leaky", 4)
    assert ["CR" in note.text for note in cfg.all_notes()] == [True]


def test_a_byte_order_mark_is_skipped_with_a_warning():
    cfg = parse(b"\xef\xbb\xbf[net]\nwidth=8\n[x]\n")
    assert cfg.net.int("width", 0) == 8
    assert "byte order mark" in cfg.notes[0].text


def test_comments_may_hold_any_bytes_and_options_may_not():
    assert parse(b"[net]\n# \xff\x0b \xa0\n[x]\nmap=\xc3\xa9.map\n").sections[0].text("map") == "é.map"
    assert refusal(b"[net]\n[x]\nsize=\xff3\nstride\x0b=2\n").startswith(
        "my.cfg:3: size=?3 has characters that are not printable UTF-8 text, here ?"
    )
    assert "and 1 more" in refusal(b"[net]\n[x]\nsize=\xff3\nstride\x0b=2\n")
    for line in ("size\u00a0=3", "\v", "anchors=1,\u30002", "activation=leaky\u3000", "[conv]\u3000"):
        assert "not printable" in refusal(f"[net]\n[x]\n{line}\n")


@pytest.mark.parametrize(
    ("line", "numbers", "shown"),
    [
        ("size=3 # 输出".encode("gbk"), (3,), "size=3#????"),
        ("size=3;größe".encode("latin-1"), (3,), "size=3;gr??e"),
        ("size=3\u3000".encode(), (3,), "size=3?"),
        ("size=3,5\u00a0,-7 ### été, été".encode("latin-1", "replace"), (3, 5, -7, 0), "size=3,5?,-7###?t?,?t?"),
        (b"size=1,2###S5", (1, 2), "size=1,2###S5"),
    ],
)
def test_what_stands_behind_a_number_is_passed_over_with_a_warning(line, numbers, shown):
    section = parse(b"[net]\n[x]\n" + line).sections[0]
    assert section.ints("size") == numbers
    (note,) = section.notes
    assert note.text == f"{shown}: Darknet reads {','.join(map(str, numbers))}"


def test_a_long_line_is_quoted_in_part():
    assert len(refusal(b"[net]" + b"x" * 10_000)) < 500
    assert len(refusal(b"x" * 10_000 + b"\n[net]\n[x]")) < 500


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "my.cfg: has no sections"),
        (b"  \n# only a comment\n", "my.cfg: has no sections"),
        (b"hello\nworld=1\n", "my.cfg: has no sections"),
        (b"[net]\nwidth=1\0\n", "is not a text file"),
        ("[net]\n[x]\n".encode("utf-16"), "is UTF-16 text"),
        (b"width=3\n[net]\n[x]\n", "my.cfg:1: 'width=3' stands before any section"),
        (b"\n[conv]\n[x]", "my.cfg:2 [conv]: the first section is [conv]"),
        (b"[NET]\n[x]", "my.cfg:1 [NET]: the first section is [NET]"),
        (b"[net]\n[x]\n[network]\n", "my.cfg:3 [network]: there is a second [net]"),
        (b"[net]\n", "my.cfg:1 [net]: no layer follows"),
        (b"[net]\n[convolutional]#x\n", "my.cfg:2 [convolutional]#x: [convolutional]#x is not a section type"),
        (b"[net]\n[convolutional\n", "close the bracket"),
        (b"[net]\n[]\n", "my.cfg:2 []: [] is not a section type"),
        (b"[net]#\n[x]\n", "comment on a line of its own"),
    ],
)
def test_what_is_refused(text, told):
    assert told in refusal(text)


def test_all_problems_are_told_at_once():
    with pytest.raises(ConversionError) as caught:
        parse(b"a=1\n[conv]\n[max]x\n[net]\nsize=\xff\n")
    assert sorted(p.origin.line for p in caught.value.problems if p.origin and p.origin.line) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", ["absent.cfg", ".", "with\0null", "x/" * 3000])
def test_a_file_that_cannot_be_read_is_a_conversion_error(tmp_path, name):
    with pytest.raises(ConversionError, match="cannot be read"):
        read_cfg(f"{tmp_path}/{name}")


def test_a_huge_file_is_refused(tmp_path):
    path = tmp_path / "huge.cfg"
    path.write_bytes(b"[net]\n" + b"#" * (17 << 20))
    with pytest.raises(ConversionError, match=r"more than 16 MB.*\n.*the cfg file comes first"):
        read_cfg(path)


def read_everything(data: bytes) -> None:
    """Parse, then read every option in every way: nothing but ConversionError may come of it."""
    try:
        cfg = parse(data)
    except ConversionError:
        return
    for section in (cfg.net, *cfg.sections):
        assert section.index == -1 or section.kind != "net"
        for key in section.options:
            section.int(key, 0), section.float(key, 0), section.text(key), section.ints(key), section.floats(key)
        assert section.unread() == []
    assert all(str(note) for note in cfg.all_notes())


@given(st.binary(max_size=200))
def test_random_bytes_never_break_the_reader(data):
    read_everything(data)
    read_everything(b"[net]\n[x]\n" + data)


@given(
    st.lists(
        st.sampled_from(["[net]", "[x]", "[x", "a=1", "a=", "=", "=1", "a", "#", "\r", "é", "\0", "\x85", "12:", " "])
    )
)
def test_random_lines_never_break_the_reader(parts):
    read_everything("\n".join(parts).encode())
    read_everything(b"[net]\n[x]\n" + "".join(parts).encode())


WORD = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="=[]#;"), min_size=1, max_size=8)


@given(st.lists(st.tuples(WORD, st.dictionaries(WORD, WORD, max_size=5)), min_size=1, max_size=5))
def test_valid_sections_come_back_as_they_were_written(sections):
    sections = [(kind, options) for kind, options in sections if ALIASES.get(kind, kind) != "net"] or [("x", {})]
    text = "".join(f"[{kind}]\n" + "".join(f" {k} = {v}\n" for k, v in options.items()) for kind, options in sections)
    cfg = parse(f"[net]\n{text}")
    assert [s.written for s in cfg.sections] == [f"[{kind}]" for kind, _ in sections]
    assert [{k: o.value for k, o in s.options.items()} for s in cfg.sections] == [options for _, options in sections]
    assert cfg.notes == ()
