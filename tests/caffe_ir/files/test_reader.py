from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir import reference
from caffe_ir.errors import ConversionError
from caffe_ir.files import reader
from caffe_ir.files.header import Origins
from caffe_ir.files.writer import write
from caffe_ir.float32 import Float32
from caffe_ir.given_files import LARGEST_TEXT
from caffe_ir.layer import Layer
from caffe_ir.layers import (
    LRN,
    BatchNorm,
    ChannelReorg,
    Convolution,
    Eltwise,
    Flatten,
    HalfPixelInterp,
    Interp,
    MeanLRN,
    Pooling,
    ReLU,
    Reorg,
    Scale,
    Slice,
)
from caffe_ir.proto import caffe_pb2
from caffe_ir.targets import CAFFE, TARGETS
from tests.caffe_ir.build import add, net_of


def text(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "net.prototxt"
    path.write_text(body)
    return path


INPUT = 'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 dim: 4 dim: 4 } } }\n'


def test_what_was_written_comes_back_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    net = net_of((1, 2, 6, 6))
    add(
        net,
        "conv",
        Convolution(num_output=4, kernel_size=(3, 1), pad=(1, 0)),
        rng.normal(size=(4, 2, 3, 1)).astype("f"),
        np.zeros(4, "f"),
    )
    bn = BatchNorm(use_global_stats=True, eps=Float32(1e-12))
    add(net, "bn", bn, np.zeros(4, "f"), np.ones(4, "f"), np.ones(1, "f"), in_place=True)
    add(net, "scale", Scale(bias_term=True), np.ones(4, "f"), np.ones(4, "f"), in_place=True)
    add(net, "relu", ReLU(negative_slope=Float32(0.1)), in_place=True)
    add(net, "parts", Slice(slice_point=(1,)), tops=("one", "three"))
    add(net, "pool", Pooling(pool="MAX", kernel_size=(2, 2), stride=(2, 2)), bottoms=("three",))
    add(net, "pool_again", ReLU(), bottoms=("pool",))
    add(net, "sum", Eltwise(operation="SUM", coeff=(1.0, -0.5)), bottoms=("pool", "pool_again"))
    add(net, "flat", Flatten())
    net.outputs = ["one", "flat"]
    written = write(net, tmp_path / "net", CAFFE)
    back = reader.read(written.prototxt, written.caffemodel)
    assert back.dump() == net.dump()
    assert [node.layer for node in back.nodes] == [node.layer for node in net.nodes]
    feeds = {"data": rng.normal(size=(1, 2, 6, 6))}
    before, after = reference.run(net, feeds, np.float64), reference.run(back, feeds, np.float64)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert back.node("relu").origin.line is not None


def test_old_inputs_and_layers_for_training(tmp_path: Path) -> None:
    path = text(
        tmp_path,
        'input: "data" input_dim: 1 input_dim: 2 input_dim: 4 input_dim: 4\n'
        'layer { name: "d" type: "Dropout" bottom: "data" top: "data" include { phase: TRAIN } }\n'
        'layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" exclude { phase: TRAIN } }\n',
    )
    net = reader.read(path)
    assert [node.name for node in net.nodes] == ["data", "relu"]
    assert net.shapes["relu"] == (1, 2, 4, 4)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('layer { name: "a" type: "ReLU" unpool_param { scale: 2 } }', "unpool_param"),
        ('layer { name: "a" type: "ReLU" bottom: "nowhere" top: "a" }', "net.prototxt:1.*nowhere"),
        (INPUT + 'layer { name: "a" type: "Mihs" bottom: "data" top: "a" }', "net.prototxt:2.*'Mihs'"),
        (INPUT + 'layer { name: "a" type: "Crop" bottom: "data" top: "a" }', "bottoms"),
        (
            INPUT + 'layer { name: "a" type: "Proposal" bottom: "data" top: "a" }',
            "net.prototxt:2.*chosen by their scores",
        ),
        (
            INPUT + 'layer {\n name: "a"\n type: "Proposal"\n bottom: "data"\n top: "a"\n'
            " proposal_param { feat_stride: 16 }\n}",
            "net.prototxt:2.*'Proposal'.*chosen by their scores",
        ),
        (
            INPUT + 'layer { name: "a" type: "Resize" bottom: "data" top: "a" resize_param { height: 9 } }',
            "net.prototxt:2.*write Interp",
        ),
        (
            INPUT + 'layer { name: "a" type: "Convolution" bottom: "data" top: "a"'
            " convolution_param { num_output: 1 kernel_size: 3 hole: 2 dilation: 2 } }",
            "hole and dilation say twice",
        ),
        (INPUT + 'layer { name: "a" type: "Resize" bottom: "data" top: "a" }', "write Interp"),
        (
            INPUT + 'layer { name: "a" type: "Python" bottom: "data" top: "a" '
            'python_param { module: "rpn.proposal_layer" layer: "ProposalLayer" } }',
            "rpn.proposal_layer.ProposalLayer.*chosen by their scores",
        ),
        ('layers { layer { name: "a" type: "relu" } }', "oldest form"),
        ("\0\1", "net.prototxt"),
    ],
)
def test_what_caffe_refuses_is_told(tmp_path: Path, body: str, told: str) -> None:
    with pytest.raises(ConversionError, match=told):
        reader.read(text(tmp_path, body))


