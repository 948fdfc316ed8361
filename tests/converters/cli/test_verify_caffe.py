from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.layers import TanH
from converters.verify import caffe_files
from converters.verify.source import inputs_of
from tests.converters.caffe.files import CONV, INPUT, TRAIN_VAL, pair
from tests.converters.cli.given import converted, tool

without_pycaffe = pytest.mark.skipif(
    importlib.util.find_spec("caffe") is not None, reason="pycaffe comes before OpenCV"
)


def test_two_nets_that_were_not_made_of_each_other_are_compared_blob_by_blob(tmp_path: Path) -> None:
    first, second = pair(tmp_path, INPUT + CONV, name="a"), pair(tmp_path, INPUT + CONV, name="b")
    result = tool("verify", *first, *second, "--engine", "embedded")
    assert result.exit_code == 0, result.output


def test_a_net_that_was_converted_is_held_against_its_source_lowered(tmp_path: Path) -> None:
    swish = 'layer { name: "swish" type: "Swish" bottom: "conv" top: "conv" }\n'
    files = pair(tmp_path, INPUT + CONV + swish)
    converted("caffe", *files, "-o", tmp_path / "out")
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded")
    assert result.exit_code == 0, result.output
    assert "the Caffe net that it was made of" in result.stdout


def test_an_input_that_only_gave_a_size_is_not_asked_for(tmp_path: Path) -> None:
    """OpenCV, which has the source's Crop, is still given both."""
    ref = 'layer { name: "ref" type: "Input" top: "ref" input_param { shape { dim: 1 dim: 1 dim: 5 dim: 6 } } }\n'
    crop = 'layer { name: "crop" type: "Crop" bottom: "conv" bottom: "ref" top: "crop" crop_param { offset: 2 } }\n'
    files = pair(tmp_path, ref + INPUT + CONV + crop)
    result = converted("caffe", *files, "--target", "ncnn", "-o", tmp_path / "out")
    assert "the input ref only gives a size" in " ".join(result.stdout.split())
    np.savez(tmp_path / "in.npz", data=np.ones((1, 3, 12, 12), np.float32))
    for given in ((), ("--input", tmp_path / "in.npz")):
        result = tool("verify", *files, tmp_path / "out", "--engine", "embedded", "--engine", "opencv", *given)
        assert result.exit_code == 0, result.output
    net = caffe_files(tmp_path / "out.prototxt", tmp_path / "out.caffemodel").net
    assert inputs_of(net) == {"data": (1, 3, 12, 12)}


TANH = 'layer { name: "tanh" type: "TanH" bottom: "conv" top: "tanh" }\n'


@without_pycaffe
def test_opencv_runs_the_source_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this program reads wrongly is the same on both sides of it, and shows only beside another engine."""
    files = pair(tmp_path, INPUT + CONV + TANH)
    converted("caffe", *files, "-o", tmp_path / "out")
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded")
    assert result.exit_code == 0, result.output
    assert "meaning, opencv" in result.stdout
    assert "net.prototxt in OpenCV" in result.stdout
    monkeypatch.setattr(TanH, "_values", lambda layer, x: np.tanh(0.9 * x))
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded")
    assert result.exit_code == 1, result.output
    assert "first at fault: tanh" in result.stdout
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded", "--reference", "embedded")
    assert result.exit_code == 0, result.output


@without_pycaffe
def test_of_a_file_for_training_it_runs_the_layers_that_stay(tmp_path: Path) -> None:
    text = TRAIN_VAL.replace("round_mode: FLOOR", "")
    files = pair(tmp_path, text, inputs=("data=1x3x12x12",))
    converted("caffe", *files, "--input", "data=1x3x12x12", "-o", tmp_path / "out")
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded", "-v")
    assert result.exit_code == 0, result.output
    assert "net.prototxt, without what is for training, in OpenCV" in result.stdout
    assert "meaning, opencv     agrees" in result.stdout


@without_pycaffe
def test_without_another_engine_it_says_so(tmp_path: Path) -> None:
    files = pair(tmp_path, INPUT + 'layer { name: "n" type: "LRN" bottom: "data" top: "n" lrn_param { k: 2 } }\n')
    converted("caffe", *files, "-o", tmp_path / "out")
    result = tool("verify", *files, tmp_path / "out", "--engine", "embedded")
    assert result.exit_code == 0, result.output
    assert "the reference is this program alone" in result.stdout
    assert "opencv: n (LRN): k is ignored" in result.stdout


def test_darknet_is_no_reference_of_a_caffe_net(tmp_path: Path) -> None:
    files = pair(tmp_path, INPUT + CONV)
    converted("caffe", *files, "-o", tmp_path / "out")
    result = tool("verify", *files, tmp_path / "out", "--reference", "darknet")
    assert result.exit_code == 2
    assert "--reference darknet: the source is a Caffe net" in result.stderr
