"""What every pass is held to: the same function before and after, and nothing left to do the second time."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from caffe_ir.layers import Input
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass, Options, Pass, run_pass
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE

CONTEXT = Context(target=CAFFE, options=Options())
ALONE = Context(target=replace(CAFFE, for_others=False), options=Options())
"""Files for Caffe and no other program."""


def rewritten(net: Net, *passes: Pass | NetPass, context: Context = CONTEXT) -> Net:
    """A copy of the net after the passes; all values and outputs that both have agree to 1e-12 in float64."""
    after = net.copy()
    for one in passes:
        run_pass(one, after, context)
        once = after.dump()
        run_pass(one, after, context)
        assert after.dump() == once, f"{one.name} finds something to do in what it made itself"
    assert_same(net, after)
    return after


def assert_same(before: Net, after: Net, tolerance: float = 1e-12) -> None:
    random = np.random.default_rng(7)
    inputs = [node.top for node in before.nodes if isinstance(node.layer, Input)]
    feeds = {name: random.standard_normal(before.shapes[name]) for name in inputs}
    old, new = run(before, feeds, np.float64), run(after, feeds, np.float64)
    pairs = [(before.values[value], after.values[value]) for value in before.values if value in after.values]
    pairs += list(zip(before.outputs, after.outputs, strict=True))
    assert pairs
    assert before.shapes_of(before.outputs) == after.shapes_of(after.outputs)
    for left, right in pairs:
        most = np.abs(old[left]).max()
        seen = new[right].reshape(old[left].shape)
        np.testing.assert_allclose(seen, old[left], rtol=tolerance, atol=tolerance * most)
