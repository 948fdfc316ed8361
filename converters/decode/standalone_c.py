"""The parts of a decoder in C99 that are this net's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from converters.decode.facts import Facts
from converters.decode.heads import AnchorHead, AnyHead, BoxesHead, DflHead, SsdHead
from converters.decode.standalone_numbers import anchors_of, arguments_of, blobs_of, ends_of, numbers_of, plain


def c_words(facts: Facts) -> dict[str, str]:
    """What the words of the template stand for."""
    return {
        "BLOB_NAMES": ", ".join(map(plain, blobs_of(facts))),
        "TABLES": "\n\n".join("\n".join(_head(facts, place, head)) for place, head in enumerate(facts.heads)),
        "CALLS": "\n".join(_call(facts, place, head) for place, head in enumerate(facts.heads)),
    }


def _head(facts: Facts, place: int, head: AnyHead) -> Iterator[str]:
    blobs = ", ".join(plain(str(blob)) for blob, _ in head.reads)
    yield f"/* {plain(head.name)}, of {blobs}: {_size(head)}, {head.classes} classes */"
    fields = {key: _number(value) for key, value in numbers_of(facts, head).items()}
    tables: dict[str, tuple[str, list[str]]] = {}
    if isinstance(head, AnchorHead):
        tables["anchors"] = ("float", [_float(one) for one in anchors_of(head)])
        if head.tree:
            tables["parents"] = ("int", list(map(str, head.parents)))
            tables["ends"] = ("int", list(map(str, ends_of(head))))
            fields["groups"] = str(len(head.tree))
    if isinstance(head, SsdHead):
        tables["priors"] = ("float", [_float(one) for one in head.priors])
        fields["exponent_limit"] = repr(head.exponent_limit or 0.0)
        if head.levels:
            tables["levels"] = ("int", list(map(str, head.levels)))
            fields["level_candidates"] = str(head.level_candidates)
        fields["variances"] = f"{{{', '.join(map(repr, head.variances))}}}"
    for name, (kind, numbers) in tables.items():
        if numbers:
            yield f"static const {kind} {name}_{place}[] = {{"
            yield from _rows(numbers)
            yield "};"
            fields[name] = f"{name}_{place}"
    width, height = head.network[::-1]
    fields["network"] = f"{{{width}, {height}}}"
    yield f"static const struct head head_{place} = {{"
    yield from (f"    .{key} = {value}," for key, value in fields.items())
    yield "};"


def _size(head: AnyHead) -> str:
    if isinstance(head, BoxesHead | SsdHead):
        return f"{head.count} boxes"
    boxes = "a box" if isinstance(head, DflHead) else f"{head.num} boxes"
    return f"{boxes} in each of {head.grid[0]} x {head.grid[1]} cells"


def _call(facts: Facts, place: int, head: AnyHead) -> str:
    function = "yolo" if head.type == "Gaussian_yolo" else head.type
    arrays = ", ".join(f"blobs[{one}]" for one in arguments_of(facts, head))
    last = f", {int(head.type == 'Gaussian_yolo')}" if function == "yolo" else ""
    return f"    {function}(&to, &head_{place}, {arrays}{last});"


def _number(value: bool | int | float) -> str:
    return _float(value) if isinstance(value, float) else str(int(value))


def _float(value: float) -> str:
    """A literal of the float32 next to the number."""
    return f"{np.float32(value)!s}f"


def _rows(numbers: Sequence[str], width: int = 12) -> Iterator[str]:
    for begin in range(0, len(numbers), width):
        yield f"    {', '.join(numbers[begin : begin + width])},"
