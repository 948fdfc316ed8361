"""nncase 1.x for K210 and K510 (kendryte/nncase, release/1.0): from 2.0 on it reads no Caffe files."""

from __future__ import annotations

from caffe_ir.layers import (
    LSTM,
    BatchNorm,
    Concat,
    Convolution,
    Eltwise,
    InnerProduct,
    Input,
    Permute,
    Pooling,
    ReLU,
    Reshape,
    Scale,
    Slice,
    Softmax,
    Split,
)
from caffe_ir.targets import cases, window_cases
from caffe_ir.targets.limits import Never, Only
from caffe_ir.targets.stored import LEGACY, NO_SCALE, UNTRIED, refused, silent
from caffe_ir.targets.target import Target

NNCASE = Target(
    name="nncase",
    title="nncase 1.x",
    evidence="source",
    source="kendryte/nncase, release/1.0, cb3fc2d, src/importer/caffe",
    layers={
        BatchNorm: (cases.STORED_STATISTICS,),
        Concat: (),
        Convolution: (
            Only(field="bias_term", values=(True,), source="convolution.cpp reads blobs(1) always"),
            Never(
                text="stride_h and stride_w are ignored",
                where=window_cases.uneven_stride,
                silent=True,
                source="convolution.cpp",
            ),
        ),
        Eltwise: (
            Never(
                text="any coefficient but 1 is taken for -1",
                where=cases.other_coefficients,
                silent=True,
                source="binary.cpp",
            ),
        ),
        InnerProduct: (),
        Input: (),
        LSTM: (),
        Pooling: (
            Never(
                text="the last window may begin in the padding",
                where=window_cases.one_more_window,
                silent=True,
                source="pooling.cpp",
            ),
        ),
        ReLU: (Only(field="negative_slope", values=(0.0,), source="relu.cpp"),),
        Reshape: (Never(text="axis and num_axes", where=cases.some_axes, source="reshape.cpp"),),
        Scale: (Never(text="a Scale of two blobs", where=cases.two_bottoms, source="scale.cpp reads blobs(0) always"),),
        Slice: (
            Never(
                text="more than two parts",
                where=lambda layer, bottoms: len(layer.slice_point) > 1,
                silent=True,
                source="slice.cpp adds the slice_points up",
            ),
        ),
        Softmax: (),
        Split: (),
        Permute: (),
    },
    in_place=(BatchNorm, ReLU, Scale),
    fields=frozenset({"pooling_param.round_mode"}),
    weights=(*refused(LEGACY, source="src/importer/caffe"), *silent(NO_SCALE, source="src/importer/caffe"), *UNTRIED),
)
