"""ProjectedLSTM -> Caffe's LSTM, where that is all of it and better than its steps, which `unroll` writes out.

It is all of it with first states of 0, no projection, and the last cell unread. Which is better is weighed as forms
are (caffe_ir/passes/legalize), but before `layout`, which sees the permutations around Caffe's LSTM: that is the faster
one in Caffe, and OpenCV, MNN and ncnn do not have it.

torch has the gates i, f, g, o and two biases, Caffe i, f, o, g and their sum (lstm_layer.cpp). A sequence starts where
cont is 0, at the first step. Backwards the steps go in and come out in reverse.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import numpy as np

from caffe_ir.blob import Array, Blob
from caffe_ir.errors import ConversionError
from caffe_ir.forms import FORMS, Form
from caffe_ir.layer import Layer
from caffe_ir.layers import LSTM, Parameter
from caffe_ir.layers.source import Gather, Permute, ProjectedLSTM
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.passes.base import Context, NetPass
from caffe_ir.passes.legalize import chooser_of
from caffe_ir.passes.unroll import unrolled
from caffe_ir.replacement import Replacement

TORCH_GATES_IN_CAFFES_ORDER = (0, 1, 3, 2)
TIME_FIRST = (1, 0, 2)


def _run(net: Net, context: Context) -> None:
    nodes = [node for node in net.nodes if isinstance(node.layer, ProjectedLSTM)]
    if not nodes:
        return
    chooser = chooser_of(net, context.target, {**FORMS, ProjectedLSTM: (WHOLE, STEPS)})
    for node in nodes:
        with suppress(ConversionError):  # which is reported where the steps are written
            choice = chooser.best(Replacement(net=net, old=net.node(node.name)))
            if choice.form is WHOLE:
                choice.new.finish_tops(choice.new.held)
    _share_starts(net)


def _steps(new: Replacement) -> str:
    steps = unrolled(new.net, new.old)
    new.nodes += steps.nodes
    return ""


def _whole(new: Replacement) -> str:
    net, node = new.net, new.old
    layer, x, shape = node.layer, node.bottoms[0], net.shapes[node.bottoms[0]]
    assert isinstance(layer, ProjectedLSTM)
    y, hidden, cell = node.tops
    if len(node.bottoms) > 1 or layer.proj_size or net.is_wanted(cell) or len(shape) == 2:
        return "it has first states, a projection or a last cell that is read, or is a single step"
    whole, steps, batch = LSTM(num_output=layer.num_output), layer.steps(shape), layer.batch(shape)
    turned = layer.backwards and steps > 1
    back = Gather(axis=0, indices=tuple(reversed(range(steps))))
    x = new.add("steps", Permute(order=TIME_FIRST), x) if layer.batch_first else x
    x = new.add("in", back, x) if turned else x
    cont = np.ones((steps, batch), np.float32)
    cont[0] = 0
    starts = new.add("cont", Parameter(shape=cont.shape), blobs=(Blob.of(cont, constant=True),))
    x = new.add("lstm", whole, x, starts, blobs=_blobs(node, layer))
    if net.is_wanted(hidden):
        new.held[hidden] = new.add("last", Gather(axis=0, indices=(steps - 1,)), x)
    x = new.add("out", back, x) if turned else x
    new.held[y] = new.add("batches", Permute(order=TIME_FIRST), x) if layer.batch_first else x
    return ""


def _share_starts(net: Net) -> None:
    """Leave one cont for all LSTMs of a call. Each is weighed with its own: no other reader takes a Parameter."""
    first = dict[tuple[Layer, str], str]()
    for node in [node for node in net.nodes if isinstance(node.layer, LSTM)]:
        cont = net.producer(node.bottoms[1])
        kept = first.setdefault((cont.layer, cont.origin.layer), cont.top)
        if kept != cont.top and isinstance(cont.layer, Parameter):
            net.redirect(cont.top, kept)
            net.remove(cont)


def _blobs(node: Node, layer: ProjectedLSTM) -> tuple[Blob, ...]:
    into, recurrent, *biases = node.blobs
    rows = layer.gates * layer.num_output
    weights = [Blob.computed(blob.shape, partial(_ordered, blob)) for blob in (into, recurrent)]
    return weights[0], Blob.computed((rows,), partial(_bias, rows, *biases)), weights[1]


def _ordered(blob: Blob) -> Array:
    """The rows of the gates in Caffe's order."""
    return np.concatenate([np.split(blob.load(), 4)[gate] for gate in TORCH_GATES_IN_CAFFES_ORDER])


def _bias(rows: int, *biases: Blob) -> Array:
    whole = np.sum([blob.load().astype(np.float64) for blob in biases], axis=0) if biases else np.zeros(rows)
    return _ordered(Blob.of(whole))


WHOLE, STEPS = Form(name="Caffe's LSTM", build=_whole), Form(name="its steps", build=_steps)
NATIVE_LSTM = NetPass(name="lstm", run=_run)
