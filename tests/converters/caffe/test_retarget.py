from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.errors import ConversionError, Origin
from caffe_ir.files.writer import write
from caffe_ir.layers import Input, Parameter
from caffe_ir.layers.source import MatrixProduct
from caffe_ir.net import Net
from caffe_ir.passes.base import Options
from caffe_ir.passes.pipeline import lower
from caffe_ir.reference import run
from caffe_ir.targets import CAFFE, MNN, OPENCV, TARGETS
from converters.caffe import convert, retarget
from converters.caffe.check import check_file
from converters.verify import ENGINES, caffe_files
from converters.verify.source import inputs_of
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.targets.hand_made import CASES, values_for
from tests.caffe_ir.targets.hand_made import prototxt as hand_made
from tests.converters.caffe.files import CONV, INPUT, TRAIN_VAL, pair, prototxt

SIGMOID = 1e-5
"""OpenCV's own Sigmoid is off by some 4e-6."""
BLOCK = (
    INPUT
    + CONV
    + 'layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" batch_norm_param { eps: 0.001 } }\n'
    + 'layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }\n'
    + 'layer { name: "swish" type: "Swish" bottom: "conv" top: "conv" }\n'
)


@pytest.mark.parametrize("target", [CAFFE, OPENCV, MNN, TARGETS["tensorrt"]], ids=lambda target: target.name)
def test_a_target_that_computes_the_net_gets_it_as_it_is(target, tmp_path: Path) -> None:
    text = INPUT + CONV + 'layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }\n'
    net = convert(*pair(tmp_path, text))
    before = net.dump()
    assert retarget(net, target, Options()).dump() == before
    assert "nothing was rewritten" in net.notes[0].text


def test_an_output_that_was_computed_in_place_keeps_its_name(tmp_path: Path) -> None:
    net = retarget(convert(*pair(tmp_path, BLOCK)), CAFFE, Options())
    assert net.outputs == ["conv"]
    assert [node.layer.type_name() for node in net.nodes][-2:] == ["Sigmoid", "Eltwise"]


@pytest.mark.parametrize("target", [CAFFE, MNN], ids=lambda target: target.name)
def test_a_sum_in_place_gets_a_top_of_its_own(target, tmp_path: Path) -> None:
    text = hand_made("t = TanH data\ns = Sigmoid data\nq : t = Eltwise t s\ny = AbsVal t")
    net = convert(prototxt(tmp_path, text))
    assert net.node("q").in_place
    assert not retarget(net, target, Options()).node("q").in_place


@pytest.mark.parametrize(("target", "factor"), [("caffe2onnx", 1.0), ("tpu-mlir", 1.0), ("caffe", 0.0), ("mnn", 0.0)])
def test_a_factor_of_zero_is_written_as_one_for_readers_that_divide_by_it(
    target: str, factor: float, tmp_path: Path
) -> None:
    """Caffe takes a mean and a variance of 0 for it: the values are divided by the root of eps."""
    net = convert(*pair(tmp_path, "".join(BLOCK.splitlines(keepends=True)[:-1])))
    node = net.node("bn")
    net.update(node, replace(node, blobs=(*node.blobs[:2], Blob.of(np.zeros(1)))))
    net = retarget(net, TARGETS[target], Options())
    assert net.node("bn").blobs[2].load().tolist() == [factor]
    x = np.random.default_rng(3).normal(size=net.shapes["data"])
    values = run(net, {"data": x}, np.float64)
    node = net.node("bn")
    np.testing.assert_allclose(values[node.top], values[node.bottoms[0]] / np.sqrt(float(np.float32(0.001))))


def test_batch_norm_is_folded_where_that_is_asked(tmp_path: Path) -> None:
    net = retarget(convert(*pair(tmp_path, BLOCK)), CAFFE, Options(fold_batch_norm=True))
    assert "BatchNorm" not in {node.layer.type_name() for node in net.nodes}


def test_every_layer_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    text = INPUT + "".join(f'layer {{ name: "{name}" type: "ArgMax" bottom: "data" top: "{name}" }}\n' for name in "ab")
    with pytest.raises(ConversionError) as caught:
        retarget(convert(prototxt(tmp_path, text)), MNN, Options())
    assert [problem.origin.line for problem in caught.value.problems if problem.origin] == [2, 3]


@pytest.mark.parametrize("text", [BLOCK, TRAIN_VAL], ids=["block", "train_val"])
@pytest.mark.parametrize("folded", [False, True])
def test_opencv_computes_the_written_net_as_the_embedded_engine_the_source(
    text: str, folded: bool, tmp_path: Path
) -> None:
    net = convert(*pair(tmp_path, text, inputs=("data=1x3x12x12",)), input=["data=1x3x12x12"])
    x = np.random.default_rng(3).normal(size=(1, 3, 12, 12)).astype(np.float32)
    (wanted,) = (run(net, {"data": x.astype(np.float64)}, np.float64)[blob] for blob in net.outputs)
    made = retarget(net, CAFFE, Options(fold_batch_norm=folded))
    written = write(made, tmp_path / "made", CAFFE)
    files = caffe_files(written.prototxt, written.caffemodel)
    (found,) = ENGINES["opencv"].blobs(files, files.net.outputs, {"data": x})
    assert found is not None
    np.testing.assert_allclose(found, wanted, rtol=0, atol=SIGMOID * np.abs(wanted).max())


