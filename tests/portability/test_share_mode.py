"""Weights that layers share in another shape (`share_mode`), in BVLC Caffe itself, where `TOCAFFE_ENGINES` has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import Written, write
from caffe_ir.net import Net
from caffe_ir.proto import caffe_pb2
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.caffe import convert
from tests.portability.caffe_runs import in_caffe
from tests.portability.engines import FOLDER

INPUT = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 2 dim: 2 } } }
layer { name: "c" type: "Convolution" bottom: "data" top: "c" param { name: "w" } param { name: "b" }
        convolution_param { num_output: 4 kernel_size: 2 } }
"""


def product(mode: str, count: int = 4) -> str:
    """A product of whole images with the filters of the Convolution."""
    return f"""
layer {{ name: "f" type: "InnerProduct" bottom: "data" top: "f"
        param {{ name: "w" {mode} }} param {{ name: "b" {mode} }}
        inner_product_param {{ num_output: {count} }} }}
"""


def files(folder: Path, text: str, count: int = 4) -> tuple[Path, Path]:
    """A prototxt and a caffemodel with other numbers for either layer, those of the product last."""
    rng, message = np.random.default_rng(3), caffe_pb2.NetParameter()
    for name, shapes in (("c", ((4, 3, 2, 2), (4,))), ("f", ((count, 12), (count,)))):
        layer = message.layer.add(name=name)
        for shape in shapes:
            blob = layer.blobs.add(data=rng.normal(size=int(np.prod(shape))))
            blob.shape.dim.extend(shape)
    (folder / "net.prototxt").write_text(text)
    (folder / "net.caffemodel").write_bytes(message.SerializeToString())
    return folder / "net.prototxt", folder / "net.caffemodel"


def in_bvlc(prototxt: Path, caffemodel: Path, x: np.ndarray, folder: Path) -> list[np.ndarray]:
    """What Caffe gives for the two outputs. Raises RuntimeError with its last words."""
    if not (FOLDER / "caffe").exists():
        pytest.skip(f"{FOLDER} has no caffe: scripts/bvlc_caffe builds it")
    written = Written(prototxt=prototxt, caffemodel=caffemodel, prototxt_bytes=0, caffemodel_bytes=0)
    (found,), _ = in_caffe(FOLDER / "caffe", written, ["c", "f"], [{"data": x}], folder)
    return found


def close(found: list[np.ndarray], net: Net, x: np.ndarray) -> None:
    ours = run(net, {"data": x}, np.float64)
    for name, one in zip(("c", "f"), found, strict=True):
        np.testing.assert_allclose(one, ours[name], rtol=0, atol=1e-5)


def test_permissive_takes_the_numbers_in_another_shape(tmp_path: Path) -> None:
    """Of the numbers that the file has for either layer those that stand last are in both."""
    x = np.random.default_rng(0).standard_normal((2, 3, 2, 2)).astype(np.float32)
    pair = files(tmp_path, INPUT + product("share_mode: PERMISSIVE"))
    net = convert(*pair)
    assert np.array_equal(net.node("c").blobs[0].load().ravel(), net.node("f").blobs[0].load().ravel())
    written = write(net, tmp_path / "again", CAFFE)
    assert written.prototxt.read_text().count("share_mode: PERMISSIVE") == 1  # the biases are of one shape
    close(in_bvlc(*pair, x, tmp_path / "run"), net, x)
    close(in_bvlc(written.prototxt, written.caffemodel, x, tmp_path / "run_again"), net, x)


@pytest.mark.parametrize(
    ("mode", "count", "words", "hint"),
    [
        ("", 4, "shape mismatch", "PERMISSIVE"),
        ("share_mode: STRICT", 4, "shape mismatch", "PERMISSIVE"),
        ("share_mode: PERMISSIVE", 5, "count mismatch", "another name"),
    ],
)
def test_what_caffe_refuses_to_share_is_refused(mode: str, count: int, words: str, hint: str, tmp_path: Path) -> None:
    pair = files(tmp_path, INPUT + product(mode, count), count)
    with pytest.raises(ConversionError, match="f cannot share w") as caught:
        convert(*pair)
    assert hint in caught.value.problems[0].hint
    with pytest.raises(RuntimeError, match=f"Cannot share param 'w'.*{words}"):
        in_bvlc(*pair, np.zeros((2, 3, 2, 2), np.float32), tmp_path / "run")
