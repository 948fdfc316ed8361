"""The targets, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.caffe2onnx import CAFFE2ONNX
from caffe_ir.targets.mnn import MNN
from caffe_ir.targets.ncnn import NCNN
from caffe_ir.targets.opencv import OPENCV
from caffe_ir.targets.openvino import OPENVINO
from caffe_ir.targets.rknn2 import RKNN2
from caffe_ir.targets.target import Target
from caffe_ir.targets.tpu_mlir import TPU_MLIR
from caffe_ir.targets.x2paddle import X2PADDLE

PLACES: Mapping[str, str] = {
    "caffe": "caffe.CAFFE",
    "caffe-master": "caffe_master.CAFFE_MASTER",
    "ssd": "ssd.SSD",
    "opencv": "opencv.OPENCV",
    "mnn": "mnn.MNN",
    "ncnn": "ncnn.NCNN",
    "openvino": "openvino.OPENVINO",
    "rknn2": "rknn2.RKNN2",
    "caffe2onnx": "caffe2onnx.CAFFE2ONNX",
    "x2paddle": "x2paddle.X2PADDLE",
    "portable": "portable.PORTABLE",
    "tensorrt": "tensorrt.TENSORRT",
    "tpu-mlir": "tpu_mlir.TPU_MLIR",
    "nncase": "nncase.NNCASE",
    "mace": "mace.MACE",
    "tvm": "tvm.TVM",
    "ascend": "ascend.ASCEND",
    "nnie": "nnie.NNIE",
    "svp": "nnie.SVP",
    "rknn1": "rknn1.RKNN1",
    "acuity": "rknn1.ACUITY",
    "sigmastar": "sigmastar.SIGMASTAR",
    "horizon": "horizon.HORIZON",
    "ambarella": "unlisted.AMBARELLA",
    "novatek": "unlisted.NOVATEK",
}
"""In which module of this folder each target is, and the name of its literal."""


class _Targets(Mapping[str, Target]):
    """All targets by name; a module is loaded when its target is asked for, since a conversion needs few of them."""

    def __getitem__(self, name: str) -> Target:
        return _loaded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


@cache
def _loaded(name: str) -> Target:
    module, _, literal = PLACES[name].partition(".")
    target = getattr(import_module(f"caffe_ir.targets.{module}"), literal)
    assert isinstance(target, Target)
    assert target.name == name
    return target


TARGETS: Mapping[str, Target] = _Targets()
WIDESPREAD: tuple[Target, ...] = (CAFFE, OPENCV, MNN, NCNN)
"""Readers that many people run files with which were not written for them: among equal forms, theirs are preferred."""
FOR_SPEED: tuple[Target, ...] = (CAFFE, OPENCV)
"""Of these the ones by whose prices their common files are chosen: other forms are fast in MNN and ncnn."""
CONVERTERS: tuple[Target, ...] = (CAFFE2ONNX, X2PADDLE)
"""Old programs that refuse much: a form that they get wrong in silence is avoided, and no more is done for them."""
COMPILERS: tuple[Target, ...] = (OPENVINO, RKNN2, TPU_MLIR)
"""Compilers: a layer that they get wrong in silence is written in another form, and what they refuse counts little, as
they have targets of their own."""

__all__ = ["CAFFE", "COMPILERS", "CONVERTERS", "FOR_SPEED", "MNN", "NCNN", "OPENCV", "TARGETS", "WIDESPREAD", "Target"]
