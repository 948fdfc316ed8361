"""What is to be done with the scores of a classifier, as `darknet classifier predict` does it (classifier.c)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, to_builtins


class Classifier(Struct, frozen=True, kw_only=True):
    """The [softmax] that ends a net, by the names of its value and of the one that it reads."""

    name: str
    raw: str
    """The scores before the softmax, of which the largest is the largest after it, too."""
    classes: int
    groups: int = 1
    """Equal parts of the vector, each with a softmax of its own."""
    temperature: float = 1.0
    tree: tuple[int, ...] = ()
    """The sizes of the groups of a softmax tree."""
    parents: tuple[int, ...] = ()
    """The parent of each class in that tree, -1 for none."""

    def as_dict(self, held: Mapping[str, str]) -> dict[str, Any]:
        """Plain data; `held` says which blob of the finished net holds a value of the source."""
        facts: dict[str, Any] = to_builtins(self)
        facts["blob"], facts["raw_blob"] = held.get(self.name), held.get(self.raw)
        facts["activation"] = "softmax, computed by the net"
        facts["top"] = 1
        facts["to_do"] = (
            "sort the scores, the largest first; the first `top` are the result (Darknet's data file: top=5)"
        )
        if self.tree:
            facts["to_do"] = (
                "multiply each score by that of its parent, parents first; of the classes without children, sort the "
                "scores, the largest first"
            )
        return facts
