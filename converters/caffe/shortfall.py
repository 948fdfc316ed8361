"""What a target does not compute as it should, and what helps."""

from __future__ import annotations

from msgspec import Struct

from caffe_ir.errors import Origin
from caffe_ir.targets.target import Verdict


class Shortfall(Struct, frozen=True, kw_only=True):
    """A layer that a target does not compute as it should."""

    layer: str
    type_name: str
    origin: Origin
    verdict: Verdict
    rewrite: str
    """What `convert caffe --target` makes of it; empty where it can make nothing."""
    hindrance: str = ""
    """Why it can make nothing of it."""
