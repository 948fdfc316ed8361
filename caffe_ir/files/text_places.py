"""Where the layers, inputs and fields of a prototxt stand in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from caffe_ir.proto import caffe_pb2

Span = tuple[int, int]
"""Where something begins and ends in a text."""
_WORD = re.compile(
    r"""[{}]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*|\blayers?\s*:?\s*(?={)|\binput\s*:\s*(?=["'])"""
)
"""What counts: braces, and the beginnings of layers and inputs; strings and comments, as they hold others."""


def layers_in(text: str) -> list[Span]:
    """The layers of a prototxt; one that is not closed ends with the text."""
    begins, spans = list[int](), list[Span]()
    for found, depth in _words(text):
        if depth == 0 and found[0].startswith("layer"):
            begins.append(found.start())
        elif depth == 1 and found[0] == "}" and len(begins) > len(spans):
            spans.append((begins[-1], found.end()))
    return spans + [(begin, len(text)) for begin in begins[len(spans) :]]


def lines_of_layers(text: str) -> list[int]:
    """The lines on which the layers of a prototxt begin."""
    return _lines(text, [begin for begin, _ in layers_in(text)])


def layer_lines(message: caffe_pb2.NetParameter, lines: Sequence[int]) -> list[int | None]:
    """The lines of the layers, as `read_message` found them; None for each where they could not be counted."""
    return list(lines) if len(lines) == len(message.layer) else [None] * len(message.layer)


def lines_of_inputs(text: str) -> list[int]:
    """The lines on which the fields `input: "data"` of a prototxt stand."""
    return _lines(text, [found.start() for found, depth in _words(text) if depth == 0 and found[0].startswith("input")])


def layer_at(text: str, place: int) -> Span | None:
    """The layer to which a place belongs, or behind which it stands."""
    return next((span for span in reversed(layers_in(text)) if span[0] <= place), None)


def end_of_field(text: str, place: int) -> int:
    """Where a field ends that begins at a place: behind its message, or its only value."""
    opens = re.compile(r"\w+\s*:?\s*{").match(text, place)
    if opens is None:
        value = re.compile(r"""\w+\s*:\s*("[^"\n]*"|'[^'\n]*'|\[[^\]]*\]|[^\s}]+)""").match(text, place)
        return value.end() if value else place
    closing = (found.end() for found, depth in _words(text, opens.end() - 1) if depth == 1 and found[0] == "}")
    return next(closing, len(text))


def _words(text: str, start: int = 0) -> Iterator[tuple[re.Match[str], int]]:
    """What counts from a place on, and how many braces are open before it since then."""
    depth = 0
    for found in _WORD.finditer(text, start):
        yield found, depth
        depth += {"{": 1, "}": -1}.get(found[0], 0)


def _lines(text: str, places: Sequence[int]) -> list[int]:
    """The lines of places, which are in order."""
    lines, line, behind = list[int](), 1, 0
    for place in places:
        line, behind = line + text.count("\n", behind, place), place
        lines.append(line)
    return lines
