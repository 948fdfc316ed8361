from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.transplant.map_file import map_line, map_text, read_map


def test_what_is_written_is_read(tmp_path: Path) -> None:
    lines = [
        ("conv1", ("features.0",), "the same name"),
        ('odd "name"\\ with\ttab, ü and \U0001f600', ("features.3", "features.4"), "its place"),
        ("extra", (), "its filler"),
    ]
    (tmp_path / "m.toml").write_text(map_text(lines, ["aux.weight", "aux.bias"]), encoding="utf-8")
    found = read_map(tmp_path / "m.toml")
    assert found.layers == {layer: modules for layer, modules, _ in lines}
    assert found.unused == ("aux.weight", "aux.bias")


def test_what_people_write(tmp_path: Path) -> None:
    text = 'unused = ["fc.*"]\n[layers]\nconv1 = "a.0"\n"conv/2" = ["a.1", "a.2"]\n'
    (tmp_path / "m.toml").write_text(text)
    found = read_map(tmp_path / "m.toml")
    assert found.layers == {"conv1": ("a.0",), "conv/2": ("a.1", "a.2")}
    assert found.unused == ("fc.*",)
    assert map_line("conv1", ("a.0",)) == '"conv1" = "a.0"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[layers\n", "cannot read"),
        ("[layer]\n", "layer has no meaning"),
        ("layers = 3\n", "is a table"),
        ('unused = "all"\n', "a list of keys"),
        ("[layers]\nconv.1 = 'a'\n", "quote names with dots"),
        ("[layers]\na = ['b']\n", r"a is given \['b'\]"),
        ("[layers]\na = 3\nb = 4\n", "a is given 3(.|\n)*b is given 4"),
    ],
)
def test_what_is_no_map_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(ConversionError, match=told):
        read_map(tmp_path / "m.toml")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="No such file"):
        read_map(tmp_path / "none.toml")
