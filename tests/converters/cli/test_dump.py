from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from caffe_ir.files.writer import write
from caffe_ir.layers import Parameter
from caffe_ir.targets import CAFFE
from converters.cli.dump import dump
from tests.caffe_ir.build import add, net_of


def run(*arguments: object) -> tuple[int, list[list[str]], str]:
    result = CliRunner().invoke(dump, [str(each) for each in arguments])
    return result.exit_code, [line.split() for line in result.output.splitlines()], result.output


def test_a_checkpoint_with_its_statistics(tmp_path: Path) -> None:
    values = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    holed = values.clone()
    holed[0, :7] = float("nan")
    torch.save({"model": {"a.weight": values, "b": holed.bfloat16(), "n": torch.tensor(3)}}, tmp_path / "w.pth")
    code, rows, _ = run(tmp_path / "w.pth")
    assert code == 0
    assert rows[0] == ["name", "shape", "type", "mean", "std", "min", "max", "nan"]
    assert rows[1][:3] == ["model.a.weight", "40x30", "float32"]
    wanted = [values.double().mean(), values.double().std(correction=0), values.min(), values.max()]
    np.testing.assert_allclose([float(cell) for cell in rows[1][3:]], [float(each) for each in wanted], rtol=1e-5)
    assert rows[2][2] == "bfloat16"
    assert rows[2][7] == "7"
    assert rows[3] == ["model.n", "()", "int64", "3", "0", "3", "3"]


def test_numbers_too_large_for_their_type_do_not_run_over(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", half=np.full(100, 60000, np.float16), none=np.zeros((0, 2), np.float32))
    _, rows, _ = run(tmp_path / "w.npz")
    assert rows[1][3:] == ["60000", "0", "60000", "60000"]
    assert rows[2] == ["none", "0x2", "float32"]


def test_arrays_under_their_names(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.arange(6.0).reshape(2, 3), "half": torch.ones(2).half()}, tmp_path / "w.pth")
    code, _, _ = run(tmp_path / "w.pth", "--npz", tmp_path / "out.npz")
    assert code == 0
    with np.load(tmp_path / "out.npz") as found:
        assert found.files == ["conv.weight", "half"]
        np.testing.assert_array_equal(found["conv.weight"], np.arange(6).reshape(2, 3))
        assert found["half"].dtype == np.float16
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.npz", "w.pth"]


@pytest.mark.parametrize("hdf5", [False, True])
def test_a_caffemodel(hdf5: bool, tmp_path: Path) -> None:
    net = net_of((1, 2))
    add(net, "p", Parameter(shape=(2, 2)), np.arange(4, dtype="f").reshape(2, 2), bottoms=())
    _, rows, _ = run(write(net, tmp_path / "net", CAFFE, hdf5=hdf5).caffemodel)
    assert rows[1:] == [["p.0", "2x2", "float32", "1.5", "1.11803", "0", "3"]]


def test_darknet_needs_its_cfg(tmp_path: Path) -> None:
    cfg = "[net]\nwidth=4\nheight=4\nchannels=1\n[convolutional]\nfilters=2\nsize=1\nstride=1\nactivation=linear\n"
    (tmp_path / "a.cfg").write_text(cfg)
    (tmp_path / "a.weights").write_bytes(struct.pack("<iiiQ", 0, 2, 0, 0) + np.arange(4, dtype="<f4").tobytes())
    code, _, output = run(tmp_path / "a.weights")
    assert code == 1
    assert f"convert dump {tmp_path / 'a.cfg'} {tmp_path / 'a.weights'}" in output
    code, rows, _ = run(tmp_path / "a.cfg", tmp_path / "a.weights")
    assert code == 0
    assert [row[1:4] for row in rows[1:]] == [["2x1x1x1", "float32", "2.5"], ["2", "float32", "0.5"]]


def test_three_files_are_wrong_usage(tmp_path: Path) -> None:
    assert run("a", "b", "c")[0] == 2


def test_an_npz_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / "w.pth")
    code, _, output = run(tmp_path / "w.pth", "--npz", tmp_path / "w.pth" / "out.npz")
    assert code == 1
    assert "w.pth is not a folder, but a file" in output


def test_an_npz_replaces_its_like_and_nothing_else(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.ones(1))
    np.savez(tmp_path / "mine.npz", a=np.ones(2))
    for _ in range(2):
        assert run(tmp_path / "w.npz", "--npz", tmp_path / "out.npz")[0] == 0
    code, _, output = run(tmp_path / "w.npz", "--npz", tmp_path / "mine.npz")
    assert code == 1
    assert "mine.npz already exists" in output
    (tmp_path / "link.npz").symlink_to("w.npz")
    for name in ("w.npz", "link.npz"):
        code, _, output = run(tmp_path / "w.npz", "--npz", tmp_path / name)
        assert code == 1
        assert "read, and cannot be written too" in output
    for name, count in (("w.npz", 1), ("mine.npz", 2)):
        with np.load(tmp_path / name) as found:
            assert found["a"].size == count
