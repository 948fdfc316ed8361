from __future__ import annotations

import sys

import pytest

from converters.batch.lines import lines_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEXT = '''# a comment
[defaults]
target = ["caffe",
          # [not.a.table]
          "opencv"]

[yolo]
note = """
[fake]
cfg = "x"
"""
cfg = 'a.cfg' # [b]
"odd key" = 1

["with.dot"]
a.b = 2
arguments = { depth = 18, wide = false }
[deep.inner]
z = 1
[[many]]
z = 2
'''


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_each_table_and_key_has_its_line(newline: str) -> None:
    assert tomllib.loads(TEXT)
    assert lines_of(TEXT.replace("\n", newline)) == {
        ("defaults",): 2,
        ("defaults", "target"): 3,
        ("yolo",): 7,
        ("yolo", "note"): 8,
        ("yolo", "cfg"): 12,
        ("yolo", "odd key"): 13,
        ("with.dot",): 15,
        ("with.dot", "a"): 16,
        ("with.dot", "a", "b"): 16,
        ("with.dot", "arguments"): 17,
        ("deep",): 18,
        ("deep", "inner"): 18,
        ("deep", "inner", "z"): 19,
        ("many",): 20,
        ("many", "z"): 21,
    }


def test_a_line_separator_inside_a_string_ends_no_line() -> None:
    assert lines_of('a = "x\u2028y\u0085z"\nb = 1\n') == {("a",): 1, ("b",): 2}


def test_nothing_has_no_lines() -> None:
    assert lines_of("# only a comment\n\n") == {}


def test_strings_of_several_lines_may_end_in_quotes() -> None:
    text = "a = \"\"\"x\"\"\"\"\nb = '''\ny''''\nc = \"\\\"[\\\\\" # \"\nd = ''''''\ne = [\"]\", '[', # ]\n]\nf = 1\n"
    assert tomllib.loads(text)
    assert lines_of(text) == {("a",): 1, ("b",): 2, ("c",): 4, ("d",): 5, ("e",): 6, ("f",): 8}


def test_time_grows_with_the_text() -> None:
    lines = "\n".join('  "x",' for _ in range(50_000))
    assert lines_of(f"a = [\n{lines}\n]\nb = 1\n") == {("a",): 1, ("b",): 50_003}
