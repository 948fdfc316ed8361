"""Who has a name, who writes a blob and who reads it, and where a node stands."""

from __future__ import annotations

from collections.abc import Iterable

from caffe_ir.layer import Shapes
from caffe_ir.node import Node

_NEAR, _WIDER = 16, 8
"""How far from the last place a node is looked for first, and how much farther each further time."""


class NetIndex:
    """Who has a name and who reads a blob, kept beside the nodes so that a rewrite need not search them.

    `inferred` holds a node's bottoms and tops as they were last worked out: most of a net is as it was before a pass.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.named: dict[str, Node] = {}
        self.writers: dict[str, Node] = {}
        self.readers: dict[str, dict[Node, None]] = {}
        self.inferred: dict[Node, tuple[Shapes, Shapes]] = {}
        self._last_place = 0
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

    def place(self, nodes: list[Node], node: Node) -> int:
        """Where among the net's nodes one stands. Raises ValueError.

        A pass goes through the net in its order, so the next node asked for is mostly near the last one: the search
        begins there and widens in both directions.
        """
        width, length = _NEAR, len(nodes)
        while width < length:
            begin = max(0, self._last_place - width)
            try:
                self._last_place = nodes.index(node, begin, self._last_place + width)
            except ValueError:
                width *= _WIDER
            else:
                return self._last_place
        self._last_place = nodes.index(node)
        return self._last_place
