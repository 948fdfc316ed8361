"""Random nets are what their seeds say, and mean in float64 what torch computes; scripts/random_nets runs more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from caffe_ir.files.writer import write
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from tests.caffe_ir.targets.hand_made import WORDS, check_says
from tests.portability.engines import ENGINES, Engine, Files, Task, given, outcomes
from tests.portability.random_nets import STEPS, module_of, of_seed

EXACT = 1e-8
"""Of the largest number, in float64: GELU is a formula."""


def test_every_step_is_in_some_net_and_the_same_seed_makes_the_same() -> None:
    torch.manual_seed(0)
    made = [module_of(seed) for seed in range(60)]
    assert {name for _, _, names in made for name in names} == {*STEPS, "last"}
    assert [(str(module), shape) for module, shape, _ in made[:9]] == [
        (str(module), shape) for module, shape, _ in map(module_of, range(9))
    ]


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 7, pytest.param(range(8, 80), marks=pytest.mark.slow, id="8 to 79")])
def test_each_means_in_float64_what_torch_computes(seed: int | range, tmp_path: Path) -> None:
    for one in [seed] if isinstance(seed, int) else seed:
        if (model := of_seed(one, tmp_path)) is None:
            continue
        net = lower(model.net, TARGETS["caffe"], Options())
        blobs = run(net, {name: value.astype(np.float64) for name, value in model.feeds.items()}, np.float64)
        for output, wanted in zip(net.outputs, model.outputs, strict=True):
            assert np.abs(blobs[output].reshape(wanted.shape) - wanted).max() <= EXACT * np.abs(wanted).max(), one


@pytest.mark.slow
@pytest.mark.parametrize("name", [engine.name for engine in ENGINES])
def test_check_says_what_the_engine_does_with_some(name: str, engine: Engine, tmp_path: Path) -> None:
    tasks = []
    for seed in range(10, 18):
        if (model := of_seed(seed, tmp_path)) is None:
            continue
        net = lower(model.net, TARGETS["caffe"], Options())
        stem = tmp_path / str(seed) / "net"
        stem.parent.mkdir()
        write(net, stem, TARGETS["caffe"])
        tasks.append(Task(files=Files(net=net, stem=stem), model=model, folder=stem.parent))
    found = [WORDS[result.outcome] for result in outcomes(engine, tasks)]
    assert found == [check_says(given(engine, task), TARGETS[name]) for task in tasks]
    assert "WRONG" not in found
