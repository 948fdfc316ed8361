"""Weights files. The judge of headers is real Darknet (Debian); for AlexeyAB a table from its load_weights_upto."""

from __future__ import annotations

import io
import os
import pickle
import resource
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caffe_ir.errors import ConversionError, Origin
from converters.darknet.weights import WeightsFile, parse_header
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


def origin(index: int = 0) -> Origin:
    return Origin(layer=f"conv_{index}", what="[convolutional]", file="my.cfg", line=7 + index)


def header(version=(0, 2, 0), seen=64, seen_format="<Q") -> bytes:
    return struct.pack("<3i", *version) + struct.pack(seen_format, seen)


def weights_file(tmp_path, data: bytes, dialect="darknet") -> WeightsFile:
    path = tmp_path / "my.weights"
    path.write_bytes(data)
    return WeightsFile.open(path, dialect)


def refusal(tmp_path, data: bytes) -> str:
    with pytest.raises(ConversionError) as caught:
        weights_file(tmp_path, data)
    return str(caught.value)


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
        matrix = file.read((3, 2) if file.transposed else (2, 3), origin=origin(), what="weights").load()
        expected = (x @ matrix if file.transposed else matrix @ x) + bias
        np.testing.assert_array_equal(outputs[0].values.ravel(), expected, err_msg=str(version))
        assert file.header.size == 12 + struct.calcsize(seen_format)
        assert (file.major, file.minor, file.revision, file.seen) == (*version, 64)


@needs_darknet
def test_seen_is_what_darknet_reads(tmp_path):
    cfg = tmp_path / "my.cfg"
    cfg.write_text(CFG)
    heads = [header((0, 1, 0), 2**31 - 1, "<i"), header((0, 2, 0), 2**40 + 3), header((0, 2, 0), 2**64 - 9)]
    paths = [tmp_path / f"{number}.weights" for number in range(len(heads))]
    for path, head in zip(paths, heads, strict=True):
        path.write_bytes(head + bytes(32))
    saved = resaved_weights_of([(cfg, path) for path in paths])
    assert [WeightsFile.open(path, "darknet").seen for path in paths] == [
        struct.unpack_from("<Q", data, 12)[0] for data in saved
    ]


@pytest.mark.parametrize(
    ("version", "size", "transposed"),
    [
        ((0, 1, 0), 16, False),
        ((0, 2, 0), 20, False),
        ((0, 2, 5), 20, False),
        ((0, 1000, 0), 20, False),
        ((0, 1001, 0), 20, True),
        ((1001, 0, 0), 20, True),
        ((RATE, MOMENTUM, DECAY), 16, True),  # 973279855 * 10 + 1063675494 is negative in 32 bits
    ],
)
def test_headers_as_alexeyab_reads_them(version, size, transposed):
    parsed = parse_header(struct.pack("<3i", *version) + struct.pack("<Q", 5), "alexeyab")
    assert parsed is not None
    assert (parsed.size, parsed.transposed, parsed.seen) == (size, transposed, 5)


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
    assert file.finish(allow_trailing=False) == ([], [])


@pytest.mark.parametrize(
    ("kept", "what", "missing"),
    [
        (19, "before the biases of conv_0", None),
        (20, "before the biases of conv_0", 48),
        (21, "within the biases of conv_0", 47),
        (27, "within the biases of conv_0", 41),
        (28, "before the weights of conv_0", 40),
        (52, "before the biases of conv_1", 16),
        (67, "within the weights of conv_1", 1),
    ],
)
def test_a_file_that_is_too_short_names_the_array_and_all_that_is_missing(tmp_path, kept, what, missing):
    data = (header() + bytes(48))[:kept]
    if missing is None:
        assert "is shorter than the header" in refusal(tmp_path, data)
        return
    file = weights_file(tmp_path, data)
    for index, count in ((0, 6), (1, 2)):
        file.read((2,), origin=origin(index), what="biases")
        file.read((count,), origin=origin(index), what="weights")
    (problem,), notes = file.finish(allow_trailing=True)
    assert notes == []
    assert what in problem.what
    counted = "1 byte is" if missing == 1 else f"{missing} bytes are"
    assert f": {counted} missing" in problem.what
    assert f"asks for 68 bytes, the file has {kept}" in problem.why
    assert problem.origin == origin(int(what[-1]))
    assert ("pretrained first layers" in problem.hint) == ("before" in what)


