"""nncase 1.x for K210 and K510 (kendryte/nncase, release/1.0): from 2.0 on it reads no Caffe files.

Its importer and its tests read a Scale of one number for each channel wherever it stands, with `bias_term` as Caffe has
it, from v1.0.0-beta1 to v1.9.0.
"""

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
    Reverse,
    Scale,
    Slice,
    Softmax,
    Split,
)
from caffe_ir.targets import cases, net_cases, window_cases
from caffe_ir.targets.limits import NetLimit, Never, Only
from caffe_ir.targets.nncase_names import passed_over
from caffe_ir.targets.stored import LEGACY, NO_SCALE, UNTRIED, refused, silent
from caffe_ir.targets.target import Target

FOUR_AXES = Never(
    text="other than four axes: its numbers have the shape (1, C, 1, 1) and spread a blob of fewer",
    where=cases.no_map,
    silent=True,
    source="batchnorm.cpp, scale.cpp; op_utils.h, get_binary_output_shape",
)
NNCASE = Target(
    name="nncase",
    title="nncase 1.x",
    evidence="source",
    source="kendryte/nncase, release/1.0, cb3fc2d, src/importer/caffe",
    layers={
        BatchNorm: (cases.STORED_STATISTICS, FOUR_AXES),
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
                text="the last window may begin in the padding: it is written behind the end of the blob",
                where=window_cases.one_more_window,
                silent=True,
                source="reduce_window2d.cpp leaves it out, kernels/cpu/reference/reduce_window.cpp does not",
            ),
            Never(
                text="a mean whose last windows reach beyond the padded map repeats its last cells",
                where=window_cases.clipped_mean,
                silent=True,
                source="pooling.cpp pads with pad_edge to ceil_align_h and ceil_align_w",
            ),
        ),
        ReLU: (Only(field="negative_slope", values=(0.0,), source="relu.cpp"),),
        Reshape: (Never(text="axis and num_axes", where=cases.some_axes, source="reshape.cpp"),),
        Reverse: (
            Never(
                text="more than one axis, or one that is counted from the last",
                where=cases.turns_several_axes,
                source="caffe.proto, ReverseParameter",
            ),
        ),
        Scale: (
            Never(text="a Scale of two blobs", where=cases.two_bottoms, source="scale.cpp"),
            Never(
                text="other factors than one for each channel",
                where=cases.factors_of_other_axes,
                source="scale.cpp gives blobs(0) the shape (1, C, 1, 1)",
            ),
            FOUR_AXES,
        ),
        Slice: (
            Never(
                text="more than two parts",
                where=lambda layer, bottoms: len(layer.slice_point) > 1,
                silent=True,
                source="slice.cpp adds the slice_points up",
            ),
            Never(
                text="an axis that is counted from the last",
                where=cases.negative_axis,
                source="slice.cpp takes param.axis() for an index",
            ),
        ),
        Softmax: (),
        Split: (),
        Permute: (),
    },
    net=(
        NetLimit(
            text="a maximum over numbers that may be negative, beside which it takes 0",
            where=net_cases.maxima_below_zero,
            silent=True,
            of_maxima=True,
            source="pooling.cpp, init_value, where the importers of ONNX and TFLite have the lowest float",
        ),
        NetLimit(
            text="in place as the last of the net, or in another order than BatchNorm, Scale, ReLU: passed over",
            where=passed_over,
            silent=True,
            source="caffe_importer.h, get_real_input_names; batchnorm.cpp",
        ),
    ),
    in_place=(BatchNorm, ReLU, Scale),
    fields=frozenset({"pooling_param.round_mode"}),
    weights=(*refused(LEGACY, source="src/importer/caffe"), *silent(NO_SCALE, source="src/importer/caffe"), *UNTRIED),
)
