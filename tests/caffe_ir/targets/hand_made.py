"""Hand-made nets of one idea each, and what ten readers of Caffe files make of them.

`CASES` has the nets in a short hand, of which `prototxt` makes the file as it is spelled there; `MEASURED` says for
each of them what a reader did: `ok`, `WRONG` (it gave other numbers without a message) or `-` (it refused the file or
crashed). The verdicts were measured with real readers, most first by trials that had no part in this project's code;
scripts/hand_made measures them anew in the engines that are installed.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from caffe_ir.blob import Array, Blob, Shape
from caffe_ir.errors import ConversionError
from caffe_ir.files.writer import write_weights
from caffe_ir.layers import BatchNorm, Embed, Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.proto import caffe_pb2
from caffe_ir.reference import run
from caffe_ir.targets import TARGETS
from caffe_ir.targets.target import Target
from converters.caffe import check_file, convert
from converters.verify import caffe_files
from converters.verify.engine import Engine, EngineFailed
from tests.caffe_ir.targets.hand_made_for_one import FOR_ONE
from tests.caffe_ir.targets.hand_made_more import MORE
from tests.caffe_ir.targets.hand_made_weights import FURTHER, OF_WEIGHTS
from tests.portability.engines import Engine as Program
from tests.portability.engines import Files, Task, error_of, outcomes
from tests.portability.nets import Model

CLOSE = 2e-3
"""Of the largest value: what rounding does not do to nets of three layers."""

SEEDS = (5, 6)
"""Of the weights and inputs: what an engine computes rightly with the first is run with the others too, since a window
that it moves may hold the same maxima by chance."""

BY_SCRIPT = {
    "in_layer_shape_on_Input_2tops", "bn_2blobs_only", "deconv_filler_noblob", "x_prelu_shared_shape1",
}  # fmt: skip
"""What the engines of `convert verify`, which read an Input of one blob and what Caffe reads, are not asked:
scripts/hand_made asks."""

READERS = (
    "caffe", "caffe-master", "ssd", "opencv3", "opencv", "ncnn", "mnn", "openvino", "rknn2", "caffe2onnx", "x2paddle",
)  # fmt: skip
"""The columns of the table; OpenCV 3.4 is not a target."""


TABLE = Path(__file__).with_name("hand_made.tsv")


def _table() -> Mapping[str, Mapping[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t")
        return {name: dict(zip(READERS, cells, strict=True)) for name, *cells in rows}


MEASURED = _table()


def write_table(measured: Mapping[str, Mapping[str, str]]) -> None:
    """Replace the table by what was measured of each case."""
    rows = ["\t".join((name, *(cells[reader] for reader in READERS))) for name, cells in measured.items()]
    TABLE.write_text("\n".join(rows) + "\n", encoding="utf-8")


PARAMS = {
    "BatchNorm": "batch_norm_param", "Deconvolution": "convolution_param", "InnerProduct": "inner_product_param",
    "ArgMax": "argmax_param", "DummyData": "dummy_data_param", "ConvolutionDepthwise": "convolution_param",
    "DepthwiseConvolution": "convolution_param", "Normalize": "norm_param", "ShuffleChannel": "shuffle_channel_param",
    "Im2col": "convolution_param", "LSTM": "recurrent_param", "PassThrough": "pass_through_param",
}  # fmt: skip
"""The messages that are not called after their types."""


def prototxt(text: str) -> str:
    """The file of a case: a line for each layer, `tops = Type bottoms | fields`, or text of a prototxt as it is."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if not lines[0].startswith(("data = Input", "input", "layer", "name")):
        lines.insert(0, "data = Input | shape { dim: 1 dim: 4 dim: 8 dim: 8 }")
    return "\n".join(map(_line, lines)) + "\n"


def _line(line: str) -> str:
    found = re.fullmatch(r"(?:(\S+) : )?([^=|]+?) = (\w+)([^|]*?)(?: \| (.*))?", line)
    if found is None:
        return line
    name, tops, kind, bottoms, fields = found.groups()
    tops, bottoms = tops.split(), bottoms.split()
    name = name or (tops[0] if len(tops) == 1 and tops != bottoms[:1] else f"{tops[0]}_{kind.lower()}")
    parts = [f'name: "{name}" type: "{kind}"']
    parts += [f'bottom: "{bottom}"' for bottom in bottoms] + [f'top: "{top}"' for top in tops]
    if fields:
        plain, _, own = fields.partition("& ")
        parts += [plain] if plain else []
        parts += [f"{PARAMS.get(kind, kind.lower() + '_param')} {{ {own} }}"] if own else []
        if not own:
            parts[-1] = f"{PARAMS.get(kind, kind.lower() + '_param')} {{ {fields} }}"
    return f"layer {{ {' '.join(parts)} }}"


def cases_of(reader: str) -> Mapping[str, str]:
    """The cases that a reader was tried with, and what it did: those of the table, and those for it alone."""
    for_it = {name: measured for name, (measured, _) in FOR_ONE.get(reader, {}).items()}
    return {**{name: MEASURED[name][reader] for name in CASES}, **for_it}