def test_a_net_without_layers_is_refused(tmp_path: Path) -> None:
    for body in ("", 'name: "nothing"', INPUT.replace("} } }", "} } include { phase: TRAIN } }")):
        with pytest.raises(ConversionError, match="has no layer"):
            reader.read(text(tmp_path, body))


def test_weights_that_do_not_fit_hide_nothing_of_what_is_behind_them(tmp_path: Path) -> None:
    convolution = 'layer {{ name: "{0}" type: "Convolution" bottom: "{1}" top: "{0}" convolution_param {{ {2} }} }}\n'
    body = INPUT + convolution.format("a", "data", "num_output: 3 kernel_size: 1")
    body += convolution.format("b", "a", "num_output: 4 kernel_size: 1")
    caffemodel = model(tmp_path / "net.caffemodel", a=[(5, 2, 1, 1), (5,)])
    with pytest.raises(ConversionError) as caught:
        reader.read(text(tmp_path, body), caffemodel)
    assert [problem.what for problem in caught.value.problems] == [
        "a takes weights 3x2x1x1, 3; the caffemodel has 5x2x1x1, 5",
        "the caffemodel has no weights for b",
    ]


def test_a_target_refuses_layers_of_forks_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    mish = 'layer { name: "a" type: "Mish" bottom: "data" top: "a" }\n'
    path.write_text(f'{INPUT}{mish}layer {{ name: "b" type: "Swish" bottom: "a" top: "b" }}', encoding="utf-8")
    assert [type(node.layer).__name__ for node in reader.read(path).nodes] == ["Input", "Mish", "Swish"]
    with pytest.raises(ConversionError) as caught:
        reader.read(path, target=CAFFE)
    assert [(problem.origin.line, problem.why) for problem in caught.value.problems if problem.origin] == [
        (2, "BVLC Caffe 1.0 has no layer Mish"),
        (3, "BVLC Caffe 1.0 has no layer Swish"),
    ]


def model(path: Path, **blobs: list[tuple[int, ...]]) -> Path:
    message = caffe_pb2.NetParameter()
    for name, shapes in blobs.items():
        layer = message.layer.add(name=name)
        for shape in shapes:
            layer.blobs.add(shape=caffe_pb2.BlobShape(dim=shape), data=np.zeros(int(np.prod(shape))))
    path.write_bytes(message.SerializeToString())
    return path


CONV = (
    INPUT
    + 'layer { name: "c" type: "Convolution" bottom: "data" top: "c" '
    + "convolution_param { num_output: 3 kernel_size: 1 } }\n"
)


def test_weights_must_be_there_and_fit(tmp_path: Path) -> None:
    path = text(tmp_path, CONV)
    with pytest.raises(ConversionError, match="no weights for c"):
        reader.read(path, model(tmp_path / "none", other=[(1,)]))
    with pytest.raises(ConversionError, match="takes weights 3x2x1x1, 3;"):
        reader.read(path, model(tmp_path / "other", c=[(3, 2, 1, 1), (2,)]))
    assert reader.read(path, model(tmp_path / "right", c=[(3, 2, 1, 1), (3,)])).node("c").blobs[0].shape == (3, 2, 1, 1)


