"""A maximum over windows that leave the image -> one over windows inside the image with its border cells repeated.

A window that begins before the first cell and reaches it holds that cell, so copies of it in front change no maximum;
nor do copies of the last cell behind it. Several readers of Caffe files drop a pad that differs in rows and columns,
or keep a last window that Caffe leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from caffe_ir.forms.form import Form
from caffe_ir.forms.pooling import AXES, add_maximum, add_picked
from caffe_ir.layer import Layer
from caffe_ir.layers.source import Pad, WindowPool
from caffe_ir.replacement import Replacement


def _with_cells_repeated(new: Replacement) -> str:
    layer = new.old.layer
    assert isinstance(layer, WindowPool)
    if layer.pool != "MAX" or layer.dilation != (1, 1):
        return "it is not a maximum over neighbours"
    x, layer = add_picked(new, layer)
    return add_bordered(new, layer, x)


def add_bordered(new: Replacement, layer: WindowPool, x: str) -> str:
    """Add a maximum over undilated windows of a map with its border repeated; the reason if that does nothing."""
    shape = new.shape_of(x)
    ends = [(layer.output_size[axis] - 1) * layer.stride[axis] - layer.begin[axis] for axis in AXES]
    if any(layer.begin[axis] >= layer.kernel_size[axis] or ends[axis] >= shape[2 + axis] for axis in AXES):
        return "a window holds no cell"
    behind = tuple(max(0, ends[axis] + layer.kernel_size[axis] - shape[2 + axis]) for axis in AXES)
    if not any((*layer.begin, *behind)):
        return "no window leaves the image"
    border = Pad(mode="replicate", before=(0, 0, *layer.begin), after=(0, 0, *behind))
    bordered = new.add("bordered", border, x)
    return add_maximum(new, replace(layer, begin=(0, 0), end=(0, 0)), bordered)


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    WindowPool: (Form(name="Pooling of the map with its border repeated", build=_with_cells_repeated),),
}
