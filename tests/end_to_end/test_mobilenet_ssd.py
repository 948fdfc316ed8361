"""A small MobileNet-SSD, as its authors' files spell it: what OpenCV and MNN make of the files as they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.files.writer import write_weights
from caffe_ir.net import Net
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from converters.caffe import check_file, convert
from converters.verify import ENGINES, caffe_files

CLASSES, SIDE = 5, 64
VARIANCE = "variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2 offset: 0.5 flip: true clip: false"
GRIDS = (
    ("norm", 3, "min_size: 12 aspect_ratio: 2"),
    ("c3", 4, "min_size: 20 max_size: 30 aspect_ratio: 2"),
    ("c4", 6, "min_size: 30 max_size: 44 aspect_ratio: 2 aspect_ratio: 3"),
)
ENDS = ["mbox_loc", "mbox_conf_flat", "mbox_prior"]


def layer(name: str, kind: str, bottoms: str, fields: str = "", top: str = "") -> str:
    read = " ".join(f'bottom: "{bottom}"' for bottom in bottoms.split())
    return f'layer {{ name: "{name}" type: "{kind}" {read} top: "{top or name}" {fields} }}\n'


def convolution(name: str, bottom: str, count: int, window: str, *, relu: bool = True) -> str:
    text = layer(name, "Convolution", bottom, f"convolution_param {{ num_output: {count} {window} }}")
    return text + (layer(f"{name}/relu", "ReLU", name, top=name) if relu else "")


def depthwise(name: str, bottom: str, channels: int, count: int, stride: int) -> str:
    window = f"kernel_size: 3 pad: 1 stride: {stride} group: {channels}"
    return convolution(f"{name}/dw", bottom, channels, window) + convolution(
        name, f"{name}/dw", count, "kernel_size: 1"
    )


def head(place: int, bottom: str, boxes: int, sizes: str) -> str:
    text = layer(f"h{place}_prior", "PriorBox", f"{bottom} data", f"prior_box_param {{ {sizes} {VARIANCE} }}")
    for kind, count in (("loc", 4 * boxes), ("conf", CLASSES * boxes)):
        name = f"h{place}_{kind}"
        text += convolution(f"{name}_map", bottom, count, "kernel_size: 3 pad: 1", relu=False)
        text += layer(f"{name}_perm", "Permute", f"{name}_map", "permute_param { order: 0 order: 2 order: 3 order: 1 }")
        text += layer(name, "Flatten", f"{name}_perm", "flatten_param { axis: 1 }")
    return text


def prototxt() -> str:
    text = layer("data", "Input", "", f"input_param {{ shape {{ dim: 1 dim: 3 dim: {SIDE} dim: {SIDE} }} }}")
    text += convolution("conv0", "data", 8, "kernel_size: 3 stride: 2 pad: 1")
    text += depthwise("c1", "conv0", 8, 16, 2) + depthwise("c2", "c1", 16, 16, 1) + depthwise("c3", "c2", 16, 24, 2)
    text += convolution("c4", "c3", 16, "kernel_size: 3 stride: 2 pad: 1")
    text += layer("norm", "Normalize", "c2", "norm_param { across_spatial: false channel_shared: false }")
    text += "".join(head(place, *grid) for place, grid in enumerate(GRIDS))
    for kind, axis in (("loc", 1), ("conf", 1), ("prior", 2)):
        parts = " ".join(f"h{place}_{kind}" for place in range(len(GRIDS)))
        text += layer(f"mbox_{kind}", "Concat", parts, f"concat_param {{ axis: {axis} }}")
    rows = f"reshape_param {{ shape {{ dim: 0 dim: -1 dim: {CLASSES} }} }}"
    text += layer("mbox_rows", "Reshape", "mbox_conf", rows)
    text += layer("mbox_soft", "Softmax", "mbox_rows", "softmax_param { axis: 2 }")
    text += layer("mbox_conf_flat", "Flatten", "mbox_soft", "flatten_param { axis: 1 }")
    suppression = "nms_param { nms_threshold: 0.45 top_k: 100 } code_type: CENTER_SIZE keep_top_k: 40"
    fields = (
        f"num_classes: {CLASSES} share_location: true background_label_id: 0 confidence_threshold: 0.21 {suppression}"
    )
    return text + layer("found", "DetectionOutput", " ".join(ENDS), f"detection_output_param {{ {fields} }}")


def made(folder: Path) -> tuple[Path, Net, np.ndarray]:
    path, random = folder / "ssd.prototxt", np.random.default_rng(5)
    path.write_text(prototxt())
    net = convert(path)
    for node in list(net.nodes):
        blobs = [random.normal(size=blob.shape) * 1.4 / np.sqrt(np.prod(blob.shape[1:])) for blob in node.blobs]
        net.update(node, replace(node, blobs=tuple(Blob.of(blob.astype(np.float32)) for blob in blobs)))
    write_weights(net, path.with_suffix(".caffemodel"), force=True)
    return path, net, random.normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)


@pytest.mark.parametrize("target", ["ssd", "opencv", "ncnn"])
def test_check_finds_nothing_that_is_not_computed(target: str, tmp_path: Path) -> None:
    path, _, _ = made(tmp_path)
    assert not any(one.verdict.is_fault for one in check_file(path, [TARGETS[target]])[target])


def test_opencv_finds_the_same(tmp_path: Path) -> None:
    path, net, picture = made(tmp_path)
    truth = run(net, {"data": picture.astype(np.float64)}, np.float64)
    files = caffe_files(path, path.with_suffix(".caffemodel"))
    for name, found in zip(
        [*ENDS, "found"], ENGINES["opencv"].blobs(files, [*ENDS, "found"], {"data": picture}), strict=True
    ):
        assert found is not None
        np.testing.assert_allclose(found.reshape(truth[name].shape), truth[name], atol=1e-5)
    assert truth["found"].shape == (1, 1, 40, 7)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("MNN") is None, reason="MNN is not installed")
def test_mnn_gives_the_same_to_what_chooses(tmp_path: Path) -> None:
    path, net, picture = made(tmp_path)
    truth = run(net, {"data": picture.astype(np.float64)}, np.float64)
    files = caffe_files(path, path.with_suffix(".caffemodel"))
    for name, found in zip(ENDS, ENGINES["mnn"].blobs(files, ENDS, {"data": picture}), strict=True):
        assert found is not None
        np.testing.assert_allclose(found.reshape(truth[name].shape), truth[name], atol=1e-4)
