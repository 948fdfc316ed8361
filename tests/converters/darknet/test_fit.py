"""Weights files that are longer or shorter than their cfg asks for, and what they are."""

from __future__ import annotations

import shlex
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.darknet import convert
from converters.darknet.fit import Asked, finish, other_header
from converters.darknet.weights import WeightsFile
from tests.converters.darknet.judged import CLOSE, Judged, blobs_of, farthest, net, written
from tests.converters.darknet.weights_files import header, origin, weights_file
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet

CONV = "[convolutional];filters=6;size=3;pad=1;batch_normalize=1;activation=leaky\n"
LAST = "[convolutional];filters=5;size=1;activation=linear\n"


def asked_of(file: WeightsFile, *counts: int) -> Asked:
    """Two arrays for each section: two biases and so many weights."""
    for index, count in enumerate(counts):
        file.read((2,), origin=origin(index), what="biases")
        file.read((count,), origin=origin(index), what="weights")
    ends = [4 * (2 * (index + 1) + sum(counts[: index + 1])) for index in range(len(counts))]
    return Asked(ends=ends, last=len(counts) - 1)


def finished(file: WeightsFile, asked: Asked, *, allow_trailing: bool = False):
    return finish(file, asked, allow_trailing=allow_trailing, classes="")


@pytest.mark.parametrize(
    ("kept", "what"),
    [
        (20, "before the biases of conv_0"),
        (21, "within the biases of conv_0"),
        (27, "within the biases of conv_0"),
        (28, "before the weights of conv_0"),
        (52, "before the biases of conv_1"),
        (67, "within the weights of conv_1"),
    ],
)
def test_a_file_that_is_too_short_names_the_array_and_all_that_is_missing(tmp_path, kept, what):
    file = weights_file(tmp_path, (header() + bytes(48))[:kept])
    (problem,), notes = finished(file, asked_of(file, 6, 2), allow_trailing=True)
    assert notes == []
    assert what in problem.what
    missing = 68 - kept
    counted = "1 byte is" if missing == 1 else f"{missing} bytes are"
    assert f": {counted} missing" in problem.what
    assert f"asks for 68 bytes, the file has {kept}" in problem.why
    assert problem.origin == origin(int(what[-1]))
    assert ("--until 0" in problem.hint) == (kept == 52)


@pytest.mark.parametrize("left", [1, 3, 400, 4000])
def test_bytes_left_over_are_a_problem_unless_allowed(tmp_path, left):
    file = weights_file(tmp_path, header() + bytes(8 + left))
    asked = asked_of(file, 0)
    (problem,), _ = finished(file, asked)
    counted = "1 byte is" if left == 1 else f"{left} bytes are"
    assert problem.what == f"{counted} left in my.weights after the last layer"
    assert "--allow-trailing" in problem.hint
    problems, (note,) = finished(file, asked, allow_trailing=True)
    assert problems == []
    assert note.kind == "dropped"
    assert note.text == f"{problem.what}; not used"


@pytest.mark.parametrize(("dialect", "seen"), [("darknet", "<Q"), ("alexeyab", "<i")])
def test_a_file_that_fits_as_the_other_dialect_reads_it_is_told(tmp_path, dialect, seen):
    file = weights_file(tmp_path, header((0, 2000, 0), 1, seen) + bytes(8), dialect)
    (problem,), (note,) = finished(file, asked_of(file, 0))
    assert "the other Darknet" in problem.hint
    assert "stored transposed" in note.text
    plain = weights_file(tmp_path, header() + bytes(12), dialect)
    assert "the other Darknet" not in finished(plain, asked_of(plain, 0))[0][0].hint


# ---- headers of another length ---------------------------------------------------------------------------------------

HEADERS = {
    "five int32, as PyTorch-YOLOv3 writes": (struct.pack("<5i", 0, 0, 0, 0, 0), 20, 16),
    "five int32 under 0.1.0": (struct.pack("<5i", 0, 1, 0, 320_000, 0), 20, 16),
    "four under 0.2.0, as 32-bit builds write": (struct.pack("<4i", 0, 2, 0, 320_000), 16, 20),
    "four under 0.2.5": (struct.pack("<4i", 0, 2, 5, 64), 16, 20),
    "a version alone": (struct.pack("<3i", 0, 1, 0), 12, 16),
}


