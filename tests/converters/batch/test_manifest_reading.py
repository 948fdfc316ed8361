"""Keys and values of a manifest that are wrong: reported at once, by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.batch.options import OPTIONS
from tests.converters.batch.manifests import problems, with_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_models(tmp_path)


def test_all_that_is_wrong_is_told_at_once_by_line(folder: Path) -> None:
    text = """[defaults]
fold_bn = "yes"
weights = "a.weights"
[a]
cfg = "a.cfg"
wieghts = "a.weights"
target = "tensorflow"
[b]
cfg = "missing.cfg"
weights = "a.weights"
input = "1x3"
[c]
output = "{nme}"
[d]
model = "b.pt2"
factory = "zoo.py:net"
[e]
source = "keras"
fold-bn = true
"""
    keys = "\n       ".join(["", f"the keys: {', '.join(sorted(OPTIONS))}", "`convert batch --keys` explains them"])
    missing = f"cfg: cannot find {folder}/missing.cfg (No such file or directory)"
    assert problems(text, folder) == [
        'zoo.toml:2: [defaults] fold_bn: it must be true or false, not "yes"',
        "zoo.toml:3: [defaults] weights belongs to one model and cannot be a default",
        f"zoo.toml:6: [a] unknown key wieghts\n    -> did you mean weights or weights_key?{keys}",
        "zoo.toml:7: [a] target: there is no target tensorflow; there are caffe, opencv",
        "zoo.toml:4: [a] weights is missing (a model from darknet needs it)",
        "zoo.toml:11: [b] input is not a key for a model from darknet",
        f"zoo.toml:9: [b] {missing}",
        'zoo.toml:13: [c] output: "{nme}" may hold {name} and {target} in braces, and nothing else',
        "zoo.toml:12: [c] has no model\n    -> give cfg and weights (Darknet), model or factory (PyTorch), or "
        "prototxt and caffemodel",
        "zoo.toml:16: [d] model and factory exclude each other",
        'zoo.toml:18: [e] source: "keras" is not one of darknet, pytorch, caffe',
        "zoo.toml:19: [e] unknown key fold-bn\n    -> did you mean fold_bn?",
    ]


def test_the_first_unknown_key_is_answered_with_all_that_there_are(folder: Path) -> None:
    first, second = problems('[a]\nmodel = "b.pt2"\nzzz = 1\nqqq = 2\n', folder)
    assert first.startswith("zoo.toml:3: [a] unknown key zzz\n    -> the keys: ")
    assert set(OPTIONS) == set(first.partition("the keys: ")[2].partition("\n")[0].split(", "))
    assert second == "zoo.toml:4: [a] unknown key qqq"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('output = "{name:>999999999}"', "may hold {name} and {target} in braces, and nothing else"),
        ('output = "{name!r}"', "and nothing else"),
        ('output = "{name.__class__}"', "and nothing else"),
        ('output = "{0}"', "and nothing else"),
        ('output = "{}"', "and nothing else"),
        ('output = "{name"', "and nothing else"),
        ('output = "a\\u0000b"', "cannot hold a null byte"),
        (f"batch = {'9' * 5000}", "does not fit into 64 bits"),
        ("arguments = {day = 2024-01-01}", "it must be a table of strings, numbers, booleans and lists, not a table"),
        ("arguments = " + "{a = " * 200 + "1" + "}" * 200, "more than 100 arrays or tables are nested"),
        (f'input_size = "{"9" * 5000}x1"', "it must be a string like"),
    ],
)
def test_what_would_end_in_a_traceback_later_is_refused(line: str, told: str, folder: Path) -> None:
    assert any(told in problem for problem in problems(f"[a]\ncfg = 'a.cfg'\nweights = 'a.weights'\n{line}\n", folder))