def verdict(name: str, target: Target, folder: Path) -> str:
    """What `check` says of a case for a target, in the words of the table; of its weights too where they differ from
    what Caffe writes."""
    if name in SPOILT:
        made(name, folder)
    else:
        (folder / "net.prototxt").write_text(prototxt(TEXTS[name]), encoding="utf-8")
    return check_says(folder / "net.prototxt", target, folder / "net.caffemodel" if name in SPOILT else None)


def check_says(path: Path, target: Target, weights: Path | None = None) -> str:
    """What `check` says of a file for a target, in the words of the table."""
    effects = {one.verdict.effect for one in check_file(path, [target], weights)[target.name]}
    return "-" if "refused" in effects else "WRONG" if "wrong" in effects else "ok"


def differences(reader: str, target: Target, folder: Path, without: Collection[str] = ()) -> dict[str, str]:
    """The cases of which `check` says another thing than what the reader was measured to do."""
    known = cases_of(reader)
    found = {name: verdict(name, target, folder) for name in known if name not in without}
    return {name: f"check: {said}, measured: {known[name]}" for name, said in found.items() if said != known[name]}


def made(name: str, folder: Path, seed: int = SEEDS[0]) -> tuple[Files, Model]:
    """The files of a case with random weights, and inputs with the outputs that our reading of it has in float64.

    What weights mean that Caffe refuses is what they were before.
    """
    path, weights = folder / "net.prototxt", folder / "net.caffemodel"
    path.write_text(prototxt(TEXTS[name]), encoding="utf-8")
    random = np.random.default_rng(seed)
    net = convert(path)
    for node in list(net.nodes):
        net.update(node, replace(node, blobs=tuple(_weights(node, place, random) for place in range(len(node.blobs)))))
    write_weights(net, weights, force=True)
    if name in SPOILT:
        net = _spoilt(name, net, path, weights)
    tops = [top for node in net.nodes if isinstance(node.layer, Input) for top in node.tops]
    feeds = {top: values_for(net, net.shapes[top], random).astype(np.float32) for top in tops}
    truth = run(net, {blob: values.astype(np.float64) for blob, values in feeds.items()}, np.float64)
    model = Model(net=net, feeds=feeds, outputs=[truth[blob] for blob in net.outputs])
    return Files(net=net, stem=folder / "net"), model


def values_for(net: Net, shape: Shape, random: np.random.Generator) -> Array:
    """Of an input of this shape: numbers of rows where the net has an Embed, and noise elsewhere."""
    rows = [node.layer.input_dim for node in net.nodes if isinstance(node.layer, Embed)]
    return random.integers(min(rows), size=shape) if rows else random.normal(size=shape)


def _spoilt(name: str, net: Net, path: Path, weights: Path) -> Net:
    """Do to the weights what the case is about; the net that the files are then, or what they were before."""
    message = caffe_pb2.NetParameter.FromString(weights.read_bytes())
    SPOILT[name](message, path)
    weights.write_bytes(message.SerializeToString())
    try:
        return convert(path, weights)
    except ConversionError:
        return net


WORDS = {"right": "ok", "WRONG": "WRONG", "refused": "-", "crash": "-", "timeout": "-"}
"""What an engine did, in the words of the table."""


def seen(said: str, measured: str) -> str:
    """How what `check` says compares with what the engine does, in the words of the table."""
    if said == measured:
        return "alike"
    if said == "ok" and measured == "WRONG":
        return "MISSED"
    return "stricter" if measured == "ok" else "laxer" if said == "ok" else "other"


def compared(names: Sequence[str], program: Program) -> Iterator[tuple[str, str, str]]:
    """The name of each case, what `check` says of it for an engine, and what that does, in the words of the table."""
    with tempfile.TemporaryDirectory() as scratch:
        measured = dict.fromkeys(names, "ok")
        for seed in SEEDS:
            right = [name for name in names if measured[name] == "ok"]
            measured.update(_measured(right, program, Path(scratch, str(seed)), seed))
        for name in names:
            yield name, verdict(name, TARGETS[program.name], Path(scratch)), measured[name]


def _measured(names: Sequence[str], program: Program, folder: Path, seed: int) -> Mapping[str, str]:
    """What an engine does with cases, in the words of the table."""
    tasks = []
    for name in names:
        room = folder / name / "room"
        room.mkdir(parents=True)
        files, model = made(name, room.parent, seed)
        tasks.append(Task(files=files, model=model, folder=room))
    results = outcomes(replace(program, plain_names=False), tasks)
    return {name: WORDS[result.outcome] for name, result in zip(names, results, strict=True)}


def live(name: str, engine: Engine, folder: Path) -> str:
    """What an engine makes of a case with random weights, beside our reading of it in float64."""
    files, model = made(name, folder)
    pair = caffe_files(files.stem.with_suffix(".prototxt"), files.stem.with_suffix(".caffemodel"))
    try:
        found = list(engine.blobs(pair, files.net.outputs, model.feeds))
    except EngineFailed:
        return "-"
    errors = [error_of(values, truth) for truth, values in zip(model.outputs, found, strict=True)]
    return "ok" if max(errors) < CLOSE else "WRONG"


