"""Templates of the files that `convert decoder` writes: files in others, blocks for some nets alone, and words.

//@ file NAME         the template NAME stands here
//@ TAG TAG ...       the lines up to the `//@ end` that belongs to it, if one of the tags is asked for
{{WORD}}              what the word stands for
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_COMMAND = "//@ "


def filled(name: str, tags: set[str], words: Mapping[str, str]) -> str:
    """The text of the template that lies beside this file, with the blocks of these tags and these words."""
    text = "".join(_chosen(_lines(name), tags))
    for key, value in words.items():
        text = text.replace("{{" + key + "}}", value)
    return text


def _lines(name: str) -> Iterator[str]:
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith(f"{_COMMAND}file "):
            yield from _lines(line.split()[-1])
        else:
            yield line


def _chosen(lines: Iterable[str], tags: set[str]) -> Iterator[str]:
    """The lines of which all blocks around them are wanted."""
    wanted: list[bool] = []
    for line in lines:
        if not line.startswith(_COMMAND):
            if all(wanted):
                yield line
        elif line.split()[1:] == ["end"]:
            wanted.pop()
        else:
            wanted.append(not tags.isdisjoint(line.split()[1:]))