def test_the_four_old_numbers_fit_from_the_right(tmp_path: Path) -> None:
    message = caffe_pb2.NetParameter()
    layer = message.layer.add(name="c")
    layer.blobs.add(num=3, channels=2, height=1, width=1, data=range(6))
    layer.blobs.add(num=1, channels=1, height=1, width=3, data=range(3))
    (tmp_path / "m").write_bytes(message.SerializeToString())
    net = reader.read(text(tmp_path, CONV), tmp_path / "m")
    assert net.node("c").blobs[1].load().tolist() == [0, 1, 2]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = text(
        tmp_path,
        INPUT + 'layer { name: "a" type: "Sigmoidal" bottom: "data" top: "a" }\n'
        'layer { name: "r" type: "ReLU" bottom: "a" top: "a" }\n'
        'layer { name: "b" type: "Slice" bottom: "data" top: "p" slice_param { slice_point: 9 } }\n'
        'layer { name: "c" type: "Eltwise" bottom: "p" bottom: "a" top: "c" }\n',
    )
    with pytest.raises(ConversionError) as caught:
        reader.read(path)
    assert [problem.origin.line for problem in caught.value.problems if problem.origin] == [2, 4]


def test_two_layers_that_write_one_blob_are_refused_as_caffe_does(tmp_path: Path) -> None:
    path = text(
        tmp_path,
        INPUT + 'layer { name: "a" type: "ReLU" bottom: "data" top: "x" }\n'
        'layer { name: "b" type: "TanH" bottom: "data" top: "x" }\n',
    )
    with pytest.raises(ConversionError, match=r":3 TanH: b writes x \(an earlier layer writes it"):
        reader.read(path)


def test_a_layer_in_place_that_is_called_as_a_later_blob(tmp_path: Path) -> None:
    path = text(
        tmp_path,
        INPUT + 'layer { name: "a" type: "Sigmoid" bottom: "data" top: "a" }\n'
        'layer { name: "relu" type: "ReLU" bottom: "a" top: "a" }\n'
        'layer { name: "b" type: "TanH" bottom: "a" top: "relu" }\n',
    )
    net = reader.read(path)
    net.check()
    assert net.node("relu").tops == ("relu_2",)
    assert net.node("b").bottoms == ("relu_2",)
    assert net.outputs == ["relu"]


@pytest.mark.parametrize(
    ("rule", "runs"),
    [
        ("include { phase: TEST }", True),
        ("include { phase: TRAIN }", False),
        ("include { phase: TRAIN } include { phase: TEST }", True),
        ('include { stage: "deploy" }', False),
        ('include { not_stage: "deploy" }', True),
        ("include { min_level: 1 }", False),
        ("include { max_level: 0 }", True),
        ("include { max_level: -1 }", False),
        ("exclude { phase: TRAIN }", True),
        ("exclude { phase: TEST }", False),
        ("exclude { }", False),
        ('exclude { stage: "deploy" }', True),
    ],
)
def test_layers_run_where_caffe_runs_them(tmp_path: Path, rule: str, runs: bool) -> None:
    """net.cpp, FilterNet and StateMeetsRule, for a net at phase TEST, level 0, without stages."""
    layer = f'layer {{ name: "r" type: "ReLU" bottom: "data" top: "r" {rule} }}\n'
    assert reader.read(text(tmp_path, INPUT + layer)).has("r") == runs


@pytest.mark.parametrize(
    ("rule", "runs"),
    [
        ('include { stage: "deploy" }', True),
        ('include { stage: "deploy" stage: "small" }', False),
        ('include { not_stage: "deploy" }', False),
        ('exclude { stage: "deploy" }', False),
        ("include { min_level: 1 }", False),
    ],
)
def test_stages_that_the_file_sets_count_and_its_phase_and_level_do_not(tmp_path: Path, rule: str, runs: bool) -> None:
    """net.cpp, Net(param_file, phase, level): phase and level are set from outside, stages are added."""
    state = 'state { phase: TRAIN level: 1 stage: "deploy" }\n'
    layer = f'layer {{ name: "r" type: "ReLU" bottom: "data" top: "r" {rule} }}\n'
    assert reader.read(text(tmp_path, state + INPUT + layer)).has("r") == runs


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="cannot read"):
        reader.read(tmp_path / "none.prototxt")


