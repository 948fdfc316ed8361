from __future__ import annotations

import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from msgspec import Struct

from caffe_ir.blob import Blob
from caffe_ir.errors import NoteKind, Origin
from caffe_ir.files.writer import Written
from caffe_ir.layers import Convolution, Input, ReLU
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import CAFFE
from converters.cli.summary import show, verify_command
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions

HERE = Origin(layer="here")
HEADINGS = ("input", "outputs", "layers", "parameters", "written", "memory", "engines", "warning", "next")


@pytest.fixture
def files(tmp_path: Path) -> Written:
    """Files of 5, 12345 and 2 bytes."""
    paths = [tmp_path / name for name in ("deploy.prototxt", "deploy.caffemodel", "deploy.heads.json")]
    for path, size in zip(paths, (5, 12345, 2), strict=True):
        path.write_bytes(bytes(size))
    prototxt, caffemodel, heads = paths
    return Written(prototxt=prototxt, caffemodel=caffemodel, prototxt_bytes=5, caffemodel_bytes=12345, others=(heads,))


@pytest.fixture
def net() -> Net:
    """Two convolutions of 2 * 3 * 3 * 3 numbers, that they share."""
    made = Net(name="tiny")
    made.append(Node(name="data", layer=Input(shape=(1, 3, 8, 8)), tops=("data",), origin=HERE))
    weights = Blob.of(np.zeros((3, 3, 3, 3), np.float32))
    layer = Convolution(num_output=3, kernel_size=(3, 3), pad=(1, 1), bias_term=False)
    for name, bottom in (("a", "data"), ("b", "a")):
        made.append(
            Node(
                name=name,
                layer=layer,
                bottoms=(bottom,),
                tops=(name,),
                blobs=(weights,),
                param_names=("shared",),
                origin=HERE,
            )
        )
    made.append(Node(name="c", layer=ReLU(), bottoms=("b",), tops=("c",), origin=HERE))
    made.outputs = ["a", "c"]
    return made


def shown(
    net: Net, files: Written, capsys: pytest.CaptureFixture[str], *, verbose: bool = False, next_command: str = "look"
) -> str:
    show(net, files, CAFFE, next_command=next_command, verbose=verbose)
    return capsys.readouterr().out


def note(net: Net, kind: NoteKind, text: str, layer: str = "", line: int = 7) -> None:
    net.note(kind, text, Origin(layer=layer, what="[conv]", file="net.cfg", line=line) if layer else None)


