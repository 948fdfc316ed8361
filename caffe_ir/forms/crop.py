"""CropTo: rows and columns cut off a map.

- Crop(axis 2, offset (top, left)) takes the size, and not one value, from a second bottom (crop_layer.cpp); it copies
  rows. It needs an earlier blob of the very shape of the top: one of other channels would do for Caffe, but ncnn then
  crops the channels as well. That blob is read by it, so it must be no output of the net.
- A depthwise Convolution with one 1 in its filter, at (top, left), and no padding; its kernel is what is cut off, plus
  one: (H - h + 1, W - w + 1). Or two, (H - h + 1, 1) and (1, W - w + 1), which multiply less.
- A product with a matrix of ones and zeros for each axis, where the filters would be long.

No Slice: the parts that nobody reads would be outputs of a Caffe net.
"""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.blob import Shape
from caffe_ir.forms.form import Form
from caffe_ir.forms.one_hot import picking_cells, picking_rows
from caffe_ir.layer import Layer
from caffe_ir.layers import Convolution, Crop
from caffe_ir.layers.source import CropTo, Resample
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.replacement import Replacement


def _by_a_blob_of_its_size(new: Replacement) -> str:
    layer, old = new.old.layer, new.old
    assert isinstance(layer, CropTo)
    if not (new.net.has(old.name) and new.net.node(old.name) is old):  # part of a form may have the name
        return "what stands before it is not known yet"
    reference = _reference(new.net, old)
    if not reference:
        return "no blob before it has its shape"
    offset = (layer.top,) if layer.top == layer.left else (layer.top, layer.left)
    new.add("cropped", Crop(axis=2, offset=offset), old.bottom, reference)
    return ""


def _reference(net: Net, node: Node) -> str:
    """A blob of the top's shape that exists before the node: what its bottom was made from, else the latest."""
    wanted = net.shapes[node.top]
    for blob in net.producer(node.bottom).bottoms:
        if _may_be_read(net, blob, wanted):
            return blob
    earlier = (net.nodes[place] for place in range(net.place(node) - 1, -1, -1))
    return next((top for one in earlier for top in one.tops if _may_be_read(net, top, wanted)), "")


def _may_be_read(net: Net, blob: str, wanted: Shape) -> bool:
    return net.shapes[blob] == wanted and not net.is_output(blob) and bool(net.reads(blob))


def _by_one_convolution(new: Replacement) -> str:
    layer, kernel = _what_goes(new)
    if kernel != (1, 1):
        _picked(new, [((layer.top, layer.left), kernel)])
    return ""


def _by_two_convolutions(new: Replacement) -> str:
    layer, (height, width) = _what_goes(new)
    if 1 in (height, width):
        return "one axis is cut"
    _picked(new, [((layer.top, 0), (height, 1)), ((0, layer.left), (1, width))])
    return ""


def _what_goes(new: Replacement) -> tuple[CropTo, tuple[int, int]]:
    """The layer, and the kernel that is one cell larger than what is cut off."""
    layer, bottom = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, CropTo)
    return layer, (bottom[2] - layer.height + 1, bottom[3] - layer.width + 1)


def _picked(new: Replacement, steps: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    kept, channels = new.old.bottom, new.shape_of(new.old.bottom)[1]
    for at, kernel in steps:
        layer = Convolution(num_output=channels, kernel_size=kernel, group=channels, bias_term=False)
        kept = new.add("rows", layer, kept, blobs=[picking_cells(channels, kernel, at)])


def _by_matrices(new: Replacement) -> str:
    layer, bottom = new.old.layer, new.shape_of(new.old.bottom)
    assert isinstance(layer, CropTo)
    cuts = ((2, layer.top, layer.height), (3, layer.left, layer.width))
    kept = [(axis, range(start, start + count)) for axis, start, count in cuts if count < bottom[axis]]
    if not kept:
        return "nothing is cut off"
    resample = Resample(axes=tuple(axis for axis, _ in kept), output_size=tuple(len(places) for _, places in kept))
    blobs = [picking_rows(places, bottom[axis]) for axis, places in kept]
    new.add("kept", resample, new.old.bottom, blobs=blobs)
    return ""


FORMS: Mapping[type[Layer], tuple[Form, ...]] = {
    CropTo: (
        Form(name="Crop", build=_by_a_blob_of_its_size, sees_neighbours=True),
        Form(name="a depthwise Convolution", build=_by_one_convolution),
        Form(name="two depthwise Convolutions", build=_by_two_convolutions),
        Form(name="matrices of ones and zeros", build=_by_matrices),
    ),
}
