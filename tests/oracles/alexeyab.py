"""AlexeyAB's Darknet from a picture to boxes, where somebody has built its library (scripts/alexeyab_library).

No package has it, so `scripts/boxes --alexeyab` takes the file and tests the one that TOCAFFE_ALEXEYAB names; where
there is none, OpenCV's reader of Darknet files is what the nets are compared with (tests/end_to_end/test_alexeyab.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.oracles.darknet import DarknetFailed
from tests.oracles.darknet_detections import Case, Detected

CHILD = Path(__file__).with_name("alexeyab_child.py")
KINDS = ("default", "greedynms", "diounms", "cornersnms")
"""As his enumeration NMS_KIND counts them."""
NMS = 0.45
"""detector.c, test_detector: the overlap above which one of two boxes goes."""


def detections(library: Path, cfg: Path, weights: Path, cases: Sequence[Case]) -> list[Detected]:
    """His boxes, the net loaded once. Raises DarknetFailed."""
    options = _last_head(cfg)
    with tempfile.TemporaryDirectory() as folder:
        order = {
            "library": str(library.resolve()), "cfg": str(cfg.resolve()), "weights": str(weights.resolve()),
            "folder": folder, "nms": NMS, "kind": KINDS.index(options.get("nms_kind", "default")),
            "beta": float(options.get("beta_nms", "0.6")),
            "cases": [
                {"picture": str(one.picture.resolve()), "threshold": one.threshold, "fit": one.fit} for one in cases
            ],
        }  # fmt: skip
        file = Path(folder, "order.json")
        file.write_text(json.dumps(order))
        done = subprocess.run([sys.executable, str(CHILD), str(file)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise DarknetFailed(f"{cfg}: {done.stderr[-300:]}")
        sizes = json.loads(Path(folder, "sizes").read_text())
        return [
            Detected(
                layers={},
                size=(height, width),
                **{name: np.load(Path(folder, f"{place}.{name}.npy")) for name in ("input", "boxes", "kept")},
            )
            for place, (height, width) in enumerate(sizes)
        ]


def _last_head(cfg: Path) -> dict[str, str]:
    """The options of the last section, by which his detector suppresses the boxes of all."""
    last = cfg.read_text().rpartition("\n[")[2]
    pairs = [line.partition("=") for line in last.splitlines() if "=" in line and not line.startswith("#")]
    return {key.strip(): value.strip() for key, _, value in pairs}
