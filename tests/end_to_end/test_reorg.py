"""Reorgs in written files: to the last bit what real Darknet moves, and small files for wide maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from caffe_ir import reference
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write
from caffe_ir.layers import Concat
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.targets import CAFFE
from converters.darknet import convert
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet
from tests.oracles.seeded_weights import write_weights

CASES = {
    "narrow": (4, 12, 14, "stride=2", False),
    "by 3": (9, 9, 12, "stride=3", False),
    "wide": (256, 8, 6, "stride=2", True),
    "wide, by 4": (512, 8, 12, "stride=4", True),
    "narrow, back": (4, 5, 3, "stride=2\nreverse=1", False),
    "wide, back": (1024, 4, 6, "stride=2\nreverse=1", True),
}


def files_of(folder: Path, text: str):
    cfg, weights = folder / "net.cfg", folder / "net.weights"
    cfg.write_text(text)
    write_weights(cfg, weights, seed=1)
    made = lower(convert(cfg, weights).net, CAFFE, Options())
    return Job(cfg=cfg, weights=weights, input=np.zeros(0, np.float32)), write(made, folder / "files", CAFFE)


@needs_darknet
@pytest.mark.parametrize("name", CASES)
def test_every_value_lies_where_darknet_has_it(name, tmp_path):
    channels, height, width, options, by_cell = CASES[name]
    text = f"[net]\nchannels={channels}\nheight={height}\nwidth={width}\n[reorg]\n{options}\n"
    job, written = files_of(tmp_path, text)
    x = np.random.default_rng(3).standard_normal((1, channels, height, width)).astype(np.float32)
    ((theirs,),) = layer_outputs_of([Job(cfg=job.cfg, weights=job.weights, input=x)])
    files = read(written.prototxt, written.caffemodel)
    (output,) = files.outputs
    ours = reference.run(files, {"data": x})[output]
    np.testing.assert_array_equal(ours.reshape(theirs.values.shape), theirs.values)
    opened = cv2.dnn.readNetFromCaffe(str(written.prototxt), str(written.caffemodel))
    opened.setInput(x)
    np.testing.assert_array_equal(opened.forward().reshape(theirs.values.shape), theirs.values)
    assert by_cell == any(getattr(node.layer, "group", 1) > 1 for node in files.nodes)


def test_a_wide_reorg3d_does_not_fill_the_file(tmp_path):
    """1024 channels: the one convolution would have 67 MB of zeros and ones."""
    text = (
        "[net]\nwidth=8\nheight=8\nchannels=3\n[convolutional]\nfilters=1024\nactivation=leaky\n[reorg3d]\nstride=2\n"
    )
    job, written = files_of(tmp_path, text)
    assert job.weights is not None
    assert written.caffemodel.stat().st_size < job.weights.stat().st_size + 80_000
    files = read(written.prototxt, written.caffemodel)
    assert isinstance(files.producer(files.outputs[0]).layer, Concat)
    x = np.random.default_rng(3).standard_normal((1, 3, 8, 8)).astype(np.float32)
    blobs = reference.run(files, {"data": x})
    before = [blob for blob in blobs.values() if blob.shape == (1, 1024, 8, 8)][-1]
    blocks = (
        F.pixel_unshuffle(torch.from_numpy(before), 2).reshape(1, 1024, 4, 4, 4).transpose(1, 2).reshape(1, 4096, 4, 4)
    )
    np.testing.assert_array_equal(blobs[files.outputs[0]], blocks)
