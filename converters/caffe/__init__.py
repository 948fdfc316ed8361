"""Caffe nets that exist already: what a target makes of them, and how they are written for it."""

from __future__ import annotations

from converters.caffe.check import check_file, checked
from converters.caffe.frontend import convert, deploy_text
from converters.caffe.retarget import retarget
from converters.caffe.shortfall import Shortfall

__all__ = ["Shortfall", "check_file", "checked", "convert", "deploy_text", "retarget"]
