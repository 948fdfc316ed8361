from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from caffe_ir.files.reader import read
from converters.cli.init import init

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 64 kernel_size: 3
                            weight_filler { type: "FILLER" } bias_filler { value: 0.2 } } }
"""


def run(folder: Path, text: str, *options: str):
    (folder / "net.prototxt").write_text(text)
    return CliRunner().invoke(init, [str(folder / "net.prototxt"), *options])


def weights(folder: Path, name: str = "net.caffemodel") -> np.ndarray:
    return np.array(read(folder / "net.prototxt", folder / name).node("conv").blobs[0].load())


def test_a_caffemodel_beside_the_prototxt(tmp_path: Path) -> None:
    result = run(tmp_path, NET.replace("FILLER", "xavier"))
    assert result.exit_code == 0
    assert "1 layer with weights" in result.output
    assert 0.95 < np.abs(weights(tmp_path)).max() / (3 / 27) ** 0.5 <= 1
    assert set(read(tmp_path / "net.prototxt", tmp_path / "net.caffemodel").node("conv").blobs[1].load()) == {
        np.float32(0.2)
    }


def test_a_seed_and_a_place(tmp_path: Path) -> None:
    text = NET.replace("FILLER", "msra")
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert run(tmp_path, text, "-o", str(tmp_path / name), "--seed", str(seed), "-q").output == ""
    first, same, other = ((tmp_path / f"{name}.caffemodel").read_bytes() for name in "abc")
    assert first == same != other


@pytest.mark.parametrize(
    ("output", "written"),
    [
        ("made", "made.caffemodel"),
        ("made.caffemodel", "made.caffemodel"),
        ("made.prototxt", "made.caffemodel"),
        ("made.caffemodel.h5", "made.caffemodel.h5"),
        ("new/folder/made", "new/folder/made.caffemodel"),
        ("new/", "new/net.caffemodel"),
        ("made.v2", "made.v2.caffemodel"),
    ],
)
def test_the_file_has_its_ending(tmp_path: Path, output: str, written: str) -> None:
    """As the files of a conversion have, whose -o is a name without one."""
    result = run(tmp_path, NET.replace("FILLER", "xavier"), "-o", f"{tmp_path}/{output}")
    assert f"written  {tmp_path}/{written} (" in result.output
    assert weights(tmp_path, written).any()


def test_what_cannot_be_filled_is_told_and_nothing_written(tmp_path: Path) -> None:
    result = run(tmp_path, NET.replace("FILLER", "magic"))
    assert result.exit_code == 1
    assert "net.prototxt:3 Convolution: conv cannot be filled: 'magic' is not one of Caffe's fillers" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["net.prototxt"]


def test_weights_that_are_there_are_not_replaced(tmp_path: Path) -> None:
    """As those of a conversion, over which the fillers' would be zeros."""
    text = NET.replace("FILLER", "xavier")
    assert run(tmp_path, text).exit_code == 0
    before = (tmp_path / "net.caffemodel").read_bytes()
    told = run(tmp_path, text, "--seed", "1")
    assert told.exit_code == 1
    assert "net.caffemodel already exists (its weights would be lost to those that the fillers make)" in told.output
    assert "-> --force replaces it; or write to another place" in told.output
    assert (tmp_path / "net.caffemodel").read_bytes() == before
    assert run(tmp_path, text, "--seed", "1", "--force").exit_code == 0
    assert (tmp_path / "net.caffemodel").read_bytes() != before
