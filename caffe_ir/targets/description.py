"""What a target holds as plain data: for `convert targets`, its JSON, and the page of the documents."""

from __future__ import annotations

from typing import Any

from caffe_ir.layer import Layer
from caffe_ir.layers import LAYERS
from caffe_ir.targets.target import Evidence, Limit, Target

EVIDENCE: dict[Evidence, str] = {
    "run": "run by us",
    "source": "read in its source code",
    "document": "from documents and reports, not tried by us",
}
"""How a limit is known, in words."""


def described(target: Target) -> dict[str, Any]:
    """The target as JSON has it: its layer types with the limits of each, and the types of ours that it lacks."""
    return {
        "name": target.name,
        "title": target.title,
        "evidence": target.evidence,
        "source": target.source,
        "engine": target.engine,
        "layers": {
            kind.type_name(): [_limit(target, limit) for limit in target.layers[kind]] for kind in _sorted(target)
        },
        "lacks": lacks(target),
    }


def lacks(target: Target) -> list[str]:
    """The layer types that we know and the target does not, by name."""
    return sorted({name for name, kind in LAYERS.items() if kind not in target.layers}, key=str.lower)


def _sorted(target: Target) -> list[type[Layer]]:
    return sorted(target.layers, key=lambda kind: kind.type_name().lower())


def _limit(target: Target, limit: Limit) -> dict[str, str]:
    return {
        "limit": limit.title,
        "effect": limit.effect,
        "evidence": target.evidence_of(limit),
        "source": limit.source,
    }
