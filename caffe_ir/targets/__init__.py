"""The targets, by name."""

from __future__ import annotations

from caffe_ir.targets.ascend import ASCEND
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.caffe2onnx import CAFFE2ONNX
from caffe_ir.targets.caffe_master import CAFFE_MASTER
from caffe_ir.targets.horizon import HORIZON
from caffe_ir.targets.mace import MACE
from caffe_ir.targets.mnn import MNN
from caffe_ir.targets.ncnn import NCNN
from caffe_ir.targets.nncase import NNCASE
from caffe_ir.targets.nnie import NNIE, SVP
from caffe_ir.targets.opencv import OPENCV
from caffe_ir.targets.openvino import OPENVINO
from caffe_ir.targets.portable import PORTABLE
from caffe_ir.targets.rknn1 import ACUITY, RKNN1
from caffe_ir.targets.rknn2 import RKNN2
from caffe_ir.targets.sigmastar import SIGMASTAR
from caffe_ir.targets.ssd import SSD
from caffe_ir.targets.target import Target
from caffe_ir.targets.tensorrt import TENSORRT
from caffe_ir.targets.tpu_mlir import TPU_MLIR
from caffe_ir.targets.tvm import TVM
from caffe_ir.targets.unlisted import AMBARELLA, NOVATEK
from caffe_ir.targets.x2paddle import X2PADDLE

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        CAFFE, CAFFE_MASTER, SSD, OPENCV, MNN, NCNN, OPENVINO, RKNN2, CAFFE2ONNX, X2PADDLE, PORTABLE, TENSORRT,
        TPU_MLIR, NNCASE, MACE, TVM, ASCEND, NNIE, SVP, RKNN1, ACUITY, SIGMASTAR, HORIZON, AMBARELLA, NOVATEK,
    )
}  # fmt: skip
WIDESPREAD: tuple[Target, ...] = (CAFFE, OPENCV, MNN, NCNN)
"""Readers that many people run files with which were not written for them: among equal forms, theirs are preferred."""

__all__ = [
    "CAFFE", "MNN", "NCNN", "OPENCV", "TARGETS", "WIDESPREAD", "Target",
]  # fmt: skip
