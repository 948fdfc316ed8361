from __future__ import annotations

import click
import pytest

from converters.batch.options import OPTIONS, source_of
from converters.cli.darknet import darknet
from converters.options.stated import refusal


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("cfg", ["a.cfg"], ["", 3, True, ["a.cfg"]]),
        ("target", ["caffe", ["caffe", "opencv"]], [[], "", [1], 2]),
        ("fold_bn", [True, False], ["true", 1, 0]),
        ("batch", [1, 8], [0, -1, 1.0, True, "1"]),
        ("tolerance", [1e-5, 1], [0, -1.0, True, "1e-5"]),
        ("input_size", ["416x416", "1X20"], ["416", "0x4", "4x4x4", 416, "x"]),
        ("head", ["raw", "activated"], ["none", "Raw", 1]),
        ("bn", ["auto", "darknet-cpu", "inside:1e-4"], ["inside", "1e-4", "", 1e-4]),
        ("header_bytes", [0, 12, 16, 20], [13, "16", True, 16.0]),
        ("until", [0, 74], [-1, "74", 1.5]),
        ("side_files", ["nnie", ["nnie", "opencv"]], ["nnie,opencv", [], ["saw"], True]),
        ("arguments", [{}, {"depth": 18}], ["depth=18", []]),
    ],
)
def test_values_fit_their_types(key: str, good: list[object], bad: list[object]) -> None:
    assert [refusal(OPTIONS[key], value) for value in good] == [""] * len(good)
    assert all(refusal(OPTIONS[key], value) for value in bad)


def test_a_refusal_says_what_is_wanted() -> None:
    assert refusal(OPTIONS["fold_bn"], "yes") == 'it must be true or false, not "yes"'
    assert refusal(OPTIONS["head"], "non") == '"non" is not one of raw, activated'
    assert refusal(OPTIONS["header_bytes"], 13) == "13 is not one of 0, 12, 16, 20"
    assert refusal(OPTIONS["until"], -1) == "it must be a whole number of at least 0, not -1"
    assert "did you mean inside:1e-4?" in refusal(OPTIONS["bn"], "inside=1e-4")


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"cfg": "a"}, "darknet"),
        ({"weights": "a"}, None),
        ({"model": "a"}, "pytorch"),
        ({"factory": "a"}, "pytorch"),
        ({"prototxt": "a"}, "caffe"),
        ({"source": "pytorch", "cfg": "a"}, "pytorch"),
        ({"source": "keras"}, None),
    ],
)
def test_the_source_is_said_or_seen(options: dict[str, str], source: str | None) -> None:
    assert source_of(options) == source


def test_a_key_of_two_sources_is_for_the_models_of_both() -> None:
    assert OPTIONS["input"].option.sources == ("pytorch", "caffe")
    assert OPTIONS["batch"].option.sources == ("darknet",)


NOT_IN_A_MANIFEST = {"dump_after", "force", "quiet", "verbose", "output", "stem", "help"}
"""What belongs to a terminal, and what batch has in its own way."""


def test_a_manifest_knows_what_convert_darknet_knows() -> None:
    options = [param for param in darknet.params if isinstance(param, click.Option)]
    for option in options:
        name = str(option.name)
        if name in NOT_IN_A_MANIFEST:
            continue
        assert "darknet" in OPTIONS[name].option.sources, name
        if isinstance(option.type, click.Choice) and name != "target":
            assert OPTIONS[name].choices == tuple(option.type.choices), name
        assert (OPTIONS[name].kind == "flag") == option.is_flag, name