def test_what_is_no_prototxt_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="a pipe or a device"):
        reader.read("/dev/zero")
    path = tmp_path / "net.caffemodel"
    path.write_bytes(b"\xff")
    with pytest.raises(ConversionError, match=r"not text.*\n.*give the prototxt"):
        reader.read(path)
    with open(path, "r+b") as file:
        file.truncate(LARGEST_TEXT + 1)
    with pytest.raises(ConversionError, match=r"more than 64 MB.*\n.*give the prototxt"):
        reader.read(path)


def test_what_a_file_leaves_to_the_shapes_is_worked_out(tmp_path: Path) -> None:
    path = text(
        tmp_path,
        'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 6 dim: 4 } } }\n'
        'layer { name: "c" type: "Convolution" bottom: "data" top: "c" '
        "convolution_param { num_output: 6 kernel_size: 3 pad: 1 } }\n"
        'layer { name: "s" type: "Slice" bottom: "c" top: "a" top: "b" top: "d" }\n'
        'layer { name: "t" type: "Split" bottom: "a" top: "e" top: "f" top: "g" }\n',
    )
    net = reader.read(path)
    assert net.shapes["c"] == (1, 6, 4)
    assert net.shapes["d"] == (1, 2, 4)
    assert net.shapes["g"] == (1, 2, 4)


def test_the_old_form_is_read_like_todays_with_its_lines(tmp_path: Path) -> None:
    path = text(
        tmp_path,
        'input: "data" input_dim: 1 input_dim: 2 input_dim: 4 input_dim: 4\n'
        'layers { name: "c" type: CONVOLUTION bottom: "data" top: "c"\n'
        "  convolution_param { num_output: 3 kernel_size: 3 } }\n"
        'layers { name: "r" type: RELU bottom: "c" top: "c" }\n',
    )
    net = reader.read(path)
    assert [(node.name, type(node.layer), node.origin.line) for node in net.nodes[1:]] == [
        ("c", Convolution, 2),
        ("r", ReLU, 4),
    ]
    assert net.node("r").in_place


def test_a_name_on_the_second_weights_alone_stays_there(tmp_path: Path) -> None:
    shared = CONV.replace('top: "c" ', 'top: "c" param { lr_mult: 1 } param { name: "bias" } ')
    net = reader.read(text(tmp_path, shared), model(tmp_path / "m", c=[(3, 2, 1, 1), (3,)]))
    assert net.node("c").param_names == ("", "bias")
    again = write(net, tmp_path / "again", CAFFE)
    assert reader.read(again.prototxt, again.caffemodel).node("c").param_names == ("", "bias")


@pytest.mark.parametrize(
    ("layer", "others", "target"),
    [
        (HalfPixelInterp(height=9, width=7), Interp(height=9, width=7), "ncnn"),
        (ChannelReorg(stride=2), Reorg(stride=2), "ncnn"),
        (MeanLRN(local_size=3), LRN(local_size=3), "x2paddle"),
    ],
    ids=["Interp", "Reorg", "LRN"],
)
def test_a_type_means_what_the_target_of_the_file_takes_it_for(
    tmp_path: Path, layer: Layer, others: Layer, target: str
) -> None:
    net = net_of((1, 4, 6, 8))
    add(net, "y", layer)
    write(net, tmp_path / "ours", TARGETS[target], origins=Origins(command="convert"))
    assert reader.read(tmp_path / "ours.prototxt").node("y").layer == layer
    lines = (tmp_path / "ours.prototxt").read_text().splitlines()
    (tmp_path / "any.prototxt").write_text("\n".join(line for line in lines if not line.startswith("#")))
    assert reader.read(tmp_path / "any.prototxt").node("y").layer == others
