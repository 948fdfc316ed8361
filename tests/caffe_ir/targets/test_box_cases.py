"""What `check` says of an SSD head is what OpenCV and MNN do with it; ncnn was run with the same files elsewhere."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write, write_weights
from caffe_ir.layers import DetectionOutput, PriorBox
from caffe_ir.passes.base import Options
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from converters.caffe import check_file, convert, retarget
from converters.verify import ENGINES, caffe_files
from converters.verify.engine import EngineFailed
from tests.caffe_ir.layers.forks.test_detection import CELLS, IMAGE, detected
from tests.caffe_ir.targets.rules import broken

FOUR = "variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2"
SAID = f"flip: true clip: false {FOUR}"
BOXES: Mapping[str, tuple[str, str, str]] = {
    f"min_size: 7 {SAID}": ("ok", "ok", "ok"),
    f"min_size: 7 max_size: 11 aspect_ratio: 2 {SAID}": ("ok", "ok", "ok"),
    "min_size: 7 flip: true clip: false": ("-", "-", "ok"),
    "min_size: 7 flip: true clip: false variance: 0.3": ("ok", "-", "ok"),
    f"min_size: 20 {FOUR}": ("WRONG", "ok", "ok"),
    f"min_size: 7 step_h: 7.5 step_w: 9.6 {SAID}": ("ok", "WRONG", "ok"),
    f"min_size: 7 step_h: 8 step_w: 9 {SAID}": ("ok", "ok", "ok"),
    f"min_size: 7 aspect_ratio: 2 aspect_ratio: 0.5 {SAID}": ("ok", "ok", "WRONG"),
    f"min_size: 7 aspect_ratio: 1 aspect_ratio: 2 {SAID}": ("ok", "ok", "ok"),
    f"min_size: 7.9 {SAID}": ("WRONG", "WRONG", "WRONG"),
    f"min_size: 7 max_size: 11.5 {SAID}": ("WRONG", "WRONG", "WRONG"),
    f"min_size: 7 img_size: 100 {SAID}": ("WRONG", "ok", "ok"),
}
"""The parameters of a PriorBox, and what OpenCV 4.14, MNN 3.6.1 and ncnn of July 2026 made of them."""
OPTIONS = Options()
READERS = ("opencv", "mnn", "ncnn")
REFUSED_OTHERWISE = "min_size: 7 flip: true clip: false variance: 0.3"
"""MNN takes numbers that stand behind the one: it is wrong with one variance, and crashes with none."""


def grid(folder: Path, param: str) -> Path:
    path = folder / "net.prototxt"
    cells, image = (" ".join(f"dim: {size}" for size in shape) for shape in (CELLS, IMAGE))
    path.write_text(
        f'layer {{ name: "a" type: "Input" top: "a" input_param {{ shape {{ {cells} }} }} }}\n'
        f'layer {{ name: "image" type: "Input" top: "image" input_param {{ shape {{ {image} }} }} }}\n'
        'layer { name: "cells" type: "ReLU" bottom: "a" top: "cells" }\n'
        'layer { name: "y" type: "PriorBox" bottom: "cells" bottom: "image" top: "y" '
        f"prior_box_param {{ {param} }} }}\n"
    )
    return path


def said(path: Path, target: str) -> str:
    effects = {one.verdict.effect for one in check_file(path, [TARGETS[target]])[target]}
    return "-" if "refused" in effects else "WRONG" if "wrong" in effects else "ok"


def live(path: Path, target: str) -> str:
    write_weights(convert(path), path.with_suffix(".caffemodel"), force=True)
    pair = caffe_files(path, path.with_suffix(".caffemodel"))
    feeds = {"a": np.ones(CELLS, np.float32), "image": np.ones(IMAGE, np.float32)}
    truth = run(convert(path), feeds, np.float64)["y"]
    try:
        (found,) = ENGINES[target].blobs(pair, ["y"], feeds)
    except EngineFailed:
        return "-"
    assert found is not None
    alike = found.size == truth.size and np.abs(found.reshape(truth.shape) - truth).max() < 1e-4
    return "ok" if alike else "WRONG"


@pytest.mark.parametrize("param", BOXES)
def test_check_says_what_was_measured(param: str, tmp_path: Path) -> None:
    path = grid(tmp_path, param)
    assert tuple(said(path, reader) for reader in READERS) == BOXES[param]


@pytest.mark.parametrize("param", BOXES)
def test_opencv_does_what_check_says(param: str, tmp_path: Path) -> None:
    assert live(grid(tmp_path, param), "opencv") == BOXES[param][0]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
@pytest.mark.parametrize("param", sorted(BOXES.keys() - {REFUSED_OTHERWISE}))
def test_mnn_does_what_check_says(param: str, tmp_path: Path) -> None:
    assert live(grid(tmp_path, param), "mnn") == BOXES[param][1]


@pytest.mark.parametrize("target", ["opencv", "mnn", "ncnn", "openvino", "tensorrt", "tpu-mlir", "mace"])
def test_a_head_written_anew_is_spelled_as_each_reader_takes_it(target: str, tmp_path: Path) -> None:
    path = grid(tmp_path, "min_size: 7.9 max_size: 11.5 aspect_ratio: 2 aspect_ratio: 0.5 variance: 0.3")
    net = convert(path)
    retarget(net, TARGETS[target], OPTIONS)
    written = write(net, tmp_path / "written", TARGETS[target])
    assert said(written.prototxt, target) == "ok"


def test_detections_are_in_another_form_and_there_too_their_options_count() -> None:
    shapes = tuple(bottom.shape for bottom in detected(1))
    usual: dict[str, Any] = {"num_classes": 4, "code_type": "CENTER_SIZE", "top_k": 100, "keep_top_k": 50}
    for target in ("mnn", "ncnn"):
        verdict = TARGETS[target].verdict(DetectionOutput(**usual, background_label_id=2), shapes)
        assert verdict is not None
        assert verdict.silent
        assert verdict.why == "background_label_id is ignored"
        plain = TARGETS[target].verdict(DetectionOutput(**usual), shapes)
        assert plain is not None
        assert not plain.is_fault
        assert "six numbers" in plain.why
        refused = TARGETS[target].verdict(DetectionOutput(**{**usual, "keep_top_k": -1}), shapes)
        assert refused is not None
        assert refused.effect == "refused"


def test_the_rules_that_were_read_in_sources() -> None:
    grid = (CELLS, IMAGE)
    places = tuple(bottom.shape for bottom in detected(1))
    openvino = [
        (PriorBox(min_size=(7.0,), step=8.0, offset=0.0), grid, "ok"),
        (PriorBox(min_size=(7.0,), offset=0.0), grid, "wrong"),
        (PriorBox(min_size=(7.0,), step_h=8.0, step_w=9.0), grid, "wrong"),
        (PriorBox(min_size=(7.0,), img_size=100), grid, "wrong"),
        (DetectionOutput(num_classes=4), places, "other form"),
    ]
    assert broken(TARGETS["openvino"], openvino) == []
    assert broken(TARGETS["tensorrt"], [(DetectionOutput(num_classes=4), places, "refused")]) == []
    assert broken(TARGETS["mace"], [(DetectionOutput(num_classes=4), places, "refused")]) == []
    assert broken(TARGETS["tpu-mlir"], [(DetectionOutput(num_classes=4, keep_top_k=9), places, "other form")]) == []
    assert (
        broken(TARGETS["tpu-mlir"], [(DetectionOutput(num_classes=4, keep_top_k=9, eta=0.5), places, "refused")]) == []
    )


@pytest.mark.parametrize("target", ["opencv", "ncnn", "mnn"])
def test_detections_stay_as_they_are_where_only_their_rows_are_others(target: str, tmp_path: Path) -> None:
    net = convert(head(tmp_path, "code_type: CENTER_SIZE"))
    retarget(net, TARGETS[target], OPTIONS)
    assert [node.layer.type_name() for node in net.nodes] == ["Input", "Input", "Input", "DetectionOutput"]


@pytest.mark.parametrize(("target", "fields"), [("ncnn", "code_type: CORNER"), ("caffe", "code_type: CENTER_SIZE")])
def test_what_is_not_computed_is_refused_with_what_to_do(target: str, fields: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="take this layer out of the prototxt"):
        retarget(convert(head(tmp_path, fields)), TARGETS[target], OPTIONS)


def head(folder: Path, fields: str) -> Path:
    inputs = zip(("loc", "conf", "prior"), detected(1), strict=True)
    shapes = [f'input: "{name}" input_shape {{ {" ".join(f"dim: {size}" for size in x.shape)} }}' for name, x in inputs]
    path = folder / "net.prototxt"
    path.write_text(
        "\n".join(shapes)
        + 'layer { name: "y" type: "DetectionOutput" bottom: "loc" bottom: "conf" bottom: "prior" top: "y"\n'
        f"detection_output_param {{ num_classes: 4 keep_top_k: 9 nms_param {{ top_k: 400 }} {fields} }} }}"
    )
    return path
