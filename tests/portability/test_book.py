"""Nets of the usual kinds, written for every target, by the books of their readers: rules typed from documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.reader import read
from caffe_ir.files.readings import readings
from caffe_ir.files.writer import write
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from converters.caffe import convert, retarget
from tests.caffe_ir.targets.hand_made import WORDS, check_says
from tests.portability.book import BOOKS, OF_PORTABLE, broken, layers
from tests.portability.book.chips import SLOW
from tests.portability.book.layer import Layer
from tests.portability.engines import ENGINES, Engine, Files, Task, given, outcomes
from tests.portability.nets import NETS, Model

KINDS = {
    "a plain classifier": "resnet",
    "MobileNetV2": "mobilenet_v2",
    "a net with squeeze and excitation": "senet",
    "YOLOv3": "dk_yolov3",
    "YOLOv4 with mish": "dk_yolov4",
    "segmentation with bilinear upsampling": "unet_bilinear",
    "a shuffle net": "shufflenet",
    "a generator with InstanceNorm": "cyclegan",
    "heads as SSD has them": "ssd_flat",
}
NO_ROOT = ("nncase", "sigmastar")
"""No negative powers, LRN, Normalize or MVN: no variance can be divided by."""
IMPOSSIBLE = {"cyclegan": dict.fromkeys(NO_ROOT, "Power")}
FROM_ITS_SOURCE = {"cyclegan": (*NO_ROOT, "rknn1", "tpu-mlir")}
"""They normalise by layers of their own, which a mean and a root that are written out do not become again."""
CLOSE = 1e-5
"""Of an output's largest number: what rounding the weights to float32 may cost."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Model]:
    return {name: NETS[name](tmp_path_factory.mktemp(name)) for name in KINDS.values()}


@pytest.fixture(scope="module")
def yolov3(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return NETS["dk_yolov3"](tmp_path_factory.mktemp("yolov3"))


def written(model: Model, target: str, stem: Path) -> Net:
    net = lower(model.net.copy(), TARGETS[target], Options(head=model.head))
    write(net, stem, TARGETS[target])
    return net


def spelled(net: Net, stem: Path) -> list[Layer]:
    return layers(stem, {node.name: (net.shapes_of(node.bottoms), net.shapes_of(node.tops)) for node in net.nodes})


def error(model: Model, stem: Path) -> float:
    """What the files compute in float64, beside what the source means."""
    net = read(f"{stem}.prototxt", f"{stem}.caffemodel")
    blobs = run(net, {name: value.astype(np.float64) for name, value in model.feeds.items()}, np.float64)
    assert len(net.outputs) == len(model.outputs)
    by_size = sorted(net.outputs, key=lambda name: blobs[name].size)
    truths = sorted(model.outputs, key=lambda truth: truth.size)
    return max(
        float(np.abs(blobs[name].reshape(truth.shape) - truth).max() / np.abs(truth).max())
        for name, truth in zip(by_size, truths, strict=True)
    )


def test_every_target_has_a_book() -> None:
    assert set(BOOKS) == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_yolov3_breaks_no_rule(target: str, yolov3: Model, tmp_path: Path) -> None:
    net = written(yolov3, target, tmp_path / "net")
    assert broken(target, spelled(net, tmp_path / "net")) == []


def test_what_is_right_for_caffe_breaks_rules_of_others(yolov3: Model, tmp_path: Path) -> None:
    """Rules that nothing breaks would prove nothing."""
    read = spelled(written(yolov3, "caffe", tmp_path / "net"), tmp_path / "net")
    found = {target: broken(target, read) for target in TARGETS}
    assert any(line.endswith("(ReLU): no slope") for line in found["nncase"])
    assert not found["caffe"]


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_the_usual_nets_break_no_rule_and_compute_the_same(
    target: str, models: Mapping[str, Model], tmp_path: Path
) -> None:
    for name, model in models.items():
        if why := IMPOSSIBLE.get(name, {}).get(target):
            with pytest.raises(ConversionError, match=why):
                written(model, target, tmp_path / name)
            continue
        net = written(model, target, tmp_path / name)
        assert broken(target, spelled(net, tmp_path / name)) == [], name
        assert error(model, tmp_path / name) < CLOSE, name


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS.values())
@pytest.mark.parametrize("target", ["ascend", "nnie", "rknn1", "sigmastar", "svp", "tensorrt", "tpu-mlir"])
def test_files_for_caffe_are_written_anew_for_chips(
    target: str, name: str, models: Mapping[str, Model], tmp_path: Path
) -> None:
    """By `convert caffe`, which has the default files and not their source."""
    written(models[name], "caffe", tmp_path / "net")
    net = convert(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")
    if target in FROM_ITS_SOURCE.get(name, ()):
        with pytest.raises(ConversionError, match="Power"):
            retarget(net, TARGETS[target], Options())
        return
    write(retarget(net, TARGETS[target], Options()), tmp_path / target, TARGETS[target])
    assert broken(target, spelled(net, tmp_path / target)) == []
    assert error(models[name], tmp_path / target) < CLOSE


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS.values())
def test_the_data_of_each_target_find_what_its_book_finds(
    name: str, models: Mapping[str, Model], tmp_path: Path
) -> None:
    """In the files for Caffe, of which many break rules of others."""
    net = written(models[name], "caffe", tmp_path / name)
    read = spelled(net, tmp_path / name)
    for reading in readings(net, TARGETS["caffe"], TARGETS.values()):
        by_book = {line.partition(" ")[0].rstrip(":") for line in broken(reading.reader.name, read)}
        by_data = {node.name for node, verdict in reading.faults if verdict.is_fault}
        assert by_data == by_book, reading.reader.name


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS.values())
@pytest.mark.parametrize("target", SLOW)
def test_the_data_of_a_target_find_what_its_book_finds_slow(
    target: str, name: str, models: Mapping[str, Model], tmp_path: Path
) -> None:
    net = written(models[name], "caffe", tmp_path / name)
    by_book = {
        layer.message.name
        for layer in spelled(net, tmp_path / name)
        for kind, _, breaks in SLOW[target]
        if kind == layer.type and breaks(layer)
    }
    faults = [(node.name, verdict.effect) for node, verdict in TARGETS[target].verdicts(net)]
    slow, refused = ({node for node, effect in faults if effect == one} for one in ("slow", "refused"))
    assert slow == by_book - refused


@pytest.mark.slow
@pytest.mark.parametrize("target", ["caffe", "portable", "its own"])
@pytest.mark.parametrize("name", [engine.name for engine in ENGINES])
def test_check_says_what_the_engine_does_with_the_usual_nets(
    name: str, target: str, engine: Engine, models: Mapping[str, Model], tmp_path: Path
) -> None:
    """No file is wrong in any engine; what is written for it is right there."""
    writable = {net for net in models if target != "its own" or name not in IMPOSSIBLE.get(net, {})}
    tasks = dict[str, Task]()
    for net in sorted(writable):
        files = Files(
            net=written(models[net], name if target == "its own" else target, tmp_path / net), stem=tmp_path / net
        )
        tasks[net] = Task(files=files, model=models[net], folder=tmp_path / f"{net}_room")
        tasks[net].folder.mkdir()
    found = dict(zip(tasks, outcomes(engine, list(tasks.values())), strict=True))
    said = {net: check_says(given(engine, task), TARGETS[name]) for net, task in tasks.items()}
    assert {net: WORDS[result.outcome] for net, result in found.items()} == said
    must_be = {"ok"} if target == "its own" or (name in OF_PORTABLE and target == "portable") else {"ok", "-"}
    assert set(said.values()) <= must_be
