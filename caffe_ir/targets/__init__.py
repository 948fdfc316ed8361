"""The targets, by name."""

from __future__ import annotations

from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.target import Target

TARGETS: dict[str, Target] = {target.name: target for target in (CAFFE,)}

__all__ = ["CAFFE", "TARGETS", "Target"]
