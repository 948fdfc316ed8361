"""Nets with the features of AlexeyAB's cfgs, to files and back, against OpenCV's own reader of Darknet files.

OpenCV normalises with sqrt(variance + 1e-6) where AlexeyAB's Darknet has 1e-5; so it is given the same file with
variances larger by the difference, which makes the two the same function.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from caffe_ir import reference
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.layers.source import SourceBatchNorm
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert
from tests.oracles.seeded_weights import write_weights

NET = "[net]\nwidth=64\nheight=64\nchannels=3\n"


def conv(filters: int, size: int, activation: str, *more: str) -> str:
    lines = (f"filters={filters}", f"size={size}", "pad=1", f"activation={activation}", *more)
    return "[convolutional]\nbatch_normalize=1\n" + "\n".join(lines) + "\n"


def route(*layers: int, more: str = "") -> str:
    return f"[route]\nlayers={','.join(map(str, layers))}\n{more}\n"


def section(kind: str, *options: str) -> str:
    return f"[{kind}]\n" + "\n".join(options) + "\n"


HEAD = "[convolutional]\nfilters=21\nsize=1\npad=1\nactivation=linear\n"
"""Three boxes of two classes each."""

CSP_MISH_SPP = NET + "".join(
    (
        conv(8, 3, "mish"),
        conv(16, 3, "mish", "stride=2"),
        conv(8, 1, "mish"),
        route(-2),
        conv(8, 1, "mish"),
        conv(8, 3, "mish"),
        section("shortcut", "from=-2", "activation=linear"),
        conv(8, 1, "mish"),
        route(-1, -6),
        conv(16, 3, "leaky", "stride=2"),
        section("maxpool", "stride=1", "size=5"),
        route(-2),
        section("maxpool", "stride=1", "size=9"),
        route(-4),
        section("maxpool", "stride=1", "size=13"),
        route(-1, -3, -5, -6),
        HEAD,
    )
)
ROUTE_GROUPS = NET + "".join(
    (
        conv(16, 3, "leaky", "stride=2"),
        route(-1, more="groups=2\ngroup_id=1"),
        conv(8, 3, "leaky"),
        conv(8, 3, "leaky"),
        route(-1, -2),
        conv(16, 1, "leaky"),
        route(-6, -1),
        section("maxpool", "size=2", "stride=2"),
        section("upsample", "stride=2"),
        HEAD,
    )
)
SQUEEZE_EXCITE_SWISH = NET + "".join(
    (
        conv(8, 3, "swish", "stride=2"),
        conv(16, 1, "swish"),
        conv(16, 3, "swish", "groups=16", "stride=2"),
        section("avgpool"),
        section("convolutional", "filters=4", "size=1", "stride=1", "pad=0", "activation=swish"),
        section("convolutional", "filters=16", "size=1", "stride=1", "pad=0", "activation=logistic"),
        section("scale_channels", "from=-4"),
        conv(12, 1, "linear"),
        conv(24, 1, "swish"),
        conv(24, 3, "swish", "groups=24"),
        conv(12, 1, "linear"),
        section("dropout", "probability=.2"),
        section("shortcut", "from=-5", "activation=linear"),
        section("avgpool"),
        section("convolutional", "filters=10", "size=1", "stride=1", "pad=0", "activation=linear"),
        section("softmax", "groups=1"),
    )
)
LOGISTIC_HEADS = NET + "".join(
    (
        conv(8, 3, "leaky", "stride=2"),
        conv(12, 3, "leaky", "stride=2"),
        conv(12, 3, "relu"),
        section("shortcut", "from=-2", "activation=leaky"),
        section("convolutional", "filters=21", "size=1", "pad=1", "activation=logistic"),
    )
)
CFGS = {
    "csp_mish_spp": CSP_MISH_SPP,
    "route_groups": ROUTE_GROUPS,
    "squeeze_excite_swish": SQUEEZE_EXCITE_SWISH,
    "logistic_heads": LOGISTIC_HEADS,
}


def for_opencv(cfg: Path, weights: Path) -> Path:
    """The weights with 9e-6 more in every variance."""
    other = weights.with_suffix(".opencv")
    data = bytearray(weights.read_bytes())
    for node in convert(cfg, weights, bn="alexeyab").net.nodes:
        if isinstance(node.layer, SourceBatchNorm):
            span, count = node.blobs[3].span, node.blobs[3].count
            assert span is not None
            variances = np.frombuffer(data, "<f4", count, span.offset)
            variances += np.float32(9e-6)
    other.write_bytes(data)
    return other


@pytest.mark.parametrize("name", CFGS)
def test_opencv_computes_the_same_from_the_darknet_files_and_from_ours(name: str, tmp_path: Path) -> None:
    cfg, weights = tmp_path / f"{name}.cfg", tmp_path / "net.weights"
    cfg.write_text(CFGS[name])
    write_weights(cfg, weights, seed=3, header=(0, 2, 5))
    model = convert(cfg, weights)
    assert model.dialect == "alexeyab"
    made = lower(model.net, CAFFE, Options())
    written = write(made, tmp_path / "net", CAFFE)
    files = read(written.prototxt, written.caffemodel)
    x = np.random.default_rng(5).random((1, 3, 64, 64), np.float32)
    theirs = cv2.dnn.readNetFromDarknet(str(cfg), str(for_opencv(cfg, weights)))
    theirs.setInput(x)
    truth = theirs.forward()
    (output,) = made.outputs
    ours = reference.run(files, {"data": x})[output]
    scale = np.abs(truth).max()
    assert scale > 0.05
    assert np.abs(truth.reshape(ours.shape) - ours).max() <= 1e-5 * scale
    again = cv2.dnn.readNetFromCaffe(str(written.prototxt), str(written.caffemodel))
    again.setInput(x)
    assert np.abs(again.forward().reshape(ours.shape) - ours).max() <= 1e-5 * scale
