"""Every command and every piece of Python in the documents runs, page by page, as somebody would paste it."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from converters.cli.main import convert
from tests.documents.models import write_models
from tests.documents.pages import DOCS, NOT_CODE, ROOT, Block, blocks, fences, needed, pages
from tests.portability.engines import FOLDER as ENGINES

PAGES = {str(page.relative_to(DOCS)): page for page in pages()}


def programs(page: Path) -> list[Block]:
    return [block for block in blocks(page) if "not run" not in block.said]


SLOW = ("how-to/verify.md", "how-to/many-models.md", "how-to/darknet.md", "engines/nnie.md")
"""Pages that compare nets in every engine, several times."""
WITH_CODE = [
    name for name, page in PAGES.items() if any(block.language in ("sh", "python") for block in programs(page))
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_models(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a page runs: with the models that it speaks of, and its own modules forgotten afterwards."""
    for file in models.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in WITH_CODE]
)
def test_a_page_runs_as_it_stands(name: str, folder: Path) -> None:
    page = PAGES[name]
    for package in needed(page):
        pytest.importorskip(package)
    names: dict[str, object] = {"__name__": "page"}
    for block in programs(page):
        if "before" in block.said:
            exec(block.said["before"], names)
        if "first" in block.said:
            run(Block(language="sh", text=block.said["first"], line=block.line), f"{name}:{block.line}")
        if "file" in block.said:
            (folder / block.said["file"]).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, f"{name}:{block.line}", "exec"), names)
        elif "engine" in block.said:
            run_in_engine(block, f"{name}:{block.line}")
        elif block.language == "sh" and all(map(installed, [block.said.get("needs", "sys")])):
            run(block, f"{name}:{block.line}")


def installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def run(block: Block, place: str) -> None:
    """The commands of a block; each must end with the code that the page says, or 0."""
    for line in block.text.splitlines():
        program, *words = shlex.split(line, comments=True) or [""]
        if not program:
            continue
        if program in ("mkdir", "cp"):
            subprocess.run([program, *words], check=True)
            continue
        assert program in ("convert", "tocaffe"), (
            f"{place}: {program} is not one of our programs; say why it is not run"
        )
        done = CliRunner().invoke(convert, words, prog_name="convert")
        assert done.exit_code == int(block.said.get("exit", 0)), f"{place}: {line}\n{done.output}"


def run_in_engine(block: Block, place: str) -> None:
    """The commands of a block where the engine's own programs are found first; nothing where it is not installed."""
    programs = ENGINES / block.said["engine"] / "bin"
    if not programs.is_dir():
        return
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", block.text], env={**os.environ, "PATH": path}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{place}: {done.stdout}{done.stderr}"


def test_an_input_json_to_be_written_by_hand_is_as_its_schema_says() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((DOCS / "schemas/input.schema.json").read_text(encoding="utf-8"))
    page = DOCS / "reference/heads-json.md"
    (text,) = [block.text for block in blocks(page) if block.language == "json"]
    jsonschema.validate(json.loads(text), schema)


NETS = """
from torch import nn


def resnet():
    return nn.Sequential(nn.Conv2d(3, 4, 7, 8), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
"""


@pytest.mark.slow
def test_the_readmes_commands_run_one_after_the_other(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    for end in ("cfg", "weights"):
        (folder / f"yolov3.{end}").write_bytes((folder / f"yolov3-tiny.{end}").read_bytes())
    (folder / "nets.py").write_text(NETS, encoding="utf-8")
    torch.save(importlib.import_module("nets").resnet().state_dict(), "best.pth")
    commands = [block for block in blocks(ROOT / "README.md") if block.text.startswith("convert ")]
    assert [len(block.text.splitlines()) for block in commands] == [6]
    before = commands[0].text.splitlines()
    net = Block(language="sh", text="convert darknet yolov4-tiny.cfg yolov4-tiny.weights -o net\n", line=0)
    for block in (net, *(Block(language="sh", text=line, line=commands[0].line) for line in before)):
        run(block, "README.md")
    for name in ("deploy", "resnet", "net-ncnn"):
        assert (folder / f"{name}.caffemodel").is_file()
    assert (folder / "boxes.png").is_file()


@pytest.mark.parametrize("name", PAGES)
def test_every_block_runs_or_says_why_not(name: str) -> None:
    assert 2 * len(list(blocks(PAGES[name]))) == fences(PAGES[name]), "a block without a language, or one within a list"
    for block in blocks(PAGES[name]):
        if "not run" in block.said:
            assert block.said["not run"].strip(), f"{name}:{block.line} gives no reason"
        elif "file" not in block.said:
            assert block.language in ("sh", "python", *NOT_CODE), f"{name}:{block.line}: {block.language}"


def test_the_examples_are_what_the_pages_quote() -> None:
    quoted = {
        block.said["example"]: block.text
        for page in PAGES.values()
        for block in blocks(page)
        if "example" in block.said
    }
    examples = ROOT / "examples"
    assert quoted == {
        str(path.relative_to(examples)): path.read_text(encoding="utf-8") for path in examples.rglob("*.py")
    }
