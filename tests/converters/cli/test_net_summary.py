from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from converters.cli.main import convert
from converters.cli.net_summary import short
from tests.converters.caffe.files import TRAIN_VAL
from tests.documents.models import write_models

NETS = "from torch import nn\n\n\ndef small():\n    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("models")
    write_models(found)
    (found / "nets.py").write_text(NETS)
    return found


def summed(*words: str | Path) -> Result:
    return CliRunner().invoke(convert, ["summary", *map(str, words)])


def test_a_cfg_needs_no_weights(folder: Path) -> None:
    """The counts are those of the files, whichever of them are read."""
    cfg, weights = folder / "yolov4-tiny.cfg", folder / "yolov4-tiny.weights"
    CliRunner().invoke(convert, ["darknet", str(cfg), str(weights), "-o", str(folder / "deploy")])
    named = ([cfg], [cfg, weights], [folder / "deploy.prototxt"], [folder / "deploy"])
    alone, *others = (summed(*each) for each in named)
    assert alone.exit_code == 0
    assert [each.output for each in others] == [alone.output] * 3
    header, *_, name, parameters, memory = alone.output.splitlines()
    assert re.split(" {2,}", header) == ["layer", "type", "output", "parameters", "multiply-adds", "output bytes"]
    assert name.startswith("yolov4-tiny: 93 layers, 1.17 M multiply-adds, ")
    assert parameters == "parameters  51,561 (206 kB as float32)"
    assert memory.startswith("memory      ")


def test_json(folder: Path) -> None:
    """3 x 8 x 3 x 3 weights and 8 biases at 4 x 4 places."""
    done = summed(f"{folder / 'nets.py'}:small", "--input", "1x3x6x6", "--json")
    found = json.loads(done.stdout)
    assert found["parameters"] == 3 * 8 * 9 + 8
    (row,) = (row for row in found["rows"] if row["type"] == "Convolution")
    assert row["multiply_adds"] == row["products"] == found["products"] == 3 * 8 * 9 * 16
    assert found["multiply_adds"] == found["products"] + 8 * 16  # and those of a ReLU
    assert row["shapes"] == [[1, 8, 4, 4]]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (["yolov4-tiny.cfg", "--input", "1x3x64x64"], "--input: not an option for a Darknet model"),
        (["yolov4-tiny.cfg", "--allow-trailing"], "--allow-trailing: give the weights too"),
        (["nets.py:small", "--input", "1x3x6x6", "--until", "3"], "--until: not an option for a PyTorch model"),
        (["net.prototxt", "--fold-bn"], "--fold-bn: a prototxt is listed as it is"),
    ],
)
def test_options_of_other_models_are_refused(
    words: list[str], refused: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "net.prototxt").touch()
    done = summed(*words)
    assert done.exit_code == 2
    assert refused in done.stderr


def test_a_part_of_a_cfg(folder: Path) -> None:
    """Sections 0 to 2 are three convolutions, each with BatchNorm, Scale and ReLU, behind the input."""
    found = json.loads(summed(folder / "yolov4-tiny.cfg", "--until", "2", "--json").stdout)
    assert found["layers"] == 1 + 3 * 4


def test_equal_blobs_are_counted(tmp_path: Path) -> None:
    (tmp_path / "parts.prototxt").write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 6 dim: 2 dim: 2 } } }\n'
        'layer { name: "cut" type: "Slice" bottom: "x" top: "a" top: "b" top: "c" slice_param { slice_point: 1\n'
        "slice_point: 2 } }\n"
    )
    assert "  2 of 1x1x2x2, 1x4x2x2  " in summed(tmp_path / "parts.prototxt").output


def test_what_is_no_model(folder: Path) -> None:
    assert summed("a", "b", "c").exit_code == 2
    assert "there is no file" in summed(folder / "yolov3.cfg").output
    assert summed(folder / "dog.jpg").exit_code == 1


@pytest.mark.parametrize(("count", "text"), [(0, "0 "), (999, "999 "), (1_234, "1.23 k"), (5.6e9, "5.6 G")])
def test_counts_in_short(count: float, text: str) -> None:
    assert short(count) == text


def test_of_a_prototxt_for_training_the_net_for_inference_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "train_val.prototxt"
    path.write_text(TRAIN_VAL)
    assert "data has no size in the file" in summed(path).output
    listed = summed(path, "--input", "data=1x3x12x12").output
    types = [line.split()[1] for line in listed.splitlines()[1:-4]]
    assert types == ["Input", "Convolution", "ReLU", "Pooling", "Dropout", "InnerProduct", "ReLU"]
    numbers = 4 * 3 * 3 * 3 + 4 + 5 * 4 * 5 * 5 + 5  # pictures of 12 x 12, pooled to 5 x 5 as round_mode: FLOOR says
    assert f"parameters  {numbers} " in listed
