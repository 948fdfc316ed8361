from __future__ import annotations

import json
from pathlib import Path

import pytest

from caffe_ir.files.header import Origins, with_header
from caffe_ir.proto import caffe_pb2
from converters.options.caffe import TARGETS
from tests.converters.cli.given import tool

INPUT = 'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 dim: 8 dim: 8 } } }\n'
SWISH = 'layer { name: "swish" type: "Swish" bottom: "data" top: "swish" }\n'
LRN = 'layer { name: "lrn" type: "LRN" bottom: "data" top: "lrn" lrn_param { k: 2 alpha: 1 } }\n'


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.prototxt"
    path.write_text(INPUT + SWISH + LRN)
    return path


def test_a_layer_is_named_with_file_line_reason_source_and_what_helps(net: Path) -> None:
    result = tool("check", net, "--target", "opencv", "--target", "mnn")
    assert result.exit_code == 1
    opencv, mnn = result.stdout.split(f"{net} for mnn")
    assert f"{net} for opencv (OpenCV DNN 4): 1 wrong\n  {net}:3 LRN: lrn is computed WRONGLY, without a mess" in opencv
    assert "k is ignored\n      known: run by us: trial lrn_across_k2" in opencv
    assert "-> can be rewritten: LRN(k=2.0) -> LRN with k 1, times k to the power of -beta" in opencv
    assert f"{net}:2 Swish: swish is refused: MNN has no layer Swish" in mnn
    assert "-> can be rewritten: Swish() -> Sigmoid, times x" in mnn


def test_the_stem_of_the_files_is_taken_too(net: Path) -> None:
    whole, stem = (tool("check", name, "--target", "mnn") for name in (net, net.with_suffix("")))
    assert stem.stdout == whole.stdout


def test_without_a_target_a_table_of_all(net: Path) -> None:
    result = tool("check", net)
    assert result.exit_code == 1
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines()[1:-1]}
    assert list(rows) == list(TARGETS)
    assert rows["caffe"][1:6] == ["refused", "1", "1", "of", "1"]
    assert rows["opencv"][1:6] == ["WRONG", "1", "1", "of", "1"]
    assert rows["sigmastar"][-1] == "documents"
    assert "--target NAME lists the layers" in result.stdout


def test_a_net_that_is_computed_rightly_ends_with_0(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(INPUT + SWISH)
    result = tool("check", tmp_path / "net.prototxt", "--target", "opencv")
    assert result.exit_code == 0
    assert "every layer is computed rightly" in result.stdout


@pytest.mark.parametrize("source", ["pytorch", "caffe"])
def test_what_has_no_form_may_have_one_from_the_source(source: str, tmp_path: Path) -> None:
    """A file of ours names the command that wrote it; a Caffe net is what `check` has looked at already."""
    text = INPUT + 'layer { name: "y" type: "ArgMax" bottom: "data" top: "y" }\n'
    origins = Origins(command="convert pytorch model.pt2 --target caffe --fold-bn", options={"source": source})
    (tmp_path / "net.prototxt").write_text(with_header(text, origins, "caffe", {}))
    result = tool("check", tmp_path / "net.prototxt", "--target", "mnn")
    assert "-> cannot be rewritten" in result.stdout
    told = "  The source may still have a form for it: convert pytorch model.pt2 --fold-bn --target mnn\n"
    assert (told in result.stdout) == (source == "pytorch")


def test_what_an_engine_does_not_read_of_the_weights(tmp_path: Path) -> None:
    """ncnn reads one that Caffe wrote before 2014 as a file without weights, and ends without a message."""
    prototxt, caffemodel = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    prototxt.write_text(
        INPUT + 'layer { name: "y" type: "InnerProduct" bottom: "data" top: "y" '
        "inner_product_param { num_output: 2 bias_term: false } }"
    )
    weights = caffe_pb2.NetParameter()
    weights.layers.add(name="y").blobs.add(data=[0.5] * 512, num=1, channels=1, height=2, width=256)
    caffemodel.write_bytes(weights.SerializeToString())
    assert tool("check", prototxt, caffemodel, "--target", "opencv").exit_code == 0
    result = tool("check", prototxt, caffemodel, "--target", "ncnn")
    assert result.exit_code == 1
    assert (
        f"{caffemodel} weights: net.caffemodel is refused: ncnn does not read weights in the old form" in result.stdout
    )
    assert "can be rewritten: its weights are written anew, as Caffe writes them" in result.stdout


def test_the_same_as_json(net: Path) -> None:
    found = json.loads(tool("check", net, "--json").stdout)
    assert set(found) == set(TARGETS)
    assert found["caffe"] == [
        {
            "layer": "swish", "type": "Swish", "file": str(net), "line": 2, "effect": "refused",
            "why": "BVLC Caffe 1.0 has no layer Swish", "evidence": "run", "source": found["caffe"][0]["source"],
            "rewrite": "Swish() -> Sigmoid, times x", "hindrance": None,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (INPUT + 'layer { name: "a" type: "Mihs" bottom: "data" top: "a" }', ["net.prototxt:2 Mihs", "mean Mish?"]),
        (
            'layer { name: "a" type: "ReLU" bottom: "b" top: "a" }',
            ["net.prototxt:1 ReLU", "nothing before it"],
        ),
        (
            INPUT + 'layer { name: "a" type: "Crop" bottom: "data" top: "a" }\n'
            'layer { name: "b" type: "Foo" bottom: "a" top: "b" }',
            ["net.prototxt:2 Crop", "1 bottoms", "net.prototxt:3 Foo", "2 refused"],
        ),
    ],
    ids=["an unknown type", "an unknown blob", "two layers"],
)
def test_a_net_that_no_caffe_runs_falls_short_everywhere(tmp_path: Path, text: str, said: list[str]) -> None:
    (tmp_path / "net.prototxt").write_text(text)
    result = tool("check", tmp_path / "net.prototxt", "--target", "caffe")
    assert result.exit_code == 1
    assert [part for part in said if part not in result.stdout] == []
    table = tool("check", tmp_path / "net.prototxt")
    assert table.exit_code == 1
    assert all(row.split()[1] == "refused" for row in table.stdout.splitlines()[1:-1])


def test_a_file_that_cannot_be_parsed_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(INPUT + "layer {")
    result = tool("check", tmp_path / "net.prototxt")
    assert result.exit_code == 2
    assert "cannot be checked" in result.output


def test_an_unknown_target_is_refused_with_the_names_that_are_near(net: Path) -> None:
    result = tool("check", net, "--target", "ncn")
    assert result.exit_code == 2
    assert "did you mean ncnn?" in result.output


def test_what_cannot_be_rewritten_is_said(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(INPUT + 'layer { name: "a" type: "ArgMax" bottom: "data" top: "a" }')
    told = tool("check", tmp_path / "net.prototxt", "--target", "mnn").stdout
    assert "-> cannot be rewritten: no other exact form of it is known" in told
