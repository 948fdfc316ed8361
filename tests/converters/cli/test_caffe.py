from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.files.reader import read
from caffe_ir.files.writer import write_weights
from tests.converters.caffe.files import CONV, DETECTION_OUTPUT, INPUT, SSD_HEADS, TRAIN_VAL, pair, prototxt
from tests.converters.cli.given import contents, converted, layer_types, reasons, tool


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return pair(tmp_path, TRAIN_VAL, name="train_val", inputs=("data=1x3x12x12",))


def test_a_net_for_training_becomes_one_for_another_engine(files: tuple[Path, Path], tmp_path: Path) -> None:
    result = converted("caffe", *files, "--input", "data=1x3x12x12", "--target", "mnn", "-o", tmp_path / "out", "-v")
    assert "outputs     fc 1x5" in result.stdout
    assert "accuracy (Accuracy) is left out: it is for training alone" in " ".join(result.stdout.split())
    text = (tmp_path / "out.prototxt").read_text()
    assert 'source = "caffe"' in text
    assert "round_mode" not in text
    assert "convert verify" in result.stdout


def test_verify_reads_how_it_was_made_and_agrees(files: tuple[Path, Path], tmp_path: Path) -> None:
    stem = tmp_path / "out"
    converted("caffe", *files, "--input", "data=1x3x12x12", "--target", "openvino", "--fold-bn", "-o", stem)
    result = tool("verify", *files, stem, "--engine", "embedded", "--engine", "opencv")
    assert result.exit_code == 0, result.output
    assert "AGREES" in result.stdout


def test_what_pictures_go_through_is_said_by_options_or_by_the_file_beside(tmp_path: Path) -> None:
    """OpenCV's own preprocessing in front of the source is the measure; the written net takes the picture's bytes."""
    cv2 = pytest.importorskip("cv2")
    files = pair(tmp_path, INPUT + CONV)
    picture = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    source = cv2.dnn.readNetFromCaffe(*map(str, files))
    source.setInput(cv2.dnn.blobFromImage(picture, 0.5, mean=(104, 117, 123)))
    wanted, as_bytes = source.forward(), cv2.dnn.blobFromImage(picture)
    said, folded = ("--mean", "104,117,123", "--scale", "0.5", "--bgr"), ("--input-is", "u8-bgr")
    for words, remark in ((said, ""), ((*said, *folded), "net.input.json is not read: --mean"), (folded, "")):
        result = converted("caffe", *files, *words, "-o", tmp_path / "out", "-v", "--force")
        assert remark in " ".join(result.stdout.split())
        net = cv2.dnn.readNetFromCaffe(str(tmp_path / "out.prototxt"), str(tmp_path / "out.caffemodel"))
        is_prepared = words == said
        net.setInput(cv2.dnn.blobFromImage(picture, 0.5, mean=(104, 117, 123)) if is_prepared else as_bytes)
        np.testing.assert_allclose(net.forward(), wanted, atol=1e-5 * np.abs(wanted).max())
        described = json.loads((tmp_path / "out.input.json").read_text())
        assert (described["order"], described["mean"]) == ("BGR", [104, 117, 123] if is_prepared else 0)
        if is_prepared:
            (tmp_path / "out.input.json").rename(tmp_path / "net.input.json")
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded")
    assert result.exit_code == 0, result.output


def test_it_says_what_a_source_of_data_does_to_its_pictures(files: tuple[Path, Path], tmp_path: Path) -> None:
    text = files[0].read_text()
    changed = {
        "mean_value: 104 mean_value: 117 mean_value: 123": "--mean 104,117,123 --scale 1 --bgr",
        "mean_value: 127.5 scale: 0.0078125": "--mean 127.5 --scale 0.0078125 --bgr",
        "scale: 0.00390625 force_gray: true": "--scale 0.00390625",
        'mean_file: "mean.binaryproto"': "less the mean in mean.binaryproto, times 1",
        "} data_param { scale: 0.25": "--scale 0.25 --bgr",
    }
    for given, wanted in changed.items():
        files[0].write_text(text.replace("crop_size: 12", f"crop_size: 12 {given}"))
        result = converted("caffe", *files, "--input", "data=1x3x12x12", "-o", tmp_path / "out", "-v", "--force")
        assert "Data -> Input of 1x3x12x12; its pictures" in " ".join(result.stdout.split())
        assert wanted in " ".join(result.stdout.split())