def inputs_by_origin(net: Net) -> dict[Origin | None, str]:
    """The blobs that come from outside, by the layers of the source: their names may be other ones afterwards."""
    return {node.origin: node.top for node in net.nodes if isinstance(node.layer, Input)}


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_whatever_is_rewritten_is_the_same_function(target, tmp_path: Path) -> None:
    """All hand-made nets, in float64, and nothing left that the target does not compute."""
    random, written = np.random.default_rng(4), 0
    for name, case in CASES.items():
        net = convert(*pair(tmp_path, hand_made(case)))
        given = {
            origin: values_for(net, net.shapes[top], random).astype(np.float64)
            for origin, top in inputs_by_origin(net).items()
        }
        truth = run(net, dict(zip(inputs_of(net), given.values(), strict=True)), np.float64)
        wanted = [truth[blob] for blob in net.outputs]
        try:
            retarget(net, target, Options())
        except ConversionError:
            continue
        left = {top: given[origin] for origin, top in inputs_by_origin(net).items()}
        assert len(left) == len(given) or any("only gives a size" in note.text for note in net.notes), name
        found = run(net, left, np.float64)
        written += 1
        for blob, values in zip(net.outputs, wanted, strict=True):
            np.testing.assert_allclose(found[blob], values, rtol=1e-9, atol=1e-9 * np.abs(values).max(), err_msg=name)
        assert not [verdict for _, verdict in target.verdicts(net) if verdict.is_fault], name
    assert written > len(CASES) / 2


@pytest.mark.parametrize("target", ["mnn", "ncnn"])
def test_numbers_that_another_layer_writes_at_run_time_are_refused_by_name(target: str, tmp_path: Path) -> None:
    net = net_of((1, 2, 64, 64))
    add(net, "other", Input(shape=(1, 2, 64, 64)), bottoms=())
    add(net, "product", MatrixProduct(), bottoms=("data", "other"))
    write(lower(net, CAFFE, Options()), tmp_path / "net", CAFFE)
    net = convert(tmp_path / "net.prototxt", tmp_path / "net.caffemodel")
    names = [node.name for node in net.nodes if isinstance(node.layer, Parameter)]
    assert names
    with pytest.raises(ConversionError, match="what another layer writes at run time") as caught:
        retarget(net, TARGETS[target], Options())
    assert [problem.what.partition(" ")[0] for problem in caught.value.problems] == names


TWICE = (
    "conv_bn_scale_relu_inplace", "pool_max_k3s2_roundFLOOR", "swish_beta", "ch_mish_sigmoid_only", "relu6_composed",
    "se_block_gap_ip_sig_scale", "ip_axis3", "slice_points", "deconv_bilinear_groupC", "inplace_then_fanout",
    "two_outputs", "permute_flatten_reshape_ssd", "ext_Reorg_stride2", "lrn_across", "in_input_dim", "v1_layers",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_a_net_written_for_a_target_is_left_as_it_is_for_that_target(target, tmp_path: Path) -> None:
    """The same bytes in both files, from nets that were rewritten for it and nets that were not."""
    compared = 0
    for name in TWICE:
        folder = tmp_path / name
        folder.mkdir()
        try:
            once = write(
                retarget(convert(*pair(folder, hand_made(CASES[name]))), target, Options()), folder / "a", target
            )
        except ConversionError:
            continue
        net = retarget(convert(once.prototxt, once.caffemodel), target, Options())
        twice = write(net, folder / "b", target)
        assert _bytes(twice) == _bytes(once), name
        compared += 1
    assert compared >= len(TWICE) / 2


def _bytes(files) -> tuple[str, bytes]:
    """The text without its comment, which names the other file, and the weights."""
    lines = Path(files.prototxt).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#")), Path(files.caffemodel).read_bytes()


EXCITED = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 dim: 16 dim: 16 } } }
layer { name: "mean" type: "Pooling" bottom: "data" top: "mean" pooling_param { pool: AVE global_pooling: true } }
layer { name: "factor" type: "Sigmoid" bottom: "mean" top: "factor" }
layer {
  name: "spread" type: "Deconvolution" bottom: "factor" top: "spread"
  convolution_param { num_output: 4 group: 4 kernel_size: 16 stride: 1 bias_term: false }
}
layer { name: "y" type: "Eltwise" bottom: "data" bottom: "spread" top: "y" eltwise_param { operation: PROD } }
"""


@pytest.mark.parametrize("target", ["ascend", "sigmastar"])
def test_a_factor_that_is_spread_by_a_large_kernel_is_written_otherwise(target: str, tmp_path: Path) -> None:
    net = convert(*pair(tmp_path, EXCITED))
    x = np.random.default_rng(0).normal(size=(1, 4, 16, 16))
    weights = net.node("spread").blobs[0].load()
    factor = 1 / (1 + np.exp(-x.mean((2, 3))))
    made = retarget(net, TARGETS[target], Options())
    assert "Deconvolution" not in [node.layer.type_name() for node in made.nodes]
    found = run(made, {"data": x}, np.float64)["y"]
    np.testing.assert_allclose(found, x * factor[..., None, None] * weights[:, 0][None], rtol=1e-6)


def test_a_batch_for_a_target_without_one_is_answered_with_the_option_that_helps(tmp_path: Path) -> None:
    """The deploy files of Caffe's own models take ten pictures."""
    files = pair(tmp_path, INPUT.replace("dim: 1 ", "dim: 10 ", 1) + CONV)
    with pytest.raises(ConversionError) as caught:
        retarget(convert(*files), TARGETS["ncnn"], Options())
    (problem,) = caught.value.problems
    assert problem.hint == "one picture at a time: --input data=1x3x12x12"
    (fault,) = check_file(files[0], [TARGETS["ncnn"]])["ncnn"]
    assert fault.hindrance == f"there is no batch axis; {problem.hint}"
    retarget(convert(*files, input=["data=1x3x12x12"]), TARGETS["ncnn"], Options())
