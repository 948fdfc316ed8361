"""What every form is held to: the same function, from nodes that have the origin of the one that they replace."""

from __future__ import annotations

from caffe_ir.forms import FORMS, Form
from caffe_ir.net import Net
from caffe_ir.replacement import Replacement
from tests.caffe_ir.passes.rewriting import assert_same


def written(net: Net, form: Form | None = None, *, check: bool = True) -> Net:
    """A copy of the net with its last layer in that form, or in the only one that there is.

    All values and outputs agree to 1e-12 in float64.
    """
    after = net.copy()
    old = after.nodes[-1]
    if form is None:
        (form,) = FORMS[type(old.layer)]
    new = Replacement(net=after, old=old)
    assert (reason := form.build(new)) == "", reason
    new.commit()
    after.check()
    after.shapes = after.infer()
    assert {node.origin for node in new.nodes} <= {old.origin}
    if check:
        assert_same(net, after)
    return after


def refusal(net: Net, form: Form) -> str:
    """Why the form does not apply to the last layer."""
    new = Replacement(net=net, old=net.nodes[-1])
    reason = form.build(new)
    assert reason
    return reason
