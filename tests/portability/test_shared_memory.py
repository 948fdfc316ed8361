"""Layers in place on the memory of another blob, in BVLC Caffe itself, where `TOCAFFE_ENGINES` has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.files.writer import Written
from caffe_ir.targets import CAFFE
from converters.caffe import checked, convert
from tests.converters.caffe.files import INPUT, pair
from tests.portability.caffe_runs import in_caffe
from tests.portability.engines import FOLDER

TANH = 'layer { name: "t" type: "TanH" bottom: "data" top: "t" }\n'
RELU = 'layer { name: "r" type: "ReLU" bottom: "v" top: "v" }\n'
POWER = 'layer { name: "p" type: "Power" bottom: "v" top: "u" power_param { scale: 2 } }\n'
VIEWS = {
    "Flatten": "",
    "Reshape": "reshape_param { shape { dim: 3 dim: -1 } }",
    "Concat": "",
    "Slice": "",
}


@pytest.mark.parametrize("behind", [True, False])
@pytest.mark.parametrize("view", VIEWS)
def test_what_caffe_overwrites_is_what_the_check_names(view: str, behind: bool, tmp_path: Path) -> None:
    """TanH of the input: behind the ReLU it is that of what the ReLU has made."""
    if not (FOLDER / "caffe").exists():
        pytest.skip(f"{FOLDER} has no caffe: scripts/bvlc_caffe builds it")
    shared = f'layer {{ name: "v" type: "{view}" bottom: "data" top: "v" {VIEWS[view]} }}\n'
    files = pair(tmp_path, INPUT + (shared + RELU + POWER + TANH if behind else TANH + shared + RELU + POWER))
    x = np.random.default_rng(0).standard_normal((1, 3, 12, 12)).astype(np.float32)
    written = Written(prototxt=files[0], caffemodel=files[1], prototxt_bytes=0, caffemodel_bytes=0)
    ((found,),), _ = in_caffe(FOLDER / "caffe", written, ["t"], [{"data": x}], tmp_path / "run")
    np.testing.assert_allclose(found, np.tanh(np.maximum(x, 0) if behind else x), atol=1e-6)
    net = convert(*files)
    named = [(one.layer, one.verdict.effect) for one in checked(net, CAFFE)]
    assert named == ([("r", "wrong")] if behind else [])
    warned = [note.text for note in net.notes if note.kind == "warning"]
    assert [text.split()[0] for text in warned] == (["r"] if behind else [])
