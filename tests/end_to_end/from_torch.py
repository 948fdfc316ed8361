"""From a module to Caffe files and back: what the tests of whole nets begin with."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from caffe_ir import reference
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.layers import BatchNorm, Flatten, InnerProduct, Reshape, Scale
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.pytorch import convert
from tests.converters.pytorch.judge import agreement, fed, flat

FLOAT32 = 1e-4

NOT_IN_OPENCV = {"Bias", "Threshold", "Tile", "Reduction", "ArgMax", "Embed", "Parameter", "DummyData", "Im2col"}
"""Caffe's layers that OpenCV 4.14 does not run."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """A net's files: their paths and the net that is read from them."""

    prototxt: Path
    caffemodel: Path
    net: Net


def lowered(module: torch.nn.Module, *inputs: torch.Tensor, options: Options = Options()) -> Net:  # noqa: B008
    return lower(convert(module, inputs), CAFFE, options)


def meaning_error(module: torch.nn.Module, net: Net, *inputs: torch.Tensor) -> float:
    """How far a net that was not written yet is from the module in float64."""
    with torch.no_grad():
        wanted = flat(copy.deepcopy(module).double()(*(value.double() for value in inputs)))
    return agreement(net, wanted, inputs)


def files_of(net: Net, folder: Path) -> Files:
    written = write(net, folder / "net", CAFFE)
    return Files(
        prototxt=written.prototxt, caffemodel=written.caffemodel, net=read(written.prototxt, written.caffemodel)
    )


def results(files: Files, *inputs: torch.Tensor) -> list[np.ndarray]:
    """What the files compute in float32, in the embedded engine."""
    blobs = reference.run(files.net, fed(files.net, inputs))
    return [blobs[output] for output in files.net.outputs]


def opencv_results(files: Files, *inputs: torch.Tensor) -> list[np.ndarray]:
    opened = cv2.dnn.readNetFromCaffe(str(files.prototxt), str(files.caffemodel))
    for name, value in zip(fed(files.net, inputs), inputs, strict=True):
        opened.setInput(value.numpy(), name)
    return list(opened.forward(files.net.outputs))


def opencv_knows(net: Net) -> bool:
    return {node.layer.type_name() for node in net.nodes}.isdisjoint(NOT_IN_OPENCV)


def error(found: np.ndarray, wanted: torch.Tensor) -> float:
    """The largest difference, relative to the largest number. Axes of size 1 are the programs' own matter."""
    expected = wanted.detach().numpy()
    largest = np.abs(expected).max()
    assert largest > 0, "a signal that died proves nothing"
    return float(np.abs(found.reshape(expected.shape) - expected).max() / largest)


def idle_layers(net: Net, *inputs: torch.Tensor) -> list[str]:
    """The layers that give what they get, and the views that the next layer could do without.

    Not the Scale that a BatchNorm has behind it for readers that expect one, nor the ReLU without which MNN drops the
    Reshape in front of an InnerProduct.
    """
    blobs = reference.run(net, fed(net, inputs), np.float64)
    found = []
    for node in net.nodes:
        if len(node.bottoms) != 1 or len(node.tops) != 1:
            continue
        before, top, bottom = net.producer(node.bottom), blobs[node.top], blobs[node.bottom]
        seen = isinstance(before.layer, Reshape | Flatten)
        again = seen and isinstance(node.layer, Reshape | Flatten)
        rows = seen and isinstance(node.layer, InnerProduct) and node.layer.axis == 1
        flat = rows and net.shapes[before.bottom][0] == bottom.shape[0]
        same = top.shape == bottom.shape and (top == bottom).all()
        for_reader = isinstance(node.layer, Scale) and isinstance(before.layer, BatchNorm)
        for_reader |= seen and any(isinstance(one.layer, InnerProduct) for one in net.consumers(node.top))
        if again or flat or (same and not for_reader):
            found.append(str(node))
    return found
