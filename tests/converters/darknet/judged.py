"""Small Darknet nets, converted with seeded weights, and held against real Darknet layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.reference import run
from converters.darknet import DarknetModel, convert
from tests.oracles.darknet import Job, LayerOutput, layer_outputs_of
from tests.oracles.seeded_weights import write_weights

ORIGINAL = (0, 2, 0)
ALEXEYAB = (0, 2, 5)

CLOSE = 5e-6
"""Of a layer's largest value: float32 sums of some hundred products, taken in another order."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A converted net, an input for it, and what real Darknet makes of that in each section."""

    model: DarknetModel
    input: FloatArray
    outputs: list[LayerOutput]


def net(sections: str, *, height: int = 12, width: int = 14, channels: int = 4) -> str:
    """A cfg: [net] and the sections, which may be written with `;` for the ends of lines."""
    lines = sections.replace(";", "\n").strip()
    return f"[net]\nheight={height}\nwidth={width}\nchannels={channels}\n{lines}\n"


def written(folder: Path, text: str, *, header: tuple[int, int, int] = ORIGINAL, seed: int = 0) -> tuple[Path, Path]:
    """The cfg and seeded weights for it, as files `tiny.cfg` and `tiny.weights`."""
    cfg, weights = folder / "tiny.cfg", folder / "tiny.weights"
    cfg.write_text(text)
    write_weights(cfg, weights, seed=seed, header=header)
    return cfg, weights


def converted(folder: Path, text: str, *, header: tuple[int, int, int] = ORIGINAL, **options: Any) -> DarknetModel:
    """The text as a model, with seeded weights that `header` says were written by the one Darknet or the other."""
    return convert(*written(folder, text, header=header), **options)


def refusals(folder: Path, text: str, *, header: tuple[int, int, int] = ORIGINAL, **options: Any) -> list[str]:
    """What stands against a cfg, each problem as the user reads it, without the folder. The weights are long enough."""
    cfg, weights = folder / "tiny.cfg", folder / "tiny.weights"
    cfg.write_text(text)
    weights.write_bytes(np.array([*header, 0, 0], "<i4").tobytes() + bytes(1 << 16))
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights, allow_trailing=True, **options)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def notes_of(model: DarknetModel, kind: str) -> list[str]:
    """What was noted of that kind."""
    return [note.text for note in model.net.notes if note.kind == kind]


def blobs_of(model: DarknetModel, x: FloatArray, dtype: type[np.floating] = np.float32) -> dict[str, Any]:
    """The value of each section, by its name."""
    blobs = run(model.net, {"data": x}, dtype)
    return {name: blobs[blob] for name, blob in model.net.values.items()}


def weight(model: DarknetModel, node: str, place: int = 0) -> npt.NDArray[Any]:
    """An array of a node's weights."""
    return np.asarray(model.net.node(node).blobs[place].load())


def judged(
    folder: Path, cfgs: Mapping[str, str], *, images: int = 2, seed: int = 0, hard: bool = False, **options: Any
) -> dict[str, Judged]:
    """Convert each cfg, and run all of them in real Darknet at once."""
    models: dict[str, tuple[DarknetModel, Job]] = {}
    for name, text in cfgs.items():
        cfg, weights = folder / f"{name}.cfg", folder / f"{name}.weights"
        cfg.write_text(text)
        write_weights(cfg, weights, seed=seed, hard=hard)
        model = convert(cfg, weights, batch=images, **options)
        x = np.random.default_rng(seed).random(model.net.shapes["data"], np.float32)
        models[name] = model, Job(cfg=cfg, weights=weights, input=x)
    outputs = layer_outputs_of([job for _, job in models.values()])
    return {
        name: Judged(model=model, input=job.input, outputs=output)
        for (name, (model, job)), output in zip(models.items(), outputs, strict=True)
    }


def differences(one: Judged) -> dict[str, float]:
    """How far each section is from real Darknet, relative to the largest value that it gives there.

    Left out: [cost], zeros without a truth, and a [region] with a tree, of which Darknet's CPU code gives NaN.
    """
    values = blobs_of(one.model, one.input)
    trees = {head.name for head in one.model.heads if head.map.tree}
    found = {}
    for name, output in zip([name for name in values if name != "data"], one.outputs, strict=True):
        if output.type_name == "cost" or name in trees:
            continue
        ours = values[name].reshape(len(one.input), -1)
        theirs = output.values.reshape(len(one.input), -1)
        assert ours.shape == theirs.shape, f"{name} has {values[name].shape}, Darknet {output.shape}"
        found[name] = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    return found


def farthest(one: Judged) -> float:
    """The largest difference; NaN counts."""
    return float(np.max(list(differences(one).values())))
