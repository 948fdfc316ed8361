"""Real Darknet from a picture to boxes: its own preparation, forward, get_network_boxes and suppression.

The library is that of `darknet.py`, in the same child process.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.darknet import DarknetFailed, prepared_cfg, run_child

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One picture; `layers` are those whose outputs are wanted, `output` what the last layer shall have given."""

    picture: Path
    fit: Literal["letterbox", "stretch"]
    threshold: float
    layers: tuple[int, ...] = ()
    nms: Literal["by class", "by objectness"] = "by class"
    output: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Detected:
    """What Darknet made of a picture; rows are x, y, w, h, objectness and the probabilities of all classes.

    Boxes are parts of the picture, as its detector draws them. With the fit "stretch" they are for a picture of the
    net's own proportions, which is the same.
    """

    input: Array
    layers: dict[int, Array]
    boxes: Array
    kept: Array
    """The same after suppression; the order is another one."""
    size: tuple[int, int]
    """Height and width of the picture."""


def detections(cfg: Path, weights: Path, cases: Sequence[Case]) -> list[Detected]:
    """Darknet's boxes, the net loaded once. Raises DarknetFailed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cfg").write_bytes(prepared_cfg(cfg, 1))
        told = []
        for place, case in enumerate(cases):
            (folder / str(place)).mkdir()
            output = folder / str(place) / "output.npy"
            if case.output is not None:
                np.save(output, case.output)
            told.append(
                {
                    "picture": str(case.picture.resolve()),
                    "fit": case.fit,
                    "threshold": case.threshold,
                    "layers": case.layers,
                    "nms": case.nms,
                    "output": str(output) if case.output is not None else "",
                    "folder": str(folder / str(place)),
                }
            )
        paths = {one: str(folder / one) for one in ("cfg", "stderr", "status", "values", "result")}
        order = {**paths, "kind": "detect", "weights": str(weights.resolve()), "cases": told}
        run_child(folder, [order])
        if not (folder / "result").is_file():
            raise DarknetFailed(f"{cfg}: {(folder / 'stderr').read_text(errors='replace')[-300:]}")
        sizes = json.loads((folder / "result").read_text())
        return [_loaded(folder / str(place), cases[place], sizes[place]) for place in range(len(cases))]


def _loaded(folder: Path, case: Case, size: dict[str, int]) -> Detected:
    return Detected(
        input=np.load(folder / "input.npy"),
        layers={layer: np.load(folder / f"layer{layer}.npy") for layer in case.layers},
        boxes=np.load(folder / "boxes.npy"),
        kept=np.load(folder / "kept.npy"),
        size=(size["height"], size["width"]),
    )
