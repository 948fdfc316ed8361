"""LogSoftmax -> s - log(sum of e^s), s = x - max(x).

Log behind Softmax would be shorter, and minus infinity wherever the probability is below the smallest float32: from
x = max - 104 on.
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer
from caffe_ir.layers import Exp, Log
from caffe_ir.layers.source import LogSoftmax, Reduce, Sub
from caffe_ir.replacement import Replacement


def _by_differences(new: Replacement) -> str:
    layer, x = new.old.layer, new.old.bottom
    assert isinstance(layer, LogSoftmax)
    axes = (layer.axis,)
    shifted = new.add("shifted", Sub(), x, new.add("max", Reduce(operation="MAX", axes=axes, keepdim=True), x))
    total = new.add("sum", Reduce(operation="SUM", axes=axes, keepdim=True), new.add("exp", Exp(), shifted))
    new.add("difference", Sub(), shifted, new.add("log", Log(), total))
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    LogSoftmax: (Form(name="the difference to the logarithm of the sum", build=_by_differences),),
}
