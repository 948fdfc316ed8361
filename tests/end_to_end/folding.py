"""What a picture goes through, in the first layer of twenty nets of the usual kinds: how far the outputs move.

A JPEG's bytes into the net that takes them, beside the prepared picture into the plain net, with the same weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from msgspec import Struct

from caffe_ir.files.writer import write
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.picture_input import PictureInput
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE
from converters.verify.caffe_source import caffe_files
from converters.verify.opencv_engine import OPENCV
from tests.portability.nets import NETS

IMAGENET = PictureInput(mean=(123.675, 116.28, 103.53), scale=(1 / 58.395, 1 / 57.12, 1 / 57.375))
KINDS = (
    "dk_darknet19", "dk_resnet50", "dk_yolov2", "dk_yolov3_tiny", "dk_yolov3", "dk_yolov4", "dk_yolov7_tiny",
    "resnet", "vgg", "googlenet", "densenet", "squeezenet", "shufflenet", "mobilenet_v2", "efficientnet", "convnext",
    "unet_bilinear", "deeplabv3", "cyclegan", "edsr",
)  # fmt: skip
Order = Literal["u8-bgr", "u8-rgb"]


class Moved(Struct, frozen=True, kw_only=True):
    """The largest differences over the largest number of each output."""

    float64: float
    """Of the two nets in float64."""
    opencv: float
    """Of their files in OpenCV."""

    @property
    def same(self) -> bool:
        return self.float64 <= 1e-12 and self.opencv <= 1e-5


def moved(name: str, input_is: Order, folder: Path) -> Moved:
    """One of KINDS, its files written to the folder."""
    source = NETS[name](folder).net
    source.picture = source.picture or IMAGENET
    (top,) = (node.top for node in source.nodes if node.layer.type_name() == "Input")
    red_green_blue = _jpeg(folder, *source.shapes[top][2:])
    x = source.picture.applied(red_green_blue)
    v = (red_green_blue[:, ::-1] if input_is == "u8-bgr" else red_green_blue).astype(np.float64)
    plain = lower(source.copy(), CAFFE, Options())
    of_bytes = lower(source.copy(), CAFFE, Options(input_is=input_is))
    assert of_bytes.taken is not None
    theirs, ours = run(plain, {top: x}, np.float64), run(of_bytes, {top: v}, np.float64)
    wanted, found = ([blobs[blob] for blob in net.outputs] for net, blobs in ((plain, theirs), (of_bytes, ours)))
    in_opencv = (_by_opencv(of_bytes, folder / "bytes", top, v), _by_opencv(plain, folder / "plain", top, x))
    return Moved(float64=_largest_difference(found, wanted), opencv=_largest_difference(*in_opencv))


def _jpeg(folder: Path, height: int, width: int) -> np.ndarray:
    """The bytes (1, 3, H, W) of a JPEG, in red, green, blue."""
    small = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    path = folder / "x.jpg"
    cv2.imwrite(str(path), cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
    image = cv2.imread(str(path))
    assert image is not None
    return image[None, :, :, ::-1].transpose(0, 3, 1, 2)


def _by_opencv(net: Net, stem: Path, top: str, x: np.ndarray) -> list[np.ndarray]:
    written = write(net, stem, CAFFE)
    files = caffe_files(written.prototxt, written.caffemodel)
    return [np.asarray(one) for one in OPENCV.blobs(files, files.net.outputs, {top: x.astype(np.float32)})]


def _largest_difference(found: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    pairs = zip(found, wanted, strict=True)
    return max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in pairs)
