"""Layer types of prototxts: those for training alone, and what to say of one that is not known."""

from __future__ import annotations

from collections.abc import Mapping

from caffe_ir.error_kinds.caffe import UNKNOWN_LAYER
from caffe_ir.errors import Origin, Problem
from caffe_ir.files.foreign_names import type_hint
from caffe_ir.layers import LAYERS
from caffe_ir.proto import caffe_pb2

DATA = frozenset({"AnnotatedData", "Data", "HDF5Data", "ImageData", "MemoryData", "VideoData", "WindowData"})
"""Layers that read data from files: their first top is the input, the others are labels, except for HDF5Data."""
_MEASURES = frozenset({"Accuracy", "DetectionEvaluate", "HDF5Output", "SoftmaxWithLoss"})
NO_MEANING: Mapping[str, str] = {
    "Correlation": "it multiplies each cell of a map with many cells of another one, which no layer here does",
    "FlowWarp": "which cells it reads is what the values of another blob say; end the net before it",
    "MarginInnerProduct": "its margin is for training; end the net before it, at the features",
    "Proposal": "which regions it proposes is chosen by their scores when the net runs; end the net before it",
    "Resize": "forks mean different things by it; write Interp, whose corners are the map's, or Upsample",
    "Unpooling": "forks mean different things by it; write Upsample with the places of a Pooling as its second bottom",
    "LSTMUnit": "it is a step that Caffe puts into an LSTM; write LSTM",
    "Yolov3DetectionOutput": "its boxes are decoded behind the net; end the net before it",
}
"""Types that are known and have no meaning here, and why."""


def is_of_training(type_name: str) -> bool:
    """Whether a layer is for training alone: a source of data, a loss or a measure.

    What ends in Loss is a loss, in every fork: CenterLoss, TripletLoss, FocalLoss ...
    """
    return is_data(type_name) or is_loss(type_name)


def is_data(type_name: str) -> bool:
    """Whether a layer is a source of data.

    What ends in Data is one, in every fork: DenseImageData, ImageSegData ... DummyData alone is part of a net.
    """
    return type_name in DATA or (type_name.endswith("Data") and type_name not in LAYERS)


def is_loss(type_name: str) -> bool:
    """Whether a layer is a loss, or a measure of what a net says."""
    return type_name in _MEASURES or type_name.endswith("Loss")


def unknown_type(message: caffe_pb2.LayerParameter, origin: Origin) -> Problem | None:
    """What to say of a layer of whose type nothing is known, wherever in the net it stands."""
    if message.type == "Python":
        python = message.python_param
        what = f"{message.name} is a Python layer, {python.module}.{python.layer}"
        why = (
            NO_MEANING["Proposal"]
            if python.layer == "ProposalLayer"
            else "what it computes is Python code, which is not in the files"
        )
        return Problem(kind=UNKNOWN_LAYER, what=what, why=why, origin=origin)
    if message.type in LAYERS:
        return None
    what = f"layer type {message.type!r} is not known here"
    why = NO_MEANING.get(message.type, "")
    hint = "" if why else type_hint(message.type, LAYERS)
    return Problem(kind=UNKNOWN_LAYER, what=what, why=why, hint=hint, origin=origin)
