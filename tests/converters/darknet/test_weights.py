"""Weights files. The judge of headers is real Darknet (Debian); for AlexeyAB a table from its load_weights_upto."""

from __future__ import annotations

import os
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caffe_ir.errors import ConversionError
from converters.darknet.finite import non_finite
from converters.darknet.fit import Asked, finish
from converters.darknet.weights import WeightsFile
from tests.converters.darknet.weights_files import header, origin, weights_file
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet, resaved_weights_of

RATE = struct.unpack("<i", struct.pack("<f", 0.0005))[0]
MOMENTUM = struct.unpack("<i", struct.pack("<f", 0.9))[0]
DECAY = struct.unpack("<i", struct.pack("<f", 0.0005))[0]

# version, format of seen
PJREDDIE = [
    ((0, 1, 0), "<i"),
    ((0, 2, 0), "<Q"),
    ((0, 2, 5), "<Q"),
    ((1, 0, 0), "<Q"),
    ((0, 999, 0), "<Q"),
    ((0, 1000, 0), "<i"),
    ((0, 1001, 0), "<i"),
    ((1000, 0, 0), "<i"),
    ((1001, 0, 0), "<i"),
    ((RATE, MOMENTUM, DECAY), "<i"),
]

CFG = "[net]\nwidth=1\nheight=1\nchannels=3\n[connected]\noutput=2\nactivation=linear\n"


@needs_darknet
def test_headers_are_read_as_darknet_reads_them(tmp_path):
    """One connected layer, 3 to 2: Darknet's output tells where it began to read, and whether it transposed."""
    cfg = tmp_path / "my.cfg"
    cfg.write_text(CFG)
    values = np.array([0.5, -1, 1, 2, 3, 5, 7, 11, 13, 17], "<f4")
    x = np.array([1, 10, 100], np.float32)
    jobs = []
    for number, (version, seen_format) in enumerate(PJREDDIE):
        path = tmp_path / f"{number}.weights"
        path.write_bytes(header(version, 64, seen_format) + values.tobytes())
        jobs.append(Job(cfg=cfg, weights=path, input=x.reshape(1, 3, 1, 1)))
    for job, outputs, (version, seen_format) in zip(jobs, layer_outputs_of(jobs), PJREDDIE, strict=True):
        file = WeightsFile.open(job.weights or "", "darknet")
        bias = file.read((2,), origin=origin(), what="biases").load()
        matrix = file.read((3, 2) if file.header.transposed else (2, 3), origin=origin(), what="weights").load()
        expected = (x @ matrix if file.header.transposed else matrix @ x) + bias
        np.testing.assert_array_equal(outputs[0].values.ravel(), expected, err_msg=str(version))
        assert file.header.size == 12 + struct.calcsize(seen_format)
        assert (file.header.version, file.header.seen) == (version, 64)


@needs_darknet
def test_seen_is_what_darknet_reads(tmp_path):
    cfg = tmp_path / "my.cfg"
    cfg.write_text(CFG)
    heads = [header((0, 1, 0), 2**31 - 1, "<i"), header((0, 2, 0), 2**40 + 3), header((0, 2, 0), 2**64 - 9)]
    paths = [tmp_path / f"{number}.weights" for number in range(len(heads))]
    for path, head in zip(paths, heads, strict=True):
        path.write_bytes(head + bytes(32))
    saved = resaved_weights_of([(cfg, path) for path in paths])
    assert [WeightsFile.open(path, "darknet").header.seen for path in paths] == [
        struct.unpack_from("<Q", data, 12)[0] for data in saved
    ]


def test_arrays_follow_each_other_and_nothing_is_read_before_it_is_used(tmp_path):
    values = np.arange(10, dtype="<f4")
    file = weights_file(tmp_path, header() + values.tobytes())
    biases = file.read((2,), origin=origin(), what="biases")
    weights = file.read((2, 2, 2, 1), origin=origin(), what="weights")
    empty = file.read((0, 3), origin=origin(1), what="biases")
    np.testing.assert_array_equal(biases.load(), [0, 1])
    np.testing.assert_array_equal(weights.load().ravel(), [2, 3, 4, 5, 6, 7, 8, 9])
    assert weights.shape == weights.load().shape == (2, 2, 2, 1)
    assert empty.load().shape == (0, 3)
    assert weights.span is not None
    assert weights.span.offset == 28
    assert [(s.what, s.offset, s.count) for s in file.spans] == [
        ("biases", 20, 2),
        ("weights", 28, 8),
        ("biases", 60, 0),
    ]
    assert file.position == 60


def test_a_shape_with_a_negative_axis_is_a_conversion_error(tmp_path):
    file = weights_file(tmp_path, header())
    with pytest.raises(ConversionError, match=r"my.cfg:7 \[convolutional\]: biases cannot have the shape"):
        file.read((-1, 4), origin=origin(), what="biases")
    assert file.spans == []


@pytest.mark.parametrize("name", ["absent.weights", ".", "with\0null"])
def test_a_file_that_cannot_be_read_is_a_conversion_error(tmp_path, name):
    with pytest.raises(ConversionError, match="cannot be read"):
        WeightsFile.open(f"{tmp_path}/{name}", "darknet")


def test_weights_lie_in_a_file(tmp_path):
    os.mkfifo(tmp_path / "net.weights")
    for path in ("/dev/zero", tmp_path / "net.weights"):
        with pytest.raises(ConversionError, match="a pipe or a device"):
            WeightsFile.open(path, "darknet")


@given(st.binary(max_size=64), st.sampled_from(["darknet", "alexeyab"]))
@example(b"\0" * 16, "darknet")
@example(b"[net]\n" * 8, "darknet")
def test_random_bytes_never_break_the_reader(tmp_path_factory, data, dialect):
    path = tmp_path_factory.mktemp("w") / "my.weights"
    for content in (data, struct.pack("<3i", 0, 2, 0) + data):
        path.write_bytes(content)
        try:
            file = WeightsFile.open(path, dialect)
        except ConversionError:
            continue
        file.read((3,), origin=origin(), what="biases")
        problems, _ = finish(file, Asked(ends=(12,), last=0), allow_trailing=False, classes="")
        assert bool(problems) == (len(content) != file.header.size + 12 or file.doubt is not None)
        assert len(non_finite(file)) <= 1


def test_a_header_of_another_length(tmp_path):
    data = struct.pack("<5i", 0, 2, 5, 7, 0) + np.arange(3, dtype="<f4").tobytes()
    for size, seen, first in ((0, 0, 0), (12, 0, 7), (16, 7, 0), (20, 7, 0)):
        file = weights_file(tmp_path, data, header_bytes=size)
        assert (file.header.size, file.header.seen, file.position) == (size, seen, size)
        assert file.header.version == ((0, 2, 5) if size else None)
        assert file.read((1,), origin=origin(), what="biases").load().view("<i4") == first


def test_what_begins_with_no_version_may_be_numbers_without_a_header(tmp_path):
    file = weights_file(tmp_path, np.full(9, -0.5, "<f4").tobytes())
    assert file.header.size == 0
    assert file.doubt is not None
    assert "no Darknet version" in str(file.doubt)
    assert weights_file(tmp_path, np.full(9, -0.5, "<f4").tobytes(), header_bytes=0).doubt is None
