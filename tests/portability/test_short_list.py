"""One net of each kind, written for a target, is right in the engine that this is: scripts/portability has them all."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from tests.portability.engines import ENGINES, Files, Result, outcome
from tests.portability.nets import NETS

SHORT = ("dk_yolov3_tiny_act", "mobilenet_v2", "unet_bilinear", "yolov5_raw")
LONGER = ("dk_yolov2", "dk_yolov4", "densenet", "efficientnet", "cyclegan", "pspnet", "yolov8")
MNN_LONGER = ("unet_bilinear", "efficientnet", "pools", "yolov8")
BY_NAME = {engine.name: engine for engine in ENGINES}


def _result(name: str, target: str, engine: str, folder: Path) -> Result:
    model = NETS[name](folder)
    net = lower(model.net, TARGETS[target], Options(head=model.head))
    write(net, folder / "net", TARGETS[target])
    room = folder / "room"
    room.mkdir()
    return outcome(BY_NAME[engine], Files(net=net, stem=folder / "net"), model, room)


@pytest.mark.parametrize("name", SHORT)
def test_right_in_opencv(name: str, tmp_path: Path) -> None:
    assert _result(name, "caffe", "opencv", tmp_path).outcome == "right"


@pytest.mark.slow
@pytest.mark.parametrize("target", ["caffe", "opencv"])
@pytest.mark.parametrize("name", LONGER)
def test_more_of_them_are_right_in_opencv(name: str, target: str, tmp_path: Path) -> None:
    assert _result(name, target, "opencv", tmp_path).outcome == "right"


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_each_means_in_float64_what_its_source_computes(name: str, tmp_path: Path) -> None:
    """torch is the reference, which computes in float64 too; GELU is a formula within 1e-9 of the true one."""
    model = NETS[name](tmp_path)
    net = lower(model.net, TARGETS["caffe"], Options(head=model.head))
    blobs = run(net, model.feeds, np.float64)
    for output, wanted in zip(net.outputs, model.outputs, strict=True):
        found = blobs[output].reshape(wanted.shape)
        assert np.abs(found - wanted).max() <= 1e-8 * np.abs(wanted).max()


@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.parametrize("name", ["groupnorm", *(pytest.param(net, marks=pytest.mark.slow) for net in MNN_LONGER)])
def test_right_in_mnn(name: str, tmp_path: Path) -> None:
    assert _result(name, "mnn", "mnn", tmp_path).outcome == "right"
