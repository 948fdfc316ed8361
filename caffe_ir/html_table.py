"""A net as a table of HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Protocol

from caffe_ir.blob import Shape, shape_text

HEADS = ("layer", "type", "inputs", "outputs", "weights")
STYLE = (
    ".caffe-net{overflow:auto;max-height:36em}"
    ".caffe-net th,.caffe-net td{text-align:left;vertical-align:top;padding:0 1em 0 0}"
)
"""A large net scrolls in a page of its own; notebooks set cells flush right by themselves."""


class Shown(Protocol):
    """What is asked of a node of a net."""

    @property
    def name(self) -> str: ...
    @property
    def layer(self) -> Any: ...
    @property
    def bottoms(self) -> tuple[str, ...]: ...
    @property
    def tops(self) -> tuple[str, ...]: ...
    @property
    def blobs(self) -> tuple[Any, ...]: ...


def net_table(title: str, nodes: Iterable[Shown], shapes: Mapping[str, Shape]) -> str:
    """A title and a row for each node; names out of files are shown as they are, and never obeyed."""
    head = "".join(f"<th>{one}</th>" for one in HEADS)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _row(node, shapes))}</tr>" for node in nodes)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<style>{STYLE}</style><p>{escape(title)}</p><div class="caffe-net">{table}</div>'


def _row(node: Shown, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
    # A blob of the layer's own name is its shape alone.
    blobs = [("" if top == node.name else top, shape_text(shapes.get(top, ()))) for top in node.tops]
    gives = ", ".join(" ".join(filter(None, blob)) for blob in blobs)
    weights = ", ".join(shape_text(blob.shape) for blob in node.blobs)
    return node.name, node.layer.type_name(), ", ".join(node.bottoms), gives, weights