@pytest.mark.parametrize("left", [1, 3, 4, 4000])
def test_bytes_left_over_are_a_problem_unless_allowed(tmp_path, left):
    file = weights_file(tmp_path, header() + bytes(8 + left))
    file.read((2,), origin=origin(), what="biases")
    (problem,), _ = file.finish(allow_trailing=False)
    counted = "1 byte is" if left == 1 else f"{left} bytes are"
    assert problem.what == f"{counted} left in my.weights after the last layer"
    assert "--allow-trailing" in problem.hint
    problems, (note,) = file.finish(allow_trailing=True)
    assert problems == []
    assert note.kind == "dropped"
    assert note.text == f"{problem.what}; not used"


@pytest.mark.parametrize(("dialect", "seen"), [("darknet", "<Q"), ("alexeyab", "<i")])
def test_a_file_that_fits_as_the_other_dialect_reads_it_is_told(tmp_path, dialect, seen):
    file = weights_file(tmp_path, header((0, 2000, 0), 1, seen) + bytes(8), dialect)
    file.read((2,), origin=origin(), what="biases")
    (problem,), (note,) = file.finish(allow_trailing=False)
    assert "the other Darknet" in problem.hint
    assert "stored transposed" in note.text
    plain = weights_file(tmp_path, header() + bytes(12), dialect)
    plain.read((2,), origin=origin(), what="biases")
    assert "the other Darknet" not in plain.finish(allow_trailing=False)[0][0].hint


def test_an_unknown_version_is_told_and_known_ones_are_not(tmp_path):
    assert weights_file(tmp_path, header((0, 2, 5))).finish(allow_trailing=False) == ([], [])
    assert weights_file(tmp_path, header((0, 1, 0), 0, "<i")).finish(allow_trailing=False) == ([], [])
    _, (note,) = weights_file(tmp_path, header((3, 1, 4))).finish(allow_trailing=False)
    assert "version 3.1.4" in note.text


def test_a_shape_with_a_negative_axis_is_a_conversion_error(tmp_path):
    file = weights_file(tmp_path, header())
    with pytest.raises(ConversionError, match=r"my.cfg:7 \[convolutional\]: biases cannot have the shape"):
        file.read((-1, 4), origin=origin(), what="biases")
    assert file.spans == []


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(100))
    return buffer.getvalue()


def an_npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(100, np.float32))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is shorter than the header of a Darknet weights file (0 bytes)"),
        (b"\0\0\0\0\2", "is shorter than the header"),
        (a_zip(), "a zip archive"),
        (an_npy(), "a NumPy array"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
        (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0" + bytes(100), "an ONNX model"),
        (b"\x1c\0\0\0TFL3" + bytes(100), "a TensorFlow Lite model"),
        (struct.pack("<Q", 88) + b'{"w":{"dtype":"F32"' + bytes(100), "a safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a Git LFS pointer"),
        (b"[net]\nwidth=416\nheight=416\n", "a text file, maybe a cfg"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "a text file"),
        (b"\xff" * 100, "numbers that no Darknet version has written"),
        (struct.pack("<3i", 0, -2, 0) + bytes(100), "numbers that no Darknet version has written"),
        (struct.pack("<3i", 123456, 2, 0) + bytes(100), "numbers that no Darknet version has written"),
        *[(pickle.dumps({"a": [1] * 99}, protocol), "a Python pickle") for protocol in (2, 3, 4, 5)],
    ],
)
def test_other_files_are_refused_by_name(tmp_path, data, told):
    assert told in refusal(tmp_path, data)


