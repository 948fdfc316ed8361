from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from converters.cli.main import convert
from converters.cli.verify_beside import source_beside
from converters.cli.verify_opened import Pair
from tests.converters.cli.given import TINY, converted, darknet_model


def source(folder: Path) -> tuple[str, ...]:
    return source_beside(Pair(prototxt=folder / "net.prototxt", caffemodel=folder / "net.caffemodel"))


def stating(folder: Path, **said: str) -> None:
    lines = "".join(f"# {key} = {value}\n" for key, value in {**said, "crc32": '"0"'}.items())
    (folder / "net.prototxt").write_text(f"# Written by tocaffe 0.2.0\n{lines}")


def test_the_files_of_a_darknet_model_are_found(tmp_path) -> None:
    cfg, weights = map(str, darknet_model(tmp_path, TINY))
    converted("darknet", cfg, weights, "-o", tmp_path / "net")
    assert source(tmp_path) == (cfg, weights)
    done = CliRunner().invoke(convert, ["verify", str(tmp_path / "net"), "-q"])
    assert done.exit_code == 0, done.output
    Path(weights).write_bytes(Path(weights).read_bytes()[:-4] + b"\0\0\0\0")
    assert CliRunner().invoke(convert, ["verify", str(tmp_path / "net"), "-q"]).exit_code == 1


def test_those_of_a_caffe_net_are_found(tmp_path) -> None:
    converted("darknet", *darknet_model(tmp_path, TINY), "-o", tmp_path / "old")
    converted("caffe", tmp_path / "old.prototxt", tmp_path / "old.caffemodel", "-o", tmp_path / "net")
    assert source(tmp_path) == (str(tmp_path / "old.prototxt"), str(tmp_path / "old.caffemodel"))


def test_a_comment_opens_no_file_of_another_folder(tmp_path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.cfg", "a.weights"):
        (tmp_path / name).touch()
    stating(folder, source='"darknet"', cfg='"../a.cfg"', weights=f'"{tmp_path}/a.weights"')
    with pytest.raises(click.UsageError, match="it is not all beside it"):
        source(folder)


@pytest.mark.parametrize(
    "said",
    [
        {"source": '"pytorch"', "model": '"net.pt2"'},
        {"source": '"pytorch"', "factory": '"nets.py:net"'},
        {"source": '"elsewhere"', "model": '"net.pt2"'},
    ],
)
def test_what_may_run_code_is_named_and_not_opened(said, tmp_path) -> None:
    for name in ("net.pt2", "nets.py"):
        (tmp_path / name).touch()
    stating(tmp_path, **said)
    with pytest.raises(click.UsageError, match=r"was made of net.*; a model may run code"):
        source(tmp_path)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"source": '"darknet"'},
        {"source": '"darknet"', "cfg": "3", "weights": "[]"},
        {"source": "7", "model": '"net.pt2"'},
    ],
)
def test_without_names_the_source_is_asked_for(said, tmp_path) -> None:
    stating(tmp_path, **said)
    with pytest.raises(click.UsageError, match=r"give the source and then the Caffe net: convert verify net\.cfg"):
        source(tmp_path)