def with_header(folder: Path, text: str, head: bytes) -> tuple[Path, Path, bytes]:
    """cfg and weights, whose header is replaced; and the numbers alone."""
    cfg, weights = written(folder, text)
    numbers = weights.read_bytes()[20:]
    weights.write_bytes(head + numbers)
    return cfg, weights, numbers


@needs_darknet
@pytest.mark.parametrize("name", HEADERS)
def test_the_header_with_which_the_file_fits_is_taken_and_told(tmp_path, name):
    """The numbers are those that real Darknet computes with when they stand behind a header of its own."""
    head, size, usual = HEADERS[name]
    cfg, weights, numbers = with_header(tmp_path, net(CONV + CONV + LAST), head)
    model = convert(cfg, weights, bn="darknet-cpu", dialect="darknet", allow_trailing=True)
    assert model.weights.header.size == size
    told = [note.text for note in model.net.notes if "header has" in note.text]
    assert len(told) == 1
    assert f"has {size} bytes, where version" in told[0]
    assert f"has {usual}" in told[0]
    assert "no variance is negative" in told[0]
    x = np.random.default_rng(0).random(model.net.shapes["data"], np.float32)
    usual_file = tmp_path / "usual.weights"
    usual_file.write_bytes(header() + numbers)
    outputs = layer_outputs_of([Job(cfg=cfg, weights=usual_file, input=x)])[0]
    assert farthest(Judged(model=model, input=x, outputs=outputs)) <= CLOSE


def test_a_header_that_makes_nonsense_of_the_numbers_is_not_taken(tmp_path):
    """Four bytes are left, but behind a header of 20 variances would be negative: another file, or one that goes on."""
    cfg, weights, numbers = with_header(tmp_path, net(CONV + LAST), struct.pack("<4i", 0, 1, 0, 0))
    values = np.frombuffer(numbers, "<f4").copy()
    assert (values[18:24] > 0).all()
    values[24] = -0.5  # the first weight; behind 20 bytes the last variance
    weights.write_bytes(struct.pack("<4i", 0, 1, 0, 0) + values.tobytes() + bytes(4))
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    (problem,) = caught.value.problems
    assert "4 bytes are left" in problem.what
    assert "with a header of 20 bytes it would fit, but then" in problem.hint
    assert "1 of 6 variances is negative" in problem.hint
    assert "--header-bytes 20" in problem.hint
    assert "--allow-trailing" not in problem.hint
    assert convert(cfg, weights, allow_trailing=True).weights.header.size == 16
    assert convert(cfg, weights, header_bytes=20).weights.header.size == 20


@pytest.mark.parametrize("version", [(0, 2, 0), (0, 2, 5)])
def test_a_cut_file_without_batch_norm_is_no_file_of_32_bits(tmp_path, version):
    """No variance tells the readings apart, but the first number would be the upper half of the images seen."""
    cfg, weights, numbers = with_header(tmp_path, net(LAST + LAST), header(version, 32_013_312))
    weights.write_bytes(header(version, 32_013_312) + numbers[:-4])
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    (problem,) = caught.value.problems
    assert "4 bytes are missing" in problem.what
    assert "the first number is 0" in problem.hint
    weights.write_bytes(header(version, 32_013_312, "<i") + numbers)
    assert convert(cfg, weights).weights.header.size == 16


@pytest.mark.parametrize("version", [(0, 2, 0), (0, 2, 5)])
def test_one_number_too_many_is_never_to_be_passed_over(tmp_path, version):
    """It may stand in front: each number would be taken for its neighbour, and verify would agree."""
    cfg, weights, numbers = with_header(tmp_path, net(CONV + LAST), header(version))
    for data in (header(version) + numbers + bytes(4), header(version) + bytes(4) + numbers):
        weights.write_bytes(data)
        with pytest.raises(ConversionError) as caught:
            convert(cfg, weights)
        (problem,) = caught.value.problems
        assert "4 bytes are left" in problem.what
        assert "--allow-trailing" not in problem.hint


def test_nothing_is_asked_of_a_file_that_fits(tmp_path):
    file = weights_file(tmp_path, header() + bytes(8))
    assert other_header(file, asked_of(file, 0)) is None