@pytest.mark.parametrize("name", ["absent.weights", ".", "with\0null"])
def test_a_file_that_cannot_be_read_is_a_conversion_error(tmp_path, name):
    with pytest.raises(ConversionError, match="cannot be read"):
        WeightsFile.open(f"{tmp_path}/{name}", "darknet")


def test_weights_lie_in_a_file(tmp_path):
    os.mkfifo(tmp_path / "net.weights")
    for path in ("/dev/zero", tmp_path / "net.weights"):
        with pytest.raises(ConversionError, match="a pipe or a device"):
            WeightsFile.open(path, "darknet")


@pytest.mark.parametrize("seen_format", ["<i", "<Q"])
def test_arrays_with_nan_or_infinity_are_named(tmp_path, seen_format):
    """Three arrays over several read chunks; header of 16 and of 20 bytes; a NaN behind the arrays does not count."""
    values = np.random.default_rng(5).standard_normal(900_004).astype("<f4")
    values[[3, 700_000, 700_001, 900_000]] = [np.nan, np.inf, -np.inf, np.nan]
    values[[5, 800_000]] = np.finfo(np.float32).max  # finite, though its square and the sum of two are not
    file = weights_file(tmp_path, header((0, 2 if seen_format == "<Q" else 1, 0), 0, seen_format) + values.tobytes())
    for index, count in enumerate((0, 4, 600_000, 300_000 - 4)):
        file.read((count,), origin=origin(index), what="weights")
    told = [(note.kind, str(note)) for note in file.non_finite()]
    where = ["my.cfg:8 [convolutional]: 1 of 4", "my.cfg:10 [convolutional]: 2 of 299996"]
    names = ["conv_1", "conv_3"]
    assert told == [
        ("warning", f"{start} values of the weights of {name} are NaN or infinite")
        for start, name in zip(where, names, strict=True)
    ]
    assert [note.origin for note in file.non_finite(file.spans[2:])] == [origin(3)]
    assert [note.origin for note in file.non_finite(file.spans[::-1])] == [origin(1), origin(3)]
    assert file.non_finite([]) == []


@given(
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=8),
    bad=st.sets(st.integers(0, 500), max_size=6),
    kept=st.integers(0, 500),
)
@example(counts=[3, 0, 2], bad={2, 3}, kept=5)
def test_counts_are_those_of_numpy_also_where_the_file_ends_early(tmp_path_factory, counts, bad, kept):
    values = np.ones(501, np.float32)
    values[list(bad)] = np.nan
    path = tmp_path_factory.mktemp("w") / "my.weights"
    path.write_bytes(header() + values[:kept].tobytes() + b"\x7f")
    file = WeightsFile.open(path, "darknet")
    for index, count in enumerate(counts):
        file.read((count,), origin=origin(index), what="weights")
    ends = np.cumsum(counts)
    expected = {
        f"conv_{index}": int(np.isnan(values[:kept][end - count : end]).sum())
        for index, (count, end) in enumerate(zip(counts, ends, strict=True))
    }
    found = {note.origin.layer: int(note.text.split()[0]) for note in file.non_finite() if note.origin}
    assert found == {layer: count for layer, count in expected.items() if count}


def test_the_scan_does_not_hold_the_file_in_memory(tmp_path):
    path = tmp_path / "big.weights"
    with open(path, "wb") as out:
        out.write(header())
        out.truncate(20 + (64 << 20))
    file = WeightsFile.open(path, "darknet")
    file.read((16 << 20,), origin=origin(), what="weights")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert file.non_finite() == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 << 10


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
        problems, _ = file.finish(allow_trailing=False)
        assert bool(problems) == (len(content) != file.header.size + 12)
        assert len(file.non_finite()) <= 1
