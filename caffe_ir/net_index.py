"""Who has a name, who writes a blob and who reads it."""

from __future__ import annotations

from collections.abc import Iterable

from caffe_ir.layer import Shapes
from caffe_ir.node import Node


class NetIndex:
    """Who has a name and who reads a blob, kept beside the nodes so that a rewrite need not search them.

    `inferred` holds a node's bottoms and tops as they were last worked out: most of a net is as it was before a pass.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.named: dict[str, Node] = {}
        self.writers: dict[str, Node] = {}
        self.readers: dict[str, dict[Node, None]] = {}
        self.inferred: dict[Node, tuple[Shapes, Shapes]] = {}
        for node in nodes:
            self.add(node)

    def add(self, node: Node) -> None:
        self.named[node.name] = node
        for top in node.tops:
            self.writers[top] = node
        for bottom in node.bottoms:
            self.readers.setdefault(bottom, {})[node] = None

    def drop(self, node: Node) -> None:
        self.inferred.pop(node, None)
        if self.named.get(node.name) is node:
            del self.named[node.name]
        for top in node.tops:
            if self.writers.get(top) is node:
                del self.writers[top]
        for bottom in node.bottoms:
            self.readers[bottom].pop(node, None)