@pytest.mark.parametrize("head", [b"", struct.pack("<3f", -0.5, 3e8, 7e-9)])
def test_numbers_without_a_header(tmp_path, head):
    """With zeros in front they look like a version, with others they do not."""
    cfg, weights, numbers = with_header(tmp_path, net(CONV + LAST), b"")
    weights.write_bytes(head + numbers[len(head) :])
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    assert "--header-bytes 0" in str(caught.value)
    model = convert(cfg, weights, header_bytes=0)
    assert np.array_equal(np.fromfile(weights, "<f4")[:6], model.net.node("conv_0_bn").blobs[1].load())


# ---- other numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "dtype"), [("float16", "<f2"), ("float64", "<f8")])
@pytest.mark.parametrize("head", [16, 20])
def test_numbers_of_another_form_come_with_a_command_that_works(tmp_path, form, dtype, head):
    cfg, weights = written(tmp_path, net(CONV + LAST))
    data = weights.read_bytes()
    weights.write_bytes(data[:head] + np.frombuffer(data[20:], "<f4").astype(dtype).tobytes())
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    (problem,) = caught.value.problems
    assert f"its numbers seem to be {form}" in problem.hint
    _, *words = shlex.split(problem.hint.partition("to write them so: ")[2])
    subprocess.run([sys.executable, *words], check=True)
    there = convert(cfg, weights.with_suffix(".float32.weights"))
    weights.write_bytes(data)
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    one, other = (blobs_of(model, x)["conv_1"] for model in (there, convert(cfg, weights)))
    assert np.abs(one - other).max() <= (2e-2 if form == "float16" else 0) * np.abs(other).max()


def test_half_the_bytes_of_no_known_form_are_no_float16(tmp_path):
    cfg, weights = written(tmp_path, net(CONV + LAST))
    data = weights.read_bytes()
    upper = (np.frombuffer(data[20:], "<u4") >> 16).astype("<u2")  # bfloat16
    weights.write_bytes(data[:20] + upper.tobytes())
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    assert "the size of 2 bytes for each number" in str(caught.value)
    assert "python3 -c" not in str(caught.value)


# ---- the first sections ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [struct.pack("<3iQ", 0, 2, 0, 9), struct.pack("<5i", 0, 0, 0, 0, 0)])
def test_a_file_of_the_first_sections_says_how_far_it_goes(tmp_path, head):
    """As `darknet partial` writes them: darknet53.conv.74 holds what belongs to sections 0 to 74 of yolov3.cfg."""
    text = net(CONV + "[maxpool];size=2;stride=2\n" + CONV + "[maxpool];size=2;stride=2\n" + LAST)
    cfg, weights, numbers = with_header(tmp_path, text, head)
    ends = [4 * (4 * 6 + 6 * 4 * 9), 4 * (4 * 6 + 6 * 4 * 9 + 4 * 6 + 6 * 6 * 9)]
    for end, last in zip(ends, (1, 3), strict=True):
        weights.write_bytes(head + numbers[:end])
        with pytest.raises(ConversionError) as caught:
            convert(cfg, weights)
        assert f"--until {last} converts so far" in str(caught.value)
        model = convert(cfg, weights, until=last)
        assert list(model.net.values)[-1] == f"maxpool_{last}"
        assert model.net.outputs == [f"maxpool_{last}"]


def test_a_file_that_ends_within_a_later_section(tmp_path):
    cfg, weights, numbers = with_header(tmp_path, net(CONV + CONV + LAST), header())
    weights.write_bytes(header() + numbers[: 4 * (4 * 6 + 6 * 4 * 9) + 8])
    with pytest.raises(ConversionError, match="8 bytes are left"):
        convert(cfg, weights, until=0)
    model = convert(cfg, weights, until=0, allow_trailing=True)
    assert any("8 bytes are left" in note.text for note in model.net.notes)


def test_later_sections_that_cannot_be_made_leave_the_rest_open(tmp_path):
    cfg, weights, numbers = with_header(tmp_path, net(CONV + LAST), header())
    cfg.write_text(net(CONV + "[lstm];output=7\n" + LAST))
    weights.write_bytes(header() + numbers + bytes(1234))
    told = [note.text for note in convert(cfg, weights, until=0).net.notes if note.kind == "dropped"]
    rest = len(numbers) + 1234 - 4 * (4 * 6 + 6 * 4 * 9)
    assert told == [f"{rest} bytes of tiny.weights, those of later sections, are not used"]
