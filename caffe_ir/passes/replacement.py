"""What a rewrite builds: the nodes that take the place of one, with names and origins that lead back to the source."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layer import Layer
from caffe_ir.net import Net, Node


class Replacement(Struct, kw_only=True):
    """Collects nodes for the place of `old`; `finish` gives the last of them its name and its top."""

    net: Net
    old: Node
    nodes: list[Node] = field(default_factory=list)

    def add(self, suffix: str, layer: Layer, *bottoms: str, blobs: Sequence[Blob] = ()) -> str:
        """A new node, named after the source's layer; gives its top."""
        return self.split(suffix, layer, *bottoms, blobs=blobs, tops=1)[0]

    def split(self, suffix: str, layer: Layer, *bottoms: str, blobs: Sequence[Blob] = (), tops: int) -> list[str]:
        """A new node with so many tops; gives them."""
        wanted = f"{self.old.origin.layer}_{suffix}"
        (name,) = self._fresh(wanted)
        written = [name] if tops == 1 else self._fresh(*(f"{wanted}_{place}" for place in range(tops)))
        node = Node(
            name=name,
            layer=layer,
            bottoms=bottoms,
            tops=tuple(written),
            blobs=tuple(blobs),
            origin=self.old.origin,
        )
        self.nodes.append(node)
        return written

    def finish(self) -> None:
        """Put the nodes in the place of the old one: what the last of them writes is what the old one wrote."""
        self.nodes[-1] = replace(self.nodes[-1], name=self.old.name, tops=self.old.tops)
        self.net.replace(self.old, self.nodes)

    def _fresh(self, *wanted: str) -> list[str]:
        pending = dict.fromkeys(name for node in self.nodes for name in (node.name, *node.tops))
        return list(self.net.fresh(*pending, *wanted))[len(pending) :]
