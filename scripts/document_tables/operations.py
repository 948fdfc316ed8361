"""The operations of PyTorch: what is converted, with which arguments and into what, and what is refused."""

from __future__ import annotations

from collections import defaultdict

import torch

from converters.pytorch.aten import FAMILIES, HANDLERS, HINTS
from converters.pytorch.graph.compositions import COMPOSITIONS
from document_tables.read_off import first_sentence, layers_built, strings
from document_tables.table import code, codes, page, plain, table

ROOMS = ("converters.pytorch.aten",)
ABOUT = """
`convert pytorch` captures a model with `torch.export` and converts each operation of the captured graph. The operations
in these tables are converted by functions of their own. An argument in the column *takes* may have any value, within
the limits that its message names; every other argument must be at its default, or the operation is refused by name. The
last column has the layers that the operation is stated in: for each `--target` they become layers that it computes.

An operation that is not in the table is converted too where PyTorch itself composes it of operations that are
(`hstack`, `cosine_similarity`, `tensordot` ...). In-place operations (`relu_`) are converted as the plain ones.
"""
REFUSED = """
No exact Caffe layers exist for these. The message that refuses one has the line of your own source, the reason, and
what to write instead.
"""


def operations() -> str:
    """The page."""
    families = [_family(family) for family in FAMILIES]
    composed = sorted(_short(str(op)) for op in COMPOSITIONS)
    parts = [text for title, rows in families for text in (f"## {title}", table(HEADS, rows))]
    refused = table(("operation", "why", "instead"), sorted(_refused()))
    counted = f"{len(HANDLERS)} operations have a function of their own, {len(HINTS)} are refused with a hint."
    also = f"Composed by tocaffe itself: {codes(composed)}."
    return page("PyTorch operations", ABOUT, counted, *parts, "## Composed", also, "## Refused", REFUSED, refused)


HEADS = ("operation", "takes", "at its default only", "stated in")


def _family(family: object) -> tuple[str, list[tuple[str, str, str, str]]]:
    assert isinstance(family, dict)
    handlers = list(family.values())
    module = getattr(handlers[0], "func", handlers[0]).__module__
    rows = sorted(_row(name, handler) for name, handler in family.items())
    return _title(module.rpartition(".")[2]), rows


def _title(module: str) -> str:
    return module.replace("_", " ").capitalize()


def _row(name: str, handler: object) -> tuple[str, str, str, str]:
    assert callable(handler)
    known = _arguments(name)
    said = strings(handler, ROOMS)
    taken = [one for one in known if one in said or one == "self"]
    rest = [one for one in known if one not in taken]
    built = codes(layers_built(handler, ROOMS)) or "the same values"
    sense = first_sentence(handler)
    return code(_short(name)), codes(taken), codes(rest), built + (f"<br>{plain(sense)}" if sense else "")


def _arguments(name: str) -> list[str]:
    _, packet, overload = name.split(".")
    found = getattr(getattr(torch.ops.aten, packet, None), overload, None)
    return [one.name for one in found._schema.arguments] if found is not None else ["self"]


def _short(name: str) -> str:
    return name.removeprefix("aten.").removesuffix(".default")


def _refused() -> list[tuple[str, str, str]]:
    groups = defaultdict[tuple[str, str], list[str]](list)
    for name, hint in HINTS.items():
        groups[hint].append(_short(name))
    return [(codes(sorted(names)), plain(why), plain(instead)) for (why, instead), names in groups.items()]
