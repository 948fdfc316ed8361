"""The pages of docs/ as programs: their blocks of code in order, and what the comments before the blocks say of them.

<!-- file: NAME -->         the block is that file, for the blocks behind it
<!-- exit: 1 -->            its commands end with that code
<!-- needs: PACKAGE -->     it runs where the package is installed
<!-- engine: NAME -->       it runs in the engine of that name, where scripts/install_engines put it
<!-- before: PYTHON -->     what has to be there first, and a reader has: a trained file
<!-- first: COMMAND -->     the same by a command of ours: a Caffe net
<!-- not run: REASON -->    it is somebody else's program, or would install something
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"((?:<!-- [^\n]* -->\n+)*)^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SAID = re.compile(r"<!-- ([\w ]+): (.*?) -->")
NOT_CODE = ("text", "toml", "protobuf", "json")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of a page, with the line that it begins at."""

    language: str
    text: str
    line: int
    said: dict[str, str] = field(default_factory=dict)


def pages() -> list[Path]:
    """Every page that somebody wrote."""
    return [
        path
        for path in sorted(DOCS.rglob("*.md"))
        if "Written by scripts/documents" not in path.read_text(encoding="utf-8")
    ]


def fences(page: Path) -> int:
    """How many lines of a page begin or end a block of any kind."""
    return len(re.findall(r"^ *```", page.read_text(encoding="utf-8"), re.MULTILINE))


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(2)) + 1
        yield Block(language=found[2], text=found[3], line=line, said=dict(_SAID.findall(found[1])))


def needed(page: Path) -> set[str]:
    """The packages that the page as a whole needs: those named behind its title."""
    opening = page.read_text(encoding="utf-8").partition("```")[0]
    return {package for key, package in _SAID.findall(opening) if key == "needs"}