def test_what_was_made(net: Net, files: Written, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = " ".join(shown(net, files, capsys).split())
    assert told == (
        "input data 1x3x8x8 outputs a 1x3x8x8, c 1x3x8x8 layers 4 (2 Convolution, 1 Input, 1 ReLU) parameters 81 "
        f"written {tmp_path}/deploy.prototxt (5 bytes) {tmp_path}/deploy.caffemodel (12,345 bytes) "
        f"{tmp_path}/deploy.heads.json (2 bytes) "
        "memory 0.0 MiB for blobs and 0.0 MiB for weights in Caffe (predicted) "
        "0.0 MiB inside its layers, such as the columns of convolutions "
        "engines right in caffe, caffe-master, ssd, opencv, mnn, ncnn, openvino, rknn2, caffe2onnx, x2paddle, portable "
        "right by source code only, not run by us: tensorrt, tpu-mlir, mace, tvm "
        "right by documentation only, not run by us: ascend, nnie, svp, rknn1, sigmastar, horizon "
        "refused by nncase: a, b: bias_term is False, where only [True] is known "
        "unknown in acuity, ambarella, novatek: no public list of layers "
        "next look"
    )


def test_memory_and_with_verbose_the_layers_that_take_most(files: Written, capsys: pytest.CaptureFixture[str]) -> None:
    net = Net(name="large")
    net.append(Node(name="data", layer=Input(shape=(1, 4, 256, 1024)), tops=("data",), origin=HERE))
    layer = Convolution(num_output=1, kernel_size=(1, 1), bias_term=False)
    net.append(
        Node(
            name="a", layer=layer, bottoms=("data",), tops=("a",), blobs=(Blob.of(np.ones((1, 4, 1, 1))),), origin=HERE
        )
    )
    net.append(Node(name="b", layer=ReLU(), bottoms=("a",), tops=("b",), in_place=True, origin=HERE))
    net.outputs = ["b"]
    line = "memory      5.0 MiB for blobs and 0.0 MiB for weights in Caffe (predicted)"
    assert line in shown(net, files, capsys).splitlines()
    lines = shown(net, files, capsys, verbose=True).splitlines()
    assert lines[lines.index(line) + 1 :][:3] == [
        "            0.0 MiB inside its layers, such as the columns of convolutions",
        "            4.0 MiB for data (Input, 1x4x256x1024)",
        "            1.0 MiB for a (Convolution, 1x1x256x1024)",
    ]


def test_notes_of_one_text_are_counted(net: Net, files: Written, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        note(net, "lowered", "A -> B", f"conv_{number}")
    note(net, "lowered", "C -> D", "conv_9")
    note(net, "assumed", "it is from Darknet", "net")
    note(net, "dropped", "some bytes")
    lines = shown(net, files, capsys).splitlines()
    assert "rewritten   5 x A -> B (conv_0, conv_1, conv_2 and 2 more)" in lines
    assert "            conv_9: C -> D" in lines
    assert "assumed     it is from Darknet" in lines
    assert "left out    some bytes" in lines


def test_notes_on_a_line_of_no_layer_name_the_line(
    net: Net, files: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    net.note("warning", "twice", Origin(layer="", file="nets/my.cfg", line=5))
    net.note("warning", "odd ends of lines", Origin(layer="", file="nets/my.cfg"))
    lines = shown(net, files, capsys).splitlines()
    assert "warning     my.cfg:5: twice" in lines
    assert "            odd ends of lines" in lines


def test_verbose_lists_every_note_with_its_place(net: Net, files: Written, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        note(net, "folded", f"A into {number}", f"conv_{number}", line=number)
    lines = shown(net, files, capsys, verbose=True).splitlines()
    assert [line[12:] for line in lines if "A into" in line] == [
        f"net.cfg:{number} [conv]: A into {number}" for number in range(20)
    ]


def test_many_rewrites_are_cut_short_and_warnings_never(
    net: Net, files: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(20):
        note(net, "folded", f"A into {number}", f"conv_{number}")
        note(net, "warning", f"odd {number}", f"conv_{number}")
    told = shown(net, files, capsys)
    assert told.count("A into") == 8
    assert "and 12 more, which -v lists\n" in told
    assert told.count("odd") == 20


@pytest.mark.parametrize(("columns", "widest"), [("60", 60), ("80", 80), ("300", 100)])
def test_lines_fit_the_terminal_and_what_is_copied_stays_whole(
    net: Net,
    files: Written,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
    widest: int,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    note(net, "warning", "many words " * 30, "conv_1")
    command = "convert verify " + "long/path/" * 20
    lines = shown(net, files, capsys, next_command=command).splitlines()
    assert all(len(line) <= widest for line in lines if "/" not in line)
    assert max(len(line) for line in lines if "many" in line) > widest - 12
    assert all(line[:12].strip() in ("", *HEADINGS) for line in lines)
    assert f"next        {command}" in lines
    assert any(str(files.caffemodel) in line for line in lines)


def test_a_count_and_what_it_counts_stay_together(
    net: Net, files: Written, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns in range(40, 60):
        monkeypatch.setenv("COLUMNS", str(columns))
        told = shown(net, files, capsys)
        assert all(pair in told for pair in ("2 Convolution", "1 Input", "1 ReLU", "c 1x3x8x8"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), []),
        ((DarknetOptions(), CaffeOptions()), []),
        ((DarknetOptions(bn="darknet-gpu"), CaffeOptions(fold_bn=True)), ["--bn", "darknet-gpu", "--fold-bn"]),
        ((PyTorchOptions(input=("1x3", "x=1x4")),), ["--input", "1x3", "--input", "x=1x4"]),
        ((PyTorchOptions(arguments={"a": "b c"}),), ["--arg", "a=b c"]),
    ],
)
def test_the_verify_command_can_be_typed_as_it_stands(
    files: Written, options: tuple[Struct, ...], words: list[str]
) -> None:
    @click.command()
    def tool() -> None:
        click.echo(verify_command((Path("my net.cfg"), "a;b"), files, *options))

    start = ["tocaffe", "verify", "my net.cfg", "a;b", str(files.prototxt)]
    assert shlex.split(CliRunner().invoke(tool, prog_name="tocaffe").stdout) == [*start, *words]
