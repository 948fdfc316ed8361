"""The commands and options that stand within sentences: in the pages, and in what the program prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

from converters.cli.command import RENAMED
from converters.cli.main import convert
from tests.documents.pages import DOCS, ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
_CONTEXT = click.Context(convert)
OPTIONS = {
    name: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    | {"-h", "--help"}
    for name in convert.list_commands(_CONTEXT)
    if (command := convert.get_command(_CONTEXT, name)) is not None
}
ALL = set().union(*OPTIONS.values(), RENAMED, {"--version"})
SCRIPTS = {
    option
    for path in (ROOT / "scripts").iterdir()
    if path.is_file()
    for option in re.findall(r"--[a-z][a-z-]*", path.read_text("utf-8"))
}
OTHERS = {"--input_arrays", "--output_arrays", "--force-reinstall", "--no-deps"}
"""Of vendors' tools and of pip."""


def spans(page: Path) -> Iterator[list[str]]:
    """What stands in backticks outside blocks, as words."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for found in re.findall(r"`([^`]+)`", prose):
        yield found.split()


def options(words: list[str]) -> list[str]:
    return [word.partition("=")[0].rstrip(",") for word in words if re.match(r"--?[a-z]", word)]


def test_commands_within_sentences_exist_with_their_options() -> None:
    seen, wrong = 0, []
    for page in PAGES:
        for program, *words in spans(page):
            if program not in ("convert", "tocaffe") or not words or words[0] in ("COMMAND", "--help", "--version"):
                continue
            seen += 1
            unknown = [one for one in options(words) if one not in OPTIONS.get(words[0], set())]
            if words[0] not in OPTIONS or unknown:
                wrong.append(f"{page.relative_to(ROOT)}: {program} {' '.join(words)}")
    assert seen > 50
    assert wrong == []


def test_scripts_within_sentences_exist_with_their_options() -> None:
    seen, wrong = 0, []
    for page in PAGES:
        for program, *words in spans(page):
            if not program.startswith("scripts/"):
                continue
            seen += 1
            script = ROOT / program
            if not script.is_file() or not all(f'"{one}"' in script.read_text("utf-8") for one in options(words)):
                wrong.append(f"{page.relative_to(ROOT)}: {program} {' '.join(words)}")
    assert seen > 30
    assert wrong == []


def test_options_within_sentences_exist() -> None:
    wrong = [
        f"{page.relative_to(ROOT)}: {one}"
        for page in PAGES
        for words in spans(page)
        if words[0].startswith("--")
        for one in options(words)
        if one not in ALL | SCRIPTS | OTHERS
    ]
    assert wrong == []


def literals(module: Path) -> Iterator[str]:
    """The strings of a module that are no docstrings."""
    tree = ast.parse(module.read_text("utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_options_in_messages_exist() -> None:
    """A hint that names an option which is not there sends its reader away."""
    modules = [path for room in ("caffe_ir", "converters") for path in sorted((ROOT / room).rglob("*.py"))]
    found = [
        (path, one)
        for path in modules
        if path.parent.name != "side_files"  # they write the command lines of others
        for text in literals(path)
        for one in re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z](?![\w-])", text)
    ]
    assert len(found) > 200
    assert [f"{path.relative_to(ROOT)}: {one}" for path, one in found if one not in ALL | SCRIPTS | OTHERS] == []
