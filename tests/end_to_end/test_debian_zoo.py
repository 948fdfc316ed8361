"""Every static cfg of Debian's darknet package, shrunk: to files, and layer by layer against real Darknet.

What is compared is read back from the files. Two figures: in float32 against Darknet, 2e-5 of a layer's largest value;
in float64 against the net before the passes, 2e-6, which is what rounding stored weights to float32 may cost.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from caffe_ir import reference
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.net import Net
from caffe_ir.passes.base import Head, Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert
from tests.end_to_end.layerwise import exact, rows, worst
from tests.oracles import darknet
from tests.oracles.darknet import Job, LayerOutput, layer_outputs_of, needs_darknet
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink

pytestmark = needs_darknet
CFGS = darknet.static_cfgs() if darknet.available() else ()
LACKED_BY_OPENCV = {"Parameter", "Bias", "Tile", "Threshold"}


@pytest.fixture(scope="module", params=["ordinary", "hard"])
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Job]:
    """Every cfg with its seeded weights and an input; `hard`: five tiny variances in every BatchNorm."""
    folder = tmp_path_factory.mktemp(request.param)
    jobs = {}
    for cfg in CFGS:
        small, weights = folder / cfg.name, folder / f"{cfg.stem}.weights"
        small.write_text(shrink(cfg.read_text()))
        write_weights(small, weights, seed=7, hard=request.param == "hard")
        shape = convert(small, weights, check_finite=False).net.shapes["data"]
        picture = np.random.default_rng(7).random(shape, np.float32)
        jobs[cfg.stem] = Job(cfg=small, weights=weights, input=picture)
    return jobs


@pytest.fixture(scope="module")
def judged(models: dict[str, Job]) -> dict[str, list[LayerOutput]]:
    """What real Darknet makes of all of them."""
    return dict(zip(models, layer_outputs_of(list(models.values())), strict=True))


def weights_of(job: Job) -> Path:
    assert job.weights is not None
    return job.weights


def converted(job: Job, folder: Path, head: Head, *, fold: bool = False) -> tuple[Net, Net]:
    """The lowered net, and the one that its files hold."""
    made = lower(convert(job.cfg, weights_of(job)).net, CAFFE, Options(head=head, fold_batch_norm=fold))
    written = write(made, folder / "net", CAFFE)
    return made, read(written.prototxt, written.caffemodel)


def truths(job: Job, outputs: list[LayerOutput]) -> dict[str, np.ndarray]:
    """Darknet's layers by our names for them. [cost] stays at zero there, and a region's tree is NaN on its CPU."""
    names = [name for name in convert(job.cfg, weights_of(job), check_finite=False).net.values if name != "data"]
    return {
        name: output.values
        for output, name in zip(outputs, names, strict=True)
        if output.type_name != "cost" and np.isfinite(output.values).all()
    }


@pytest.mark.parametrize("fold", [False, True], ids=["", "folded"])
@pytest.mark.parametrize("name", [cfg.stem for cfg in CFGS])
def test_files_compute_what_darknet_computes(
    name: str, fold: bool, models: dict[str, Job], judged: dict[str, list[LayerOutput]], tmp_path: Path
) -> None:
    job = models[name]
    made, files = converted(job, tmp_path, "activated", fold=fold)
    feeds = {"data": job.input}
    known = truths(job, judged[name])
    found = list(rows(known, files, made.values, feeds, np.float32))
    assert len(found) >= len(known) * 0.9
    assert worst(found).relative <= 2e-5
    if fold:
        return
    before = convert(job.cfg, weights_of(job)).net
    held = {value: blob for value, blob in before.values.items() if value in made.values}
    found = list(rows(exact(before, held, feeds), files, made.values, feeds, np.float64))
    assert len(found) == len(held)
    assert worst(found).relative <= 2e-6


@pytest.mark.parametrize("name", [cfg.stem for cfg in CFGS])
def test_opencv_reads_the_files_and_agrees(name: str, models: dict[str, Job], tmp_path: Path) -> None:
    made, files = converted(models[name], tmp_path, "raw")
    kinds = {node.layer.type_name() for node in files.nodes}
    assert not kinds & LACKED_BY_OPENCV
    net = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))
    net.setInput(models[name].input)
    ours = reference.run(files, {"data": models[name].input})
    names = net.getUnconnectedOutLayersNames()
    assert sorted(names) == sorted(made.outputs)
    for output, theirs in zip(names, net.forward(names), strict=True):
        mine = ours[output]
        assert theirs.size == mine.size
        assert np.abs(theirs.reshape(mine.shape) - mine).max() <= 2e-5 * np.abs(mine).max()


def test_there_are_42_of_them() -> None:
    assert len(CFGS) == 42


@pytest.mark.parametrize("name", ["yolov3-tiny", "resnet18"])
def test_two_runs_give_the_same_bytes(name: str, models: dict[str, Job], tmp_path: Path) -> None:
    bytes_of = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        converted(models[name], folder, "raw")
        bytes_of.append([(folder / f"net.{ending}").read_bytes() for ending in ("prototxt", "caffemodel")])
    assert bytes_of[0] == bytes_of[1]
