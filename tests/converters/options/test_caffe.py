from __future__ import annotations

from typing import get_args

from caffe_ir.passes.base import Head, Options
from caffe_ir.targets import TARGETS as KNOWN
from converters.options import CaffeOptions, declared
from converters.options.caffe import TARGETS


def test_the_targets_are_those_that_there_are() -> None:
    assert tuple(KNOWN) == TARGETS


def test_the_options_are_as_the_passes_have_them() -> None:
    found = {one.name: one for one in declared(CaffeOptions)}
    assert found["head"].choices == get_args(Head)
    assert found["head"].default == Options().head
    assert found["fold_bn"].default == Options().fold_batch_norm
