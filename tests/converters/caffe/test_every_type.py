from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write, write_weights
from caffe_ir.layers import BVLC, Input
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from converters.caffe import convert
from tests.caffe_ir.targets.hand_made import prototxt
from tests.converters.caffe.every_type import MAP, TYPES

OF_SSD = {"Normalize", "Permute", "PriorBox"}
"""DetectionOutput, whose rows are chosen when the net runs, is compared with OpenCV's beside its layer."""
REFUSED = {"LSTMUnit": "a step that Caffe puts into an LSTM", "Python": "what it computes is Python code"}
"""The types that no file can say the meaning of, and the reason in a few words."""


def test_every_type_of_bvlc_is_here() -> None:
    assert {kind.type_name() for kind in BVLC} == TYPES.keys() - OF_SSD


@pytest.mark.parametrize("name", REFUSED)
def test_a_layer_that_no_net_spells_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(prototxt(f"y = {name} data"), encoding="utf-8")
    with pytest.raises(ConversionError, match=REFUSED[name]):
        convert(path)


def _source(name: str, folder: Path) -> Path:
    text, _ = TYPES[name]
    if not text.startswith("data = Input"):
        text = f"data = Input | shape {{ {' '.join(f'dim: {size}' for size in MAP)} }}\n{text}"
    path = folder / "net.prototxt"
    path.write_text(prototxt(text), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", TYPES)
def test_a_layer_is_read_and_written_back(name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = _source(name, tmp_path)
    net = convert(path)
    weights = []
    for node in list(net.nodes):
        made = [random.uniform(0.25, 1.0, blob.shape).astype(np.float32) for blob in node.blobs]
        net.update(node, replace(node, blobs=tuple(map(Blob.of, made))))
        weights += made
    write_weights(net, tmp_path / "net.caffemodel")
    read = convert(path, tmp_path / "net.caffemodel")
    target = next(one for one in TARGETS.values() if not any(found.is_fault for _, found in one.verdicts(read)))
    write(read, tmp_path / "again", target)
    assert re.search(rf'type: "{name}"', (tmp_path / "again.prototxt").read_text())
    again = convert(tmp_path / "again.prototxt", tmp_path / "again.caffemodel")
    feeds = {}
    for node in again.nodes:
        if isinstance(node.layer, Input):
            shape = again.shapes[node.top]
            whole = name == "Embed" or node.top in ("cont", "which")
            feeds[node.top] = (random.integers(2, size=shape) if whole else random.normal(size=shape)).astype(float)
    wanted = TYPES[name][1](list(feeds.values()), [one.astype(np.float64) for one in weights])
    blobs = run(again, feeds, np.float64)
    outputs = [blob for blob in again.outputs if blob not in feeds]
    assert len(outputs) == len(wanted)
    for blob, truth in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(blobs[blob], truth, rtol=1e-6, atol=1e-9)
