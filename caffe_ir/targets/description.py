"""What a target holds as plain data: for `convert targets`, its JSON, and the page of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from caffe_ir.layer import Layer
from caffe_ir.layers import LAYERS
from caffe_ir.targets.limits import Case, Evidence
from caffe_ir.targets.target import OLD_FORMS, Target

EVIDENCE: dict[Evidence, str] = {
    "run": "run by us",
    "source": "read in its source code",
    "document": "from documents and reports, not tried by us",
}
"""How a limit is known, in words."""


def described(target: Target) -> dict[str, Any]:
    """The target as JSON has it: its layer types with the limits of each, what concerns more than one layer or how a
    file is written (`net`), what it does not read of a caffemodel (`weights`), and the types of ours that it lacks.
    """
    return {
        "name": target.name,
        "title": target.title,
        "evidence": target.evidence,
        "source": target.source,
        "engine": target.engine,
        "layers": {
            _called(kind): [_case(target, limit, limit.title) for limit in target.layers[kind]]
            for kind in _sorted(target)
        },
        "net": list(_beyond_one_layer(target)),
        "weights": list(_weights(target)),
        "fields": sorted(target.parsed_fields),
        "lacks": lacks(target),
    }


def lacks(target: Target) -> list[str]:
    """The layer types that we know and the target does not, by name."""
    held = {kind.type_name() for kind in target.layers}
    return sorted(LAYERS.keys() - held, key=str.lower)


def _called(kind: type[Layer]) -> str:
    return f"{kind.type_name()} {{ {kind.variant} }}" if kind.variant else kind.type_name()


def _sorted(target: Target) -> list[type[Layer]]:
    return sorted(target.layers, key=lambda kind: _called(kind).lower())


def _beyond_one_layer(target: Target) -> Iterator[dict[str, str]]:
    yield from (_case(target, one, one.title) for one in target.every)
    yield from (_case(target, one, one.text) for one in target.pairs)
    yield from (_case(target, one, one.text) for one in target.net)
    yield from (_case(target, one, one.text) for one in target.spellings)
    if target.leaves_out is not None:
        left_out = "a last layer, or one in place, of a type that it does not have"
        yield _case(target, Case(silent=True, source=target.source), left_out)
    if target.names is not None:
        yield _case(target, target.names, target.names.title)
    if target.in_place is not None:
        names = ", ".join(sorted(kind.type_name() for kind in target.in_place))
        yield _case(target, Case(source=target.source), f"layers in place, but {names}")
    for form in OLD_FORMS:
        if form not in target.old_forms:
            yield _case(target, Case(source=target.source), f"a net in the old form `{form}`")


def _weights(target: Target) -> Iterator[dict[str, str]]:
    yield from (_case(target, one, one.case.text) for one in target.weights)
    if not target.old_weights:
        yield _case(target, Case(source=target.source), "the old form, `layers`")
    if target.hdf5:
        yield _case(target, Case(source=target.source, silent=target.hdf5 == "wrong"), "HDF5")


def _case(target: Target, case: Case, title: str) -> dict[str, str]:
    return {
        "limit": title,
        "effect": case.effect,
        "evidence": target.evidence_of(case),
        "source": case.source,
    }
