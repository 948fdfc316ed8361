"""An existing net for another target: rewritten where that does not compute it, and else left as it is."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Blob, shape_text
from caffe_ir.error_kinds.targets import NO_EXACT_FORM
from caffe_ir.errors import ConversionError, Origin, Problems
from caffe_ir.files.prototxt import written_names
from caffe_ir.layers import BatchNorm, Input, Parameter
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower, note_evidence
from caffe_ir.targets import Target
from caffe_ir.targets.stored import Stored, StoredBlob


def retarget(net: Net, target: Target, options: Options, after: Callable[[str, Net], None] | None = None) -> Net:
    """The net for a target, rewritten in place; gives it back. Outputs keep the names that they have in the file.

    A net that the target computes stays as it is, unless BatchNorm or the preparation of pictures is to be folded.
    `after` is called as `lower` does. Raises ConversionError with every layer that cannot be written.
    """
    _unit_factors(net, target)
    return rewritten(net, target, options, after)


def rewritten(net: Net, target: Target, options: Options, after: Callable[[str, Net], None] | None = None) -> Net:
    """The same whatever the weights are, which need not be known. Raises ConversionError."""
    asked = options.fold_batch_norm or options.input_is != "prepared"
    if not asked and all(verdict.effect == "other form" for _, verdict in target.verdicts(net)):
        net.note("assumed", f"{target.title} computes every layer as it is, and nothing was rewritten")
        note_evidence(net, target)
        return net
    _name_outputs(net)
    _refuse_numbers_of_run_time(net, target)
    hints: dict[Origin | None, str] = {node.origin: hint for node in net.nodes if (hint := _one_picture(node, target))}
    try:
        return lower(net, target, options, after)
    except ConversionError as error:
        said = (replace(one, hint=one.hint or hints.get(one.origin, "")) for one in error.problems)
        raise ConversionError(*said) from None


def _one_picture(node: Node, target: Target) -> str:
    """How the net can be had with an input of one picture, where the target takes no more; else nothing."""
    layer = node.layer
    if not isinstance(layer, Input) or len(layer.shape) < 2 or layer.shape[0] == 1:
        return ""
    shape = (1, *layer.shape[1:])
    if target.holds(layer, ()) or not target.holds(Input(shape=shape), ()):
        return ""
    return f"one picture at a time: --input {node.top}={shape_text(shape)}"


def _unit_factors(net: Net, target: Target) -> None:
    """Write a BatchNorm whose factor is 0, by which a target divides, with 1 and what Caffe takes: a mean and a
    variance of zeros (batch_norm_layer.cpp)."""
    for node in list(net.nodes):
        if not isinstance(node.layer, BatchNorm) or len(node.blobs) != 3:
            continue
        factor = float(node.blobs[2].load().reshape(-1)[0])
        if factor or target.weights_verdict(_stored(node, factor)) is None:
            continue
        shapes = [blob.shape for blob in node.blobs]
        zeros = map(Blob.of_zeros, shapes[:2])
        net.update(node, replace(node, blobs=(*zeros, Blob.of(np.ones(shapes[2])))))
        net.note("lowered", "its factor 0 -> 1, with a mean and a variance of zeros", node.origin)


def _stored(node: Node, factor: float) -> Stored:
    """What a file written of a node will hold."""
    wanted = tuple(blob.shape for blob in node.blobs)
    whole = [StoredBlob(shape=shape, count=prod(shape)) for shape in wanted[:2]]
    return Stored(
        layer=node.layer,
        wanted=wanted,
        blobs=(*whole, StoredBlob(shape=wanted[2], count=1, alone=factor)),
        type_name=node.layer.type_name(),
    )


def _refuse_numbers_of_run_time(net: Net, target: Target) -> None:
    """No pass rewrites a Parameter without numbers: another layer writes them, into memory that both have."""
    problems = Problems()
    for node in net.nodes:
        if isinstance(node.layer, Parameter) and not node.blobs:
            problems.add(
                f"{node.name} (Parameter) cannot be written for {target.title}",
                why="its numbers are what another layer writes at run time, into memory that it shares",
                hint="convert the source that this net was made of",
                origin=node.origin,
                kind=NO_EXACT_FORM,
            )
    problems.raise_if_any()


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
