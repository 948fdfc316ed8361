"""No name out of a file gives orders to the terminal: each command is run on names that try to."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from rich.console import Console
from safetensors.numpy import save_file

from caffe_ir.visible import visible
from converters.cli import say as module
from converters.cli.say import console, plain, say, say_whole
from tests.converters.cli.given import ROOT, TINY, darknet_model, tool

EVIL = "\x1b[31m\x9b0m\u202e[red][/]\x07{0}"
"""Orders to a terminal, to rich and to str.format."""
FILE = EVIL.replace("/", "")


def run(*words: object) -> Result:
    result = tool(*words)
    assert result.output
    assert visible(result.output, keep="\n") == result.output
    assert not [line for line in result.output.splitlines() if line.endswith(" ")]
    return result


def test_what_is_said_is_visible(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL + "\n", heading="a  ")
    say("one\ntwo\x1b", err=True, lines=True)
    say_whole("a\n\x1b\n")
    out, err = capsys.readouterr()
    assert out == "a  " + visible(EVIL) + "\\n\na\n\\x1b\n"
    assert err == "one\ntwo\\x1b\n"


def test_rich_shows_a_plain_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(plain("[red][/] :smile: \x1b"))
    assert capsys.readouterr().out == "[red][/] :smile: \\x1b\n"
    assert isinstance(console(err=True), Console)


def test_only_say_prints() -> None:
    """Other modules would have to remember what a terminal obeys."""
    for path in (ROOT / "converters/cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if path.name != Path(str(module.__file__)).name:
                assert called not in ("click.echo", "click.secho", "print", "Text", "rich.print"), path


def test_darknet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = TINY.replace("[maxpool]", f"[maxpool]\n# {EVIL}\na[red]{{0}}=1")
    cfg, weights = darknet_model(tmp_path, text, name=f"{FILE}net")
    converted = run("darknet", cfg, weights, "-o", f"{FILE}out")
    assert converted.exit_code == 0
    assert "\\x1b[31m" in converted.output
    run("darknet", cfg, weights, "-v", "--dump-after", "source")
    run("verify", cfg, weights, f"{FILE}out", "-v", "--report", "page.html")
    html = Path("page.html").read_text()
    assert visible(html, keep="\n") == html
    Path(cfg).write_text(f"[net]\n[{EVIL}]\n")
    assert run("darknet", cfg, weights).exit_code == 1
    run("darknet", f"{FILE}none.cfg", weights)
    run("darknet", FILE, weights, weights)
    run(f"{FILE}.cfg")
    run(f"--{FILE}")


def test_bytes_that_are_no_utf8_in_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cfg, weights = darknet_model(tmp_path, name=os.fsdecode(b"\xff\xfe"))
    converted = run("darknet", cfg, weights)
    assert converted.exit_code == 0
    assert "\\xff\\xfe" in converted.output


def test_caffe(tmp_path: Path) -> None:
    layer = 'layer { name: "\\033[31m%s" type: "ReLU\\033" bottom: "x\\n\\033" top: "y\\233" }'
    path = tmp_path / "net.prototxt"
    for text in (
        layer % "a",
        'layer { name: "a"\x1b }',
        "layer { \x1b: 1 }",
        'input: "\\033"\ninput_dim: 1\n' + layer % "b",
    ):
        path.write_text(text)
        assert run("init", path).exit_code == 1


def test_weights(tmp_path: Path) -> None:
    save_file({f"{EVIL}.weight": np.ones((4, 3), "f4"), "line\nfeed": np.ones(3, "f4")}, tmp_path / "w.safetensors")
    listed = run("dump", tmp_path / "w.safetensors")
    assert listed.exit_code == 0
    assert "line\\nfeed" in listed.output
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 } } }\n'
        'layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" inner_product_param { num_output: 4 } }\n'
    )
    run("pytorch", tmp_path / "w.safetensors", "--prototxt", path)
    run("pytorch", tmp_path / "w.safetensors", "--prototxt", path, "--partial", "-o", tmp_path / f"{FILE}stem")


def test_batch(tmp_path: Path) -> None:
    name = json.dumps(EVIL)
    manifest = tmp_path / "zoo.toml"
    manifest.write_text(f"[{name}]\nmodel = {name}\n{name} = 1\noutput = {name}\n")
    assert run("batch", manifest).exit_code == 2
    (tmp_path / "bad.cfg").write_text("no cfg")
    (tmp_path / "bad.weights").write_bytes(bytes(100))
    page = tmp_path / "page.html"
    plain_name = json.dumps("\x1b[31m\u202e[red][/]")
    manifest.write_text(f'[{plain_name}]\ncfg = "bad.cfg"\nweights = "bad.weights"\noutput = "out"\n')
    assert run("batch", manifest, "--report", page, "-j", 1).exit_code == 1
    html = page.read_text()
    assert visible(html, keep="\n") == html
    (tmp_path / "\x1b.pt2").touch()
    run("batch", "--init", tmp_path)
