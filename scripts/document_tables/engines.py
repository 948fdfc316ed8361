"""Layers and targets: what each engine computes, refuses and gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caffe_ir.layers import LAYERS
from caffe_ir.targets import TARGETS
from caffe_ir.targets.description import EVIDENCE, described
from document_tables.table import code, page, plain, table

ABOUT = """
What each engine that `--target` knows makes of each layer type of Caffe. `convert targets NAME` prints the same;
`convert check NET.prototxt --target NAME` applies it to a net, layer by layer.

*yes*: computed as Caffe computes it. *limits*: computed within limits, which are listed below. *no*: refused.
A conversion writes only what its target computes; where a layer is missing there, it is written by others that
compute the same function.
"""


def engines() -> str:
    """The page."""
    known = [described(target) for target in TARGETS.values()]
    tables = [text for evidence in EVIDENCE for text in _table([one for one in known if one["evidence"] == evidence])]
    return page("Layers and engines", ABOUT, *tables, *(text for one in known for text in _limits(one)))


def _table(known: Sequence[dict[str, Any]]) -> list[str]:
    """The layers in rows and engines of which alike is known in columns."""
    if not known:
        return []
    rows = [(code(name), *(_cell(one, name) for one in known)) for name in sorted(LAYERS, key=str.lower)]
    known_by = EVIDENCE[known[0]["evidence"]]
    return [f"## Known: {known_by}", table(("layer", *(f"[{one['name']}](#{one['name']})" for one in known)), rows)]


def _cell(target: dict[str, Any], name: str) -> str:
    if name not in target["layers"]:
        return "no"
    return "limits" if target["layers"][name] else "yes"


def _limits(target: dict[str, Any]) -> list[str]:
    known = f"{plain(target['title'])}. Known: {EVIDENCE[target['evidence']]}"
    known += f" ({plain(target['source'])})." if target["source"] else "."
    if target["engine"]:
        known += f" `convert verify --engine {target['engine']}` runs it."
    rows = [_row(code(name), limit) for name, limits in target["layers"].items() for limit in limits]
    rows += [_row("the net", limit) for limit in target["net"]]
    rows += [_row("its weights", limit) for limit in _joined(target["weights"])]
    heads = ("layer", "case", "what happens", "known", "source")
    return [f"## {target['name']}", known, table(heads, rows) if rows else ""]


def _row(what: str, limit: dict[str, str]) -> tuple[str, ...]:
    effect, known = _EFFECTS[limit["effect"]], EVIDENCE[limit["evidence"]]
    return (what, plain(limit["limit"]), effect, known, plain(limit["source"]))


def _joined(limits: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Limits of the same effect and source as one."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for limit in limits:
        key = (limit["effect"], limit["evidence"], limit["source"])
        before = found.get(key)
        found[key] = {**limit, "limit": f"{before['limit']}; {limit['limit']}"} if before else limit
    return list(found.values())


_EFFECTS = {
    "refused": "refused",
    "wrong": "**wrong result, no message**",
    "other form": "in another form",
    "slow": "slow",
}