def _weights(node: Node, place: int, random: np.random.Generator) -> Blob:
    shape = node.blobs[place].shape
    if isinstance(node.layer, BatchNorm):
        return Blob.of(np.ones(shape) if place == len(node.blobs) - 1 else random.uniform(0.5, 1.5, shape))
    return Blob.of(random.uniform(-0.5, 1.0, shape))


CONV = "kernel_size: 3 num_output: 4 pad: 1"

CASES: dict[str, str] = {
    "conv_k3s2p1": "y = Convolution data | num_output: 6 kernel_size: 3 stride: 2 pad: 1",
    "conv_nobias": "y = Convolution data | num_output: 6 kernel_size: 3 bias_term: false",
    "conv_group2": "y = Convolution data | num_output: 6 kernel_size: 3 group: 2",
    "conv_dw_group": "y = Convolution data | num_output: 4 kernel_size: 3 group: 4",
    "conv_dw_mult2": "y = Convolution data | num_output: 8 kernel_size: 3 group: 4",
    "conv_dil2": "y = Convolution data | num_output: 6 kernel_size: 3 dilation: 2",
    "conv_kh3kw5_hwfields": "y = Convolution data | num_output: 6 kernel_h: 3 kernel_w: 5",
    "conv_kh3kw5_repeated": "y = Convolution data | num_output: 6 kernel_size: 3 kernel_size: 5",
    "conv_kh_only_strideboth": "y = Convolution data | num_output: 6 kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1",
    "conv_pad_h_only_w0": "y = Convolution data | num_output: 6 kernel_size: 3 pad_h: 1 pad_w: 0",
    "conv_dil_h2w1": "y = Convolution data | num_output: 6 kernel_size: 3 dilation: 2 dilation: 1",
    "conv_batch2": """
        data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }
        y = Convolution data | num_output: 6 kernel_size: 3""",
    "conv_1x1_on_1x1": """
        data = Input | shape { dim: 1 dim: 4 dim: 1 dim: 1 }
        y = Convolution data | num_output: 6 kernel_size: 1""",
    "deconv_k4s2p1": "y = Deconvolution data | num_output: 6 kernel_size: 4 stride: 2 pad: 1",
    "deconv_nobias": "y = Deconvolution data | num_output: 6 kernel_size: 2 stride: 2 bias_term: false",
    "deconv_nearest2x_groupC": "y = Deconvolution data | num_output: 4 group: 4 kernel_size: 2 stride: 2 "
    "bias_term: false",
    "deconv_group2_bias": "y = Deconvolution data | num_output: 6 group: 2 kernel_size: 3 stride: 2",
    "deconv_dil2": "y = Deconvolution data | num_output: 6 kernel_size: 3 stride: 2 dilation: 2",
    "deconv_hw": "y = Deconvolution data | num_output: 6 kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1 "
    "pad_h: 1 pad_w: 0",
    "deconv_bilinear_groupC": "y = Deconvolution data | num_output: 4 group: 4 kernel_size: 4 stride: 2 pad: 1 "
    "bias_term: false",
    "pool_max_k3s2_ceil": "y = Pooling data | kernel_size: 3 stride: 2",
    "pool_max_k3s2p1_ceil": "y = Pooling data | kernel_size: 3 stride: 2 pad: 1",
    "pool_max_k2s2p1": "y = Pooling data | kernel_size: 2 stride: 2 pad: 1",
    "pool_max_k3s1p1": "y = Pooling data | kernel_size: 3 stride: 1 pad: 1",
    "pool_max_k2s2_even": "y = Pooling data | kernel_size: 2 stride: 2",
    "pool_max_k2s2_odd": """
        data = Input | shape { dim: 1 dim: 4 dim: 7 dim: 7 }
        y = Pooling data | kernel_size: 2 stride: 2""",
    "pool_max_k3s2_roundFLOOR": "y = Pooling data | kernel_size: 3 stride: 2 round_mode: FLOOR",
    "pool_max_k3s2p1_roundFLOOR": "y = Pooling data | kernel_size: 3 stride: 2 pad: 1 round_mode: FLOOR",
    "pool_max_global": "y = Pooling data | pool: MAX global_pooling: true",
    "pool_max_khkw": "y = Pooling data | kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1 pad_h: 1 pad_w: 0",
    "pool_ave_k3s2_ceil": "y = Pooling data | pool: AVE kernel_size: 3 stride: 2",
    "pool_ave_k3s2p1_ceil": "y = Pooling data | pool: AVE kernel_size: 3 stride: 2 pad: 1",
    "pool_ave_k2s2p1": "y = Pooling data | pool: AVE kernel_size: 2 stride: 2 pad: 1",
    "pool_ave_k3s1p1": "y = Pooling data | pool: AVE kernel_size: 3 stride: 1 pad: 1",
    "pool_ave_k2s2_even": "y = Pooling data | pool: AVE kernel_size: 2 stride: 2",
    "pool_ave_k2s2_odd": """
        data = Input | shape { dim: 1 dim: 4 dim: 7 dim: 7 }
        y = Pooling data | pool: AVE kernel_size: 2 stride: 2""",
    "pool_ave_k3s2_roundFLOOR": "y = Pooling data | pool: AVE kernel_size: 3 stride: 2 round_mode: FLOOR",
    "pool_ave_k3s2p1_roundFLOOR": "y = Pooling data | pool: AVE kernel_size: 3 stride: 2 pad: 1 round_mode: FLOOR",
    "pool_ave_global": "y = Pooling data | pool: AVE global_pooling: true",
    "pool_ave_khkw": "y = Pooling data | pool: AVE kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1 pad_h: 1 pad_w: 0",
    "pool_max_k13s1p6": """
        data = Input | shape { dim: 1 dim: 4 dim: 13 dim: 13 }
        y = Pooling data | kernel_size: 13 stride: 1 pad: 6""",
    "pool_max_k2s1": "y = Pooling data | kernel_size: 2 stride: 1",
    "pool_max_k2s1p1_slice": """
        p = Pooling data | kernel_size: 2 stride: 1 pad: 1
        a b = Slice p | axis: 2 slice_point: 1
        y z = Slice b | axis: 3 slice_point: 1
        u = TanH y
        v = TanH z
        w = TanH a""",
    "pool_max_k2s1p1_crop": """
        p = Pooling data | kernel_size: 2 stride: 1 pad: 1
        y = Crop p data | axis: 2 offset: 1 offset: 1""",
    "pool_max_places": "y p = Pooling data | kernel_size: 3 stride: 2",
    "pool_max_places_padded": "y p = Pooling data | kernel_size: 3 stride: 2 pad: 1",
    "pool_max_places_beside": """
        y p = Pooling data | kernel_size: 3 stride: 2
        z = Convolution y | num_output: 6 kernel_size: 1""",
    "pool_max_places_read": """
        y p = Pooling data | kernel_size: 2 stride: 2
        q = Power p | scale: 0.5
        z = Eltwise y q | operation: SUM""",
    "ip_axis1": "y = InnerProduct data | num_output: 5",
    "ip_axis1_batch2": """
        data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }
        y = InnerProduct data | num_output: 5""",
    "ip_nobias": "y = InnerProduct data | num_output: 5 bias_term: false",
    "ip_transpose": "y = InnerProduct data | num_output: 5 transpose: true",
    "ip_axis3": "y = InnerProduct data | num_output: 5 axis: 3",
    "ip_axis_m1": "y = InnerProduct data | num_output: 5 axis: -1",
    "ip_axis2": "y = InnerProduct data | num_output: 5 axis: 2",
    "ip_2d_input": """
        data = Input | shape { dim: 1 dim: 4 }
        y = InnerProduct data | num_output: 5""",
    "ip_2d_input_b3": """
        data = Input | shape { dim: 3 dim: 4 }
        y = InnerProduct data | num_output: 5""",
    "ip_3d_axis2": """
        data = Input | shape { dim: 1 dim: 4 dim: 6 }
        y = InnerProduct data | num_output: 5 axis: 2""",
    "bn_scale_f1": """
        b = BatchNorm data | use_global_stats: true
        y = Scale b | bias_term: true""",
    "bn_only_f1": "y = BatchNorm data | use_global_stats: true",
    "bn_scale_eps1e-3": """
        b = BatchNorm data | use_global_stats: true eps: 0.001
        y = Scale b | bias_term: true""",
    "bn_scale_eps1e-1": """
        b = BatchNorm data | use_global_stats: true eps: 0.1
        y = Scale b | bias_term: true""",
    "bn_scale_noparam": """
        y0 : b = BatchNorm data
        y = Scale b | bias_term: true""",
    "bn_scale_inplace": """
        c = Convolution data | num_output: 4 kernel_size: 1
        c = BatchNorm c | use_global_stats: true
        c = Scale c | bias_term: true""",
    "bn_use_global_stats_false": "y = BatchNorm data | use_global_stats: false eps: 0.1",
    "bn_global_false_b2": """
        data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }
        y = BatchNorm data | use_global_stats: false""",
    "bn_2d_input": """
        data = Input | shape { dim: 1 dim: 4 }
        y = BatchNorm data | use_global_stats: true""",
    "conv_bn_scale_relu_inplace": """
        c = Convolution data | num_output: 6 kernel_size: 3
        c = BatchNorm c | use_global_stats: true
        c = Scale c | bias_term: true
        c = ReLU c""",
    "scale_nobias": "y = Scale data",
    "scale_bias": "y = Scale data | bias_term: true",
    "scale_axis3": "y = Scale data | axis: 3",
    "scale_axis1_numaxes_m1": "y = Scale data | axis: 1 num_axes: -1",
    "scale_scalar_numaxes0": "y = Scale data | num_axes: 0",
    "scale_ip_2d": """
        f = InnerProduct data | num_output: 5
        y = Scale f | bias_term: true""",
    "scale2_axis0_NC": """
        s = InnerProduct data | num_output: 4
        y = Scale data s | axis: 0""",
    "scale2_axis0_NC_b2": """
        data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }
        s = InnerProduct data | num_output: 4
        y = Scale data s | axis: 0""",
    "scale2_axis0_same": """
        s = Convolution data | num_output: 4 kernel_size: 1
        y = Scale data s | axis: 0""",
    "se_block_gap_ip_sig_scale": """
        p = Pooling data | pool: AVE global_pooling: true
        a = InnerProduct p | num_output: 2
        r = ReLU a
        b = InnerProduct r | num_output: 4
        s = Sigmoid b
        y = Scale data s | axis: 0""",
    "se_block_conv_reshape_scale": """
        p = Pooling data | pool: AVE global_pooling: true
        b = Convolution p | num_output: 4 kernel_size: 1
        s = Sigmoid b
        f = Reshape s | shape { dim: 0 dim: -1 }
        y = Scale data f | axis: 0""",
    "se_block_conv_flatten_scale": """
        p = Pooling data | pool: AVE global_pooling: true
        b = Convolution p | num_output: 4 kernel_size: 1
        s = Sigmoid b
        f = Flatten s
        y = Scale data f | axis: 0""",
    "se_block_tile_eltwise": """
        p = Pooling data | pool: AVE global_pooling: true
        b = Convolution p | num_output: 4 kernel_size: 1
        t = Tile b | axis: 2 tiles: 8
        u = Tile t | axis: 3 tiles: 8
        y = Eltwise data u | operation: PROD""",
    "bias_c": "y = Bias data",
    "bias2_axis0_NC": """
        s = InnerProduct data | num_output: 4
        y = Bias data s | axis: 0""",
    "bias2_axis0_same": """
        s = Convolution data | num_output: 4 kernel_size: 1
        y = Bias data s | axis: 0""",
    "elt_sum": "a = Power data | scale: 2\ny = Eltwise data a | operation: SUM",
    "elt_sum_coeff": "a = Power data | scale: 2\ny = Eltwise data a | operation: SUM coeff: 1 coeff: -1",
    "elt_sum_coeff_frac": "a = Power data | scale: 2\ny = Eltwise data a | operation: SUM coeff: 0.5 coeff: 2",
    "elt_prod": "a = Power data | scale: 2\ny = Eltwise data a | operation: PROD",
    "elt_max": "a = Power data | scale: 2\ny = Eltwise data a | operation: MAX",
    "elt_sum3": "a = Power data | scale: 2\nb = TanH data\ny = Eltwise data a b | operation: SUM",
    "elt_prod3": "a = Power data | scale: 2\nb = TanH data\ny = Eltwise data a b | operation: PROD",
    "elt_max3": "a = Power data | scale: 2\nb = TanH data\ny = Eltwise data a b | operation: MAX",
    "elt_sum3_coeff": "a = Power data | scale: 2\nb = TanH data\n"
    "y = Eltwise data a b | operation: SUM coeff: 1 coeff: 0.5 coeff: 2",
    "elt_prod_2d": """
        a = InnerProduct data | num_output: 4
        b = InnerProduct data | num_output: 4
        y = Eltwise a b | operation: PROD""",
    "concat_default": "a = TanH data\ny = Concat data a",
    "concat_axis2": "a = TanH data\ny = Concat data a | axis: 2",
    "concat_axis3": "a = TanH data\ny = Concat data a | axis: 3",
    "concat_axis0": "a = TanH data\ny = Concat data a | axis: 0",
    "concat_axis_m1": "a = TanH data\ny = Concat data a | axis: -1",
    "concat_concat_dim": "a = TanH data\ny = Concat data a | concat_dim: 1",
    "concat_2d": """
        a = InnerProduct data | num_output: 4
        b = InnerProduct data | num_output: 3
        y = Concat a b""",
    "slice_points": "a b = Slice data | slice_point: 1\nc = TanH a\nd = TanH b",
    "slice_equal": "a b = Slice data | axis: 1",
    "slice_axis2": "a b = Slice data | axis: 2 slice_point: 3\nc = TanH a\nd = TanH b",
    "slice_axis_m1": "a b = Slice data | axis: -1 slice_point: 3\nc = TanH a\nd = TanH b",
    "slice_slice_dim": "a b = Slice data | slice_dim: 1 slice_point: 1\nc = TanH a\nd = TanH b",
    "crop_axis2_off1": "r = Input | shape { dim: 1 dim: 4 dim: 6 dim: 6 }\ny = Crop data r | axis: 2 offset: 1",
    "crop_axis2_offhw": "r = Input | shape { dim: 1 dim: 4 dim: 6 dim: 6 }\n"
    "y = Crop data r | axis: 2 offset: 1 offset: 2",
    "crop_axis2_hwdiffC": "r = Input | shape { dim: 1 dim: 3 dim: 6 dim: 6 }\n"
    "y = Crop data r | axis: 2 offset: 1 offset: 2",
    "crop_axis1": "r = Input | shape { dim: 1 dim: 3 dim: 6 dim: 6 }\n"
    "y = Crop data r | axis: 1 offset: 1 offset: 1 offset: 2",
    "crop_axis3": "r = Input | shape { dim: 1 dim: 4 dim: 8 dim: 6 }\ny = Crop data r | axis: 3 offset: 1",
    "reshape_0_m1": "y = Reshape data | shape { dim: 0 dim: -1 }",
    "reshape_0_m1_1_1": "y = Reshape data | shape { dim: 0 dim: -1 dim: 1 dim: 1 }",
    "reshape_0_3_m1_8": "y = Reshape data | shape { dim: 0 dim: 2 dim: -1 dim: 8 }",
    "reshape_3d": "y = Reshape data | shape { dim: 0 dim: 4 dim: 64 }",
    "reshape_5d": "y = Reshape data | shape { dim: 0 dim: 2 dim: 2 dim: 8 dim: 8 }",
    "reshape_axis1_numaxes": "y = Reshape data | shape { dim: 2 dim: 16 } axis: 1 num_axes: 2",
    "reshape_axis2": "y = Reshape data | shape { dim: 64 } axis: 2",
    "reshape_explicit": "y = Reshape data | shape { dim: 1 dim: 8 dim: 4 dim: 8 }",
    "flatten_default": "y = Flatten data",
    "flatten_axis2": "y = Flatten data | axis: 2",
    "flatten_1_2": "y = Flatten data | axis: 1 end_axis: 2",
    "power_scale_shift": "y = Power data | scale: 2 shift: 0.5",
    "power_2": "y = Power data | power: 2",
    "power_2_scale_shift": "y = Power data | power: 2 scale: 0.5 shift: 1",
    "power_half": "a = Power data | power: 2\ny = Power a | power: 0.5 shift: 1",
    "power_m1": "a = Sigmoid data\ny = Power a | power: -1 shift: 1",
    "exp_e": "y = Exp data",
    "exp_base2_scale_shift": "y = Exp data | base: 2 scale: 0.5 shift: 0.1",
    "exp_e_scale": "y = Exp data | scale: 0.5",
    "log_e": "a = Sigmoid data\ny = Log a",
    "log_base10": "a = Sigmoid data\ny = Log a | base: 10",
    "absval": "y = AbsVal data",
    "bnll": "y = BNLL data",
    "tanh": "y = TanH data",
    "sigmoid": "y = Sigmoid data",
    "relu": "y = ReLU data",
    "relu_slope": "y = ReLU data | negative_slope: 0.1",
    "prelu": "y = PReLU data",
    "prelu_shared": "y = PReLU data | channel_shared: true",
    "prelu_2d": "a = InnerProduct data | num_output: 4\ny = PReLU a",
    "elu": "y = ELU data",
    "elu_alpha": "y = ELU data | alpha: 0.5",
    "clip_0_1": "y = Clip data | min: 0 max: 1",
    "clip_m1_05": "y = Clip data | min: -1 max: 0.5",
    "swish": "y = Swish data",
    "swish_beta": "y = Swish data | beta: 2",
    "swish_composed": "a = Sigmoid data\ny = Eltwise data a | operation: PROD",
    "mish_bnll_tanh_prod": "a = BNLL data\nb = TanH a\ny = Eltwise data b | operation: PROD",
    "ext_ReLU6": "y = ReLU6 data",
    "ext_Mish": "y = Mish data",
    "ext_HardSwish": "y = HardSwish data",
    "ext_BN": "y = BN data",
    "threshold": "y = Threshold data | threshold: 0.1",
    "dropout": "y = Dropout data",
    "softmax_default": "y = Softmax data",
    "softmax_axis2": "y = Softmax data | axis: 2",
    "softmax_axis_m1": "y = Softmax data | axis: -1",
    "softmax_2d": "a = InnerProduct data | num_output: 4\ny = Softmax a",
    "lrn_across": "y = LRN data | local_size: 3 alpha: 0.5 beta: 0.75",
    "lrn_across_k2": "y = LRN data | local_size: 3 alpha: 0.5 beta: 0.75 k: 2",
    "lrn_within": "y = LRN data | local_size: 3 alpha: 0.5 beta: 0.75 norm_region: WITHIN_CHANNEL",
    "mvn": "y = MVN data",
    "mvn_across": "y = MVN data | across_channels: true",
    "mvn_novar": "y = MVN data | normalize_variance: false",
    "mvn_eps": "y = MVN data | eps: 0.1",
    "reduction_sum_axis1": "y = Reduction data | operation: SUM axis: 1",
    "reduction_mean_axis1": "y = Reduction data | operation: MEAN axis: 1",
    "reduction_asum_axis1": "y = Reduction data | operation: ASUM axis: 1",
    "reduction_sumsq_axis1": "y = Reduction data | operation: SUMSQ axis: 1",
    "reduction_mean_axis2": "y = Reduction data | operation: MEAN axis: 2",
    "reduction_sum_axis3": "y = Reduction data | operation: SUM axis: 3",
    "reduction_mean_axis1_coeff": "y = Reduction data | operation: MEAN axis: 1 coeff: 2",
    "tile_axis1": "y = Tile data | axis: 1 tiles: 2",
    "tile_axis2": "y = Tile data | axis: 2 tiles: 2",
    "argmax_axis1": "y = ArgMax data | axis: 1",
    "argmax_axis1_top2": "y = ArgMax data | axis: 1 top_k: 2",
    "argmax_axis1_val": "y = ArgMax data | axis: 1 out_max_val: true",
    "argmax_noaxis": "y = ArgMax data",
    "split_explicit": "a b = Split data\nc = TanH a\nd = Sigmoid b\ny = Eltwise c d | operation: SUM",
    "fanout_implicit": "c = TanH data\nd = Sigmoid data\ny = Eltwise c d | operation: SUM",
    "parameter_layer": "p = Parameter | shape { dim: 1 dim: 4 dim: 8 dim: 8 }\ny = Eltwise data p | operation: SUM",
    "two_outputs": "a = TanH data\nb = Sigmoid data",
    "output_inplace_end": "c = Convolution data | num_output: 4 kernel_size: 1\nc = ReLU c",
    "top_ne_layername": "other : y = TanH data",
    "inplace_then_fanout": """
        c = Convolution data | num_output: 4 kernel_size: 1
        c = ReLU c
        a = TanH c
        b = Sigmoid c
        y = Eltwise a b | operation: SUM""",
    "x_concat_single": "y = Concat data",
    "x_power_identity": "y = Power data",
    "x_eltwise_same_twice": "y = Eltwise data data | operation: PROD",
    "x_concat_same_twice": "y = Concat data data",
    "x_instancenorm_mvn_scale": "m = MVN data\ny = Scale m | bias_term: true",
    "x_pixelshuffle_deconv": "y = Deconvolution data | num_output: 1 kernel_size: 2 stride: 2 bias_term: false",
    "x_affine_as_dw1x1": "y = Convolution data | num_output: 4 group: 4 kernel_size: 1",
    "s2d_as_conv_k2s2": "y = Convolution data | num_output: 16 kernel_size: 2 stride: 2 bias_term: false",
    "shuffle_as_1x1conv": "y = Convolution data | num_output: 4 kernel_size: 1 bias_term: false",
    "ch_log": f"c = Convolution data | {CONV}\ns = Sigmoid c\na = Log s\ny = Power a | scale: 0.5",
    "ch_exp": f"c = Convolution data | {CONV}\na = Exp c\ny = Power a | scale: 0.5",
    "ch_dropout": f"c = Convolution data | {CONV}\na = Dropout c\ny = Power a | scale: 0.5",
    "ch_threshold": f"c = Convolution data | {CONV}\na = Threshold c\ny = Power a | scale: 0.5",
    "ch_clip": f"c = Convolution data | {CONV}\na = Clip c | min: 0 max: 1\ny = Power a | scale: 0.5",
    "ch_swish": f"c = Convolution data | {CONV}\na = Swish c\ny = Power a | scale: 0.5",
    "ch_scale2": f"c = Convolution data | {CONV}\na = Scale c data | axis: 0\ny = Power a | scale: 0.5",
    "ch_mvn": f"c = Convolution data | {CONV}\na = MVN c\ny = Power a | scale: 0.5",
    "ch_flatten_ip": f"c = Convolution data | {CONV}\na = Flatten c\ny = InnerProduct a | num_output: 3",
    "ch_crop_off_ref_conv": f"c = Convolution data | {CONV}\nr = Convolution c | num_output: 4 kernel_size: 3\n"
    "a = Crop c r | axis: 2 offset: 1 offset: 1\ny = Power a | scale: 0.5",
    "ch_maxpool_p6k13": f"c = Convolution data | {CONV}\ny = Pooling c | kernel_size: 13 stride: 1 pad: 6",
    "ch_maxpool_k5s1p2": f"c = Convolution data | {CONV}\ny = Pooling c | kernel_size: 5 stride: 1 pad: 2",
    "ch_sub_coeff": f"c = Convolution data | {CONV}\na = Eltwise c data | operation: SUM coeff: 1 coeff: -1\n"
    "y = Power a | scale: 0.5",
    "ch_wsum_by_power": f"c = Convolution data | {CONV}\na = Power c | scale: 0.3\nb = Power data | scale: 0.7\n"
    "y = Eltwise a b | operation: SUM",
    "ch_maximum_relu": f"c = Convolution data | {CONV}\ny = Eltwise c data | operation: MAX",
    "ch_mish_bnll": f"c = Convolution data | {CONV}\na = BNLL c\nb = TanH a\ny = Eltwise c b | operation: PROD",
    "ch_mish_sigmoid_only": f"""
        c = Convolution data | {CONV}
        n = Power c | scale: -1
        s = Sigmoid n
        q = Power s | power: 2
        r = Power q | power: -1 shift: 1
        t = Power r | scale: 2 shift: -1
        y = Eltwise c t | operation: PROD""",
    "ch_prelu_as_relu_pair": f"c = Convolution data | {CONV}\na = ReLU c\nn = Power c | scale: -1\nb = ReLU n\n"
    "s = Scale b\ny = Eltwise a s | operation: SUM",
    "ch_abs_as_relu_pair": f"c = Convolution data | {CONV}\na = ReLU c\nn = Power c | scale: -1\nb = ReLU n\n"
    "y = Eltwise a b | operation: SUM",
    "ch_gap_flatten_softmax": f"c = Convolution data | {CONV}\np = Pooling c | pool: AVE global_pooling: true\n"
    "f = Flatten p\ny = Softmax f",
    "y_elt_prod_sigmoid": f"c = Convolution data | {CONV}\ns = Sigmoid c\ny = Eltwise c s | operation: PROD",
    "y_softmax_chan_4d": f"c = Convolution data | {CONV}\ny = Softmax c",
    "y_ip_axis3_as_permfree_conv": "y = Convolution data | num_output: 5 kernel_h: 1 kernel_w: 8",
    "conv_dw_type_ConvolutionDepthwise": "y = ConvolutionDepthwise data | num_output: 4 kernel_size: 3",
    "conv_dw_type_DepthwiseConvolution": "y = DepthwiseConvolution data | num_output: 4 kernel_size: 3",
    "pool_max_k3s2_ceil_mode_false": "y = Pooling data | kernel_size: 3 stride: 2 ceil_mode: false",
    "pool_ave_k3s2_ceil_mode_false": "y = Pooling data | pool: AVE kernel_size: 3 stride: 2 ceil_mode: false",
    "x_pool_ceil_mode_true": "y = Pooling data | kernel_size: 3 stride: 2 ceil_mode: true",
    "x_pool_round_mode_CEIL": "y = Pooling data | kernel_size: 3 stride: 2 round_mode: CEIL",
    "permute_0231": "y = Permute data | order: 0 order: 2 order: 3 order: 1",
    "permute_0132": "y = Permute data | order: 0 order: 1 order: 3 order: 2",
    "permute_0312": "y = Permute data | order: 0 order: 3 order: 1 order: 2",
    "permute_flatten_reshape_ssd": """
        p = Permute data | order: 0 order: 2 order: 3 order: 1
        f = Flatten p
        y = Reshape f | shape { dim: 0 dim: -1 dim: 4 }""",
    "shuffle_reshape5_permute5": """
        r = Reshape data | shape { dim: 0 dim: 2 dim: 2 dim: 8 dim: 8 }
        p = Permute r | order: 0 order: 2 order: 1 order: 3 order: 4
        y = Reshape p | shape { dim: 0 dim: 4 dim: 8 dim: 8 }""",
    "shuffle_reshape4_permute4": """
        r = Reshape data | shape { dim: 0 dim: 2 dim: 2 dim: 64 }
        p = Permute r | order: 0 order: 2 order: 1 order: 3
        y = Reshape p | shape { dim: 0 dim: 4 dim: 8 dim: 8 }""",
    "ext_ShuffleChannel": "y = ShuffleChannel data | group: 2",
    "ext_Reorg_stride2": "y = Reorg data | stride: 2",
    "ext_Normalize_chan": "y = Normalize data | across_spatial: false channel_shared: false",
    "ext_Normalize_chan_shared": "y = Normalize data | across_spatial: false channel_shared: true",
    "ext_Normalize_across": "y = Normalize data | across_spatial: true channel_shared: false",
    "ext_Upsample_scale2": "y = Upsample data | scale: 2",
    "ext_Upsample_stride2": "y = Upsample data | scale: 1 stride: 2",
    "ext_Interp_zoom2": "y = Interp data | zoom_factor: 2",
    "ext_Interp_hw": "y = Interp data | height: 15 width: 13",
    "ext_Axpy": """
        p = Pooling data | pool: AVE global_pooling: true
        y = Axpy p data data""",
    "ext_MatMul": """
        a : a b = Slice data | axis: 2 slice_point: 3
        y = MatMul a data
        z = MatMul b data""",
    "ext_MatMul_three_axes": """
        a = Reshape data | shape { dim: 1 dim: 16 dim: 16 }
        b = TanH a
        y = MatMul a b""",
    "ext_MatMul_two_axes": """
        a = Reshape data | shape { dim: 16 dim: 16 }
        b = TanH a
        y = MatMul a b""",
    "ext_PassThrough": "y = PassThrough data | num_output: 16 block_height: 2 block_width: 2",
    "ch_upsample_Upsample": f"c = Convolution data | {CONV}\na = Upsample c | scale: 2\ny = Power a | scale: 0.5",
    **MORE,
    **{name: text for name, (text, _) in OF_WEIGHTS.items()},
}
SPOILT = {name: spoil for name, (_, spoil) in (OF_WEIGHTS | FURTHER).items()}
"""What is done to the weights of some."""
TEXTS: dict[str, str] = {
    **CASES,
    **{name: text for name, (text, _) in FURTHER.items()},
    **{name: text for cases in FOR_ONE.values() for name, (_, text) in cases.items()},
}
"""The nets of the table, further ones, and those for one reader."""
