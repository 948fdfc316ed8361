"""The targets, by name."""

from __future__ import annotations

from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.mnn import MNN
from caffe_ir.targets.ncnn import NCNN
from caffe_ir.targets.opencv import OPENCV
from caffe_ir.targets.target import Target

TARGETS: dict[str, Target] = {target.name: target for target in (CAFFE, OPENCV, MNN, NCNN)}

__all__ = ["CAFFE", "MNN", "NCNN", "OPENCV", "TARGETS", "Target"]
