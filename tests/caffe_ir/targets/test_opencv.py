"""What the data say of OpenCV is what it does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.layers import Axpy, Eltwise, Permute, Pooling, Power
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import OPENCV
from converters.verify import ENGINES, caffe_files
from converters.verify.engine import EngineFailed
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.hand_made import BY_SCRIPT, CASES, live, verdict
from tests.caffe_ir.targets.measured import ANYTHING, TRIALS, Trial, expected, measured, trial_name


@pytest.mark.parametrize("trial", TRIALS, ids=trial_name)
def test_the_verdict_is_what_the_engine_does(trial: Trial, tmp_path: Path) -> None:
    assert measured(ENGINES[OPENCV.engine], trial, tmp_path) == expected(OPENCV, trial)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES.keys() - BY_SCRIPT))
def test_check_says_what_the_engine_does_with_the_hand_made_nets(name: str, tmp_path: Path) -> None:
    assert verdict(name, OPENCV, tmp_path) == live(name, ENGINES[OPENCV.engine], tmp_path)


MANY = (2, 3, 2, 1, 2, 4, 3, 2, 2)
EACH = [Eltwise(operation="MAX"), Eltwise(operation="PROD"), Eltwise(operation="SUM")]


def _of_two(layer: Eltwise, shape: tuple[int, ...]) -> Net:
    """An Eltwise of a blob and the same one with its first axis last, where these two have one shape."""
    net = net_of((*shape, shape[0]), "trial")
    axes = len(shape)
    add(net, "turned", Permute(order=(axes, *range(1, axes), 0)), bottoms=["data"])
    add(net, "y", layer, bottoms=["turned", "data"])
    return net


def _error(net: Net, folder: Path) -> float:
    """The largest difference of OpenCV's numbers from the net in float64; infinite where it refuses the files."""
    written = write(net, folder / "net", ANYTHING, force=True)
    x = np.random.default_rng(4).normal(size=net.shapes["data"]).astype(np.float32)
    files = caffe_files(written.prototxt, written.caffemodel)
    try:
        (found,) = ENGINES[OPENCV.engine].blobs(files, net.outputs, {"data": x})
    except EngineFailed:
        return float("inf")
    return float(np.abs(found - run(net, {"data": x}, np.float64)[net.outputs[0]]).max())


@pytest.mark.parametrize("bottoms", [("gate", "data", "other"), ("gate", "other", "data"), ("gate", "data", "data")])
def test_what_an_axpy_scales_is_its_last_bottom(bottoms: tuple[str, str, str], tmp_path: Path) -> None:
    """OpenCV takes a y + x for a x + y: right where the two are one blob."""
    net = net_of((1, 3, 5, 4), "trial")
    add(net, "gate", Pooling(pool="AVE", global_pooling=True), bottoms=["data"])
    add(net, "other", Power(scale=-0.5, shift=1.0), bottoms=["data"])
    add(net, "y", Axpy(), bottoms=list(bottoms))
    net.outputs = ["y"]
    wrong = [verdict.effect for node, verdict in OPENCV.verdicts(net) if node.name == "y"]
    assert wrong == (["wrong"] if bottoms[1] != bottoms[2] else [])
    assert (_error(net, tmp_path) < 1e-5) == (not wrong)


@pytest.mark.parametrize("axes", [4, 5, 6, 9])
@pytest.mark.parametrize("layer", EACH, ids=str)
def test_two_blobs_of_many_axes_are_written_with_fewer(layer: Eltwise, axes: int, tmp_path: Path) -> None:
    net = _of_two(layer, MANY[: axes - 1])
    known = OPENCV.verdict(layer, net.shapes_of(net.nodes[-1].bottoms)) is None
    assert (_error(net, tmp_path) < 1e-6) is known is (axes <= 5)
    assert _error(lower(net, OPENCV, Options()), tmp_path) < 1e-6
