"""All kinds of errors, by their codes and in families."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from caffe_ir.error_kinds import (
    batch,
    caffe,
    capture,
    darknet,
    files,
    general,
    opening,
    operations,
    running,
    targets,
    transplant,
    weights,
)
from caffe_ir.error_kinds.kind import Kind

FAMILIES: tuple[tuple[str, ModuleType], ...] = (
    ("General", general),
    ("Files", files),
    ("Darknet nets", darknet),
    ("Weights by name", weights),
    ("Opening a PyTorch model", opening),
    ("What a PyTorch model computes", capture),
    ("Single operations", operations),
    ("Caffe nets", caffe),
    ("Engines", targets),
    ("A checkpoint into a prototxt", transplant),
    ("Comparing and running", running),
    ("Many models", batch),
)
"""The modules of kinds, in the order of their codes, with what they are about."""
RETIRED: Mapping[str, str] = {}
"""Codes that nothing raises any more, with the version that was the last to do so."""


def kinds_of(family: ModuleType) -> tuple[Kind, ...]:
    """The kinds that a module declares, in its order."""
    return tuple(kind for kind in vars(family).values() if isinstance(kind, Kind))


KINDS: Mapping[str, Kind] = {kind.code: kind for _, family in FAMILIES for kind in kinds_of(family)}
"""Every kind by its code."""
