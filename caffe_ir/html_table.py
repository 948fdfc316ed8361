"""A net as a table of HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Protocol

from caffe_ir.blob import Shape, shape_text

HEADS = ("layer", "type", "reads", "gives", "weights")


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
    return f"<p>{escape(title)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(node: Shown, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
    gives = ", ".join(f"{top} {shape_text(shapes.get(top, ()))}".rstrip() for top in node.tops)
    weights = ", ".join(shape_text(blob.shape) for blob in node.blobs)
    return node.name, node.layer.type_name(), ", ".join(node.bottoms), gives, weights
