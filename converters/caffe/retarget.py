"""An existing net for another target: rewritten where that does not compute it, and else left as it is."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from caffe_ir.files.prototxt import written_names
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower, note_evidence
from caffe_ir.targets import Target


def retarget(net: Net, target: Target, options: Options, after: Callable[[str, Net], None] | None = None) -> Net:
    """The net for a target, rewritten in place; gives it back. Outputs keep the names that they have in the file.

    A net that the target computes stays as it is, unless BatchNorm or the preparation of pictures is to be folded.
    `after` is called as `lower` does. Raises ConversionError with every layer that cannot be written.
    """
    asked = options.fold_batch_norm or options.input_is != "prepared"
    if not asked and all(verdict.effect == "other form" for _, verdict in target.verdicts(net)):
        net.note("assumed", f"{target.title} computes every layer as it is, and nothing was rewritten")
        note_evidence(net, target)
        return net
    _name_outputs(net)
    return lower(net, target, options, after)


def _name_outputs(net: Net) -> None:
    """Let an output that was computed in place have its name, and what is overwritten for it another."""
    names = written_names(net)
    for blob in list(net.outputs):
        node = net.producer(blob)
        if not node.in_place:
            continue
        name = names[blob]
        net.rename(name, net.fresh_name(f"{name}_inner"))
        net.rename(blob, name)
        node = net.producer(name)
        net.update(node, replace(node, in_place=False))
