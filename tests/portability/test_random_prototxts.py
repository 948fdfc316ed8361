"""Random hand-written nets are what their seeds say, and `check` finds none right that an engine gets wrong;
scripts/random_prototxts runs more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from caffe_ir.targets import TARGETS
from tests.caffe_ir.targets.hand_made import WORDS, check_says, seen
from tests.portability.engines import ENGINES, Engine, Task, outcomes
from tests.portability.random_layers import ACTIVATIONS
from tests.portability.random_prototxts import of_seed, text_of

OPENCV = next(engine for engine in ENGINES if engine.name == "opencv")
TYPES = {
    "ArgMax", "BatchNorm", "Bias", "Concat", "Convolution", "Crop", "Deconvolution", "Eltwise", "Flatten", "Im2col",
    "InnerProduct", "Input", "LRN", "Log", "MVN", "Pooling", "Reduction", "Reshape", "SPP", "Scale", "Slice", "Softmax",
    "Tile", *ACTIVATIONS,
}  # fmt: skip


def test_every_type_is_in_some_net_and_the_same_seed_makes_the_same(tmp_path: Path) -> None:
    texts = [text_of(seed, tmp_path) for seed in range(250)]
    found = {line.partition(" = ")[2].split()[0] for text in texts for line in text.splitlines()}
    assert found >= TYPES
    assert [text_of(seed, tmp_path) for seed in range(9)] == texts[:9]


def _seen(seeds: Sequence[int], engine: Engine, folder: Path) -> dict[int, str]:
    tasks = dict[int, Task]()
    for seed in seeds:
        room = folder / str(seed) / "room"
        room.mkdir(parents=True)
        if made := of_seed(seed, room.parent):
            tasks[seed] = Task(files=made[0], model=made[1], folder=room)
    found = {}
    for (seed, task), result in zip(tasks.items(), outcomes(engine, list(tasks.values())), strict=True):
        files = task.files.caffe_files
        said = check_says(files.prototxt, TARGETS[engine.name], files.caffemodel)
        found[seed] = seen(said, WORDS[result.outcome])
    return found


def test_check_finds_what_opencv_gets_wrong_in_some(tmp_path: Path) -> None:
    found = _seen(range(30), OPENCV, tmp_path)
    assert [seed for seed, how in found.items() if how == "MISSED"] == []
    assert list(found.values()).count("alike") > len(found) / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["caffe", "opencv", "mnn", "ncnn", "caffe2onnx", "x2paddle"])
def test_check_finds_what_an_engine_gets_wrong_in_more(name: str, engine: Engine, tmp_path: Path) -> None:
    found = _seen(range(30, 130), replace(engine, plain_names=False), tmp_path)
    assert [seed for seed, how in found.items() if how == "MISSED"] == []
