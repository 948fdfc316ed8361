"""What a picture goes through, in the first layer of twenty nets of the usual kinds: the numbers of a JPEG stay.

In float64 within 1e-12 of preparing the picture and running the net; from files, in OpenCV, within 1e-5.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from caffe_ir.files.writer import write
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.picture_input import PictureInput
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.verify.caffe_source import caffe_files
from converters.verify.opencv_engine import OPENCV

torch = pytest.importorskip("torch")
from tests.portability.nets import NETS  # noqa: E402

IMAGENET = PictureInput(mean=(123.675, 116.28, 103.53), scale=(1 / 58.395, 1 / 57.12, 1 / 57.375))
KINDS = (
    "dk_darknet19", "dk_resnet50", "dk_yolov2", "dk_yolov3_tiny", "dk_yolov3", "dk_yolov4", "dk_yolov7_tiny",
    "resnet", "vgg", "googlenet", "densenet", "squeezenet", "shufflenet", "mobilenet_v2", "efficientnet", "convnext",
    "unet_bilinear", "deeplabv3", "cyclegan", "edsr",
)  # fmt: skip
QUICK = ("dk_yolov3_tiny", "resnet", "mobilenet_v2", "unet_bilinear")


def jpeg(folder: Path, height: int, width: int) -> np.ndarray:
    """The bytes (1, 3, H, W) of a JPEG, in red, green, blue."""
    small = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    path = folder / "x.jpg"
    cv2.imwrite(str(path), cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
    image = cv2.imread(str(path))
    assert image is not None
    return image[None, :, :, ::-1].transpose(0, 3, 1, 2)


def by_opencv(net: Net, stem: Path, top: str, x: np.ndarray) -> list[np.ndarray]:
    written = write(net, stem, CAFFE)
    files = caffe_files(written.prototxt, written.caffemodel)
    return [np.asarray(one) for one in OPENCV.blobs(files, files.net.outputs, {top: x.astype(np.float32)})]


def largest_difference(found: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    """Over the largest number of each output."""
    pairs = zip(found, wanted, strict=True)
    return max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in pairs)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in KINDS]
)
@pytest.mark.parametrize("input_is", ["u8-bgr", "u8-rgb"])
def test_the_bytes_of_a_jpeg_give_the_same(name: str, input_is: str, tmp_path: Path) -> None:
    source = NETS[name](tmp_path).net
    source.picture = source.picture or IMAGENET
    (top,) = (node.top for node in source.nodes if node.layer.type_name() == "Input")
    red_green_blue = jpeg(tmp_path, *source.shapes[top][2:])
    x = source.picture.applied(red_green_blue)
    v = (red_green_blue[:, ::-1] if input_is == "u8-bgr" else red_green_blue).astype(np.float64)
    plain = lower(source.copy(), CAFFE, Options())
    of_bytes = lower(source.copy(), CAFFE, Options(input_is=input_is))  # type: ignore[arg-type]
    assert of_bytes.taken is not None
    theirs, ours = run(plain, {top: x}, np.float64), run(of_bytes, {top: v}, np.float64)
    wanted, found = ([blobs[blob] for blob in net.outputs] for net, blobs in ((plain, theirs), (of_bytes, ours)))
    assert largest_difference(found, wanted) <= 1e-12
    wanted, found = by_opencv(plain, tmp_path / "plain", top, x), by_opencv(of_bytes, tmp_path / "bytes", top, v)
    assert largest_difference(found, wanted) <= 1e-5