def test_a_wrong_weight_is_found_at_its_layer(files: tuple[Path, Path], tmp_path: Path) -> None:
    stem = tmp_path / "out"
    converted("caffe", *files, "--input", "data=1x3x12x12", "-o", stem)
    net = read(tmp_path / "out.prototxt", tmp_path / "out.caffemodel")
    node = net.node("fc_inner") if net.has("fc_inner") else net.node("fc")
    weights = np.array(node.blobs[0].load())
    weights[3, 5] += 0.1
    net.update(node, replace(node, blobs=(Blob.of(weights), *node.blobs[1:])))
    write_weights(net, tmp_path / "out.caffemodel", force=True)
    result = tool("verify", *files, stem, "--engine", "embedded")
    assert result.exit_code == 1, result.output
    assert "DIFFERS" in result.stdout
    assert "fc" in result.stdout.splitlines()[1]


def test_the_default_name_has_the_target_and_nothing_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = pair(tmp_path, INPUT + CONV)
    monkeypatch.chdir(tmp_path)
    converted("caffe", *files, "--target", "ncnn", "-q")
    assert (tmp_path / "net-ncnn.prototxt").exists()
    before = contents(tmp_path)
    assert tool("caffe", *files, "-o", "net").exit_code == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("layer {", "Caffe refuses the whole file for it"),
        (TRAIN_VAL, "give it: --input data=1x3x12x12"),
        (INPUT + 'layer { name: "p" type: "Python" bottom: "data" top: "p" }', "p is a Python layer"),
        (INPUT + 'layer { name: "p" type: "Convolutoin" bottom: "data" top: "p" }', "did you mean Convolution?"),
    ],
    ids=["unparsable", "without a size", "python", "unknown"],
)
def test_what_cannot_be_converted_is_refused_and_nothing_written(text: str, told: str, tmp_path: Path) -> None:
    weights = pair(tmp_path, INPUT + CONV, name="other")[1]
    path = prototxt(tmp_path, text)
    before = contents(tmp_path)
    result = tool("caffe", path, weights, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert told in result.output
    assert contents(tmp_path) == before


@pytest.mark.parametrize("target", ["ssd", "opencv"])
def test_an_ssd_net_goes_out_for_those_that_have_its_layers(target: str, tmp_path: Path) -> None:
    files = pair(tmp_path, INPUT + CONV + SSD_HEADS + DETECTION_OUTPUT)
    assert tool("check", files[0], "--target", target).exit_code == 0
    converted("caffe", *files, "--target", target, "-o", tmp_path / "out")
    types = layer_types(tmp_path / "out.prototxt")
    assert (types.count("PriorBox"), types[-1]) == (2, "DetectionOutput")
    result = converted("verify", *files, tmp_path / "out", "--engine", "opencv")
    assert "meaning, opencv     agrees" in result.stdout


def test_for_caffe_an_ssd_nets_boxes_are_numbers_and_the_rest_is_refused(tmp_path: Path) -> None:
    whole = pair(tmp_path, INPUT + CONV + SSD_HEADS + DETECTION_OUTPUT)
    told = reasons(tmp_path, "caffe", *whole, "-o", tmp_path / "out")
    assert "detection_out" in told
    assert "take this layer out of the prototxt" in told
    files = pair(tmp_path, INPUT + CONV + SSD_HEADS, name="cut")
    converted("caffe", *files, "-o", tmp_path / "out")
    assert not {"PriorBox", "Permute"} & {*layer_types(tmp_path / "out.prototxt")}
    result = converted("verify", *files, tmp_path / "out", "--engine", "embedded")
    assert "meaning, opencv     agrees" in result.stdout
