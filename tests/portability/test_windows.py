"""What `check` says of poolings is what the engines do with them: windows, strides, pads and sizes of maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.layers import Pooling
from caffe_ir.net import Net
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from caffe_ir.targets.window_cases import begins_behind
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.hand_made import WORDS, check_says
from tests.portability.engines import Engine, Files, Task, outcomes
from tests.portability.nets import Model

TRIED = ("caffe", "opencv", "mnn", "ncnn", "caffe2onnx", "x2paddle")
"""OpenVINO and RKNN-Toolkit2 start programs for each net: scripts/hand_made tries single ones."""


def _grid() -> Iterator[tuple[str, Net]]:
    """Pools with their names; a mean over no cell is 0/0 in Caffe itself and is left out."""
    pools: Sequence[Literal["MAX", "AVE"]] = ("MAX", "AVE")
    for pool, kernel, stride, rows, columns, height, width in product(
        pools, (2, 3), (1, 2, 3), (0, 1), (0, 1), (5, 6), (9, 10)
    ):
        layer = Pooling(pool=pool, kernel_size=(kernel, kernel), stride=(stride, stride), pad=(rows, columns))
        if pool == "AVE" and begins_behind(layer, ((1, 4, height, width),)):
            continue
        net = net_of((1, 4, height, width))
        add(net, "pool", layer)
        yield f"{pool}_k{kernel}s{stride}p{rows}{columns}_on_{height}x{width}", net


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_check_says_what_the_engine_does_with_each_pooling(engine: Engine, tmp_path: Path) -> None:
    found = compared(list(_grid()), engine, tmp_path)
    assert {case: pair for case, pair in found.items() if pair[0] != pair[1]} == {}
    assert len(found) > 150


def compared(nets: Sequence[tuple[str, Net]], engine: Engine, folder: Path) -> dict[str, tuple[str, str]]:
    """What `check` says of each net, and what the engine does with it, in the words of the table."""
    tasks, said = list[Task](), dict[str, str]()
    for name, net in nets:
        stem, room = folder / name, folder / f"{name}_room"
        room.mkdir()
        write(net, stem, TARGETS["caffe"])
        x = np.random.default_rng(len(tasks)).normal(size=net.shapes["data"]).astype(np.float32)
        blobs = run(net, {"data": x.astype(np.float64)}, np.float64)
        model = Model(net=net, feeds={"data": x}, outputs=[blobs[output] for output in net.outputs])
        tasks.append(Task(files=Files(net=net, stem=stem), model=model, folder=room))
        said[name] = check_says(stem.with_suffix(".prototxt"), TARGETS[engine.name])
    results = outcomes(engine, tasks)
    return {name: (said[name], WORDS[result.outcome]) for (name, _), result in zip(nets, results, strict=True)}
