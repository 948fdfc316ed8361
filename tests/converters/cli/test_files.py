from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import cv2
import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.cli.files import checked_stem, stem_of
from converters.options import OutputOptions
from converters.run.answer import answer
from converters.run.model import read_model
from converters.run.session import session
from tests.converters.cli.given import TINY, contents, converted, darknet_model, process, reasons, tool

SMALL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
"""
"""No file may grow beyond the limit: writing on ends in an OSError, as on a full disk."""


@pytest.mark.parametrize(
    ("output", "stem"),
    [
        (None, "yolo"),
        ("deploy", "deploy"),
        ("deploy.v1", "deploy.v1"),
        ("deploy.prototxt", "deploy"),
        ("a/deploy.caffemodel", "a/deploy"),
        ("folder", "folder/yolo"),
        ("folder/", "folder/yolo"),
        ("new/", "new/yolo"),
        (".", "yolo"),
        ("..", "../yolo"),
    ],
)
def test_where_the_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str | None, stem: str) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert stem_of(output, "yolo") == Path(stem)


def test_an_empty_output_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="a name is needed, or a folder"):
        stem_of("", "yolo")


def test_a_folder_gets_the_files_under_the_name_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    converted("darknet", *darknet_model(tmp_path), "-o", tmp_path / "out")
    assert contents(tmp_path / "out").keys() == {
        "tiny.prototxt",
        "tiny.caffemodel",
        "tiny.heads.json",
        "tiny.input.json",
    }


@pytest.mark.parametrize("output", ["new/net", "new/er/", "new/net.prototxt"])
def test_a_folder_that_is_not_there_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    monkeypatch.chdir(tmp_path)
    converted("darknet", *darknet_model(tmp_path), "-q", "-o", output)
    stem = stem_of(output, "tiny")
    assert contents(stem.parent).keys() == {
        stem.name + one for one in (".prototxt", ".caffemodel", ".heads.json", ".input.json")
    }


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    with pytest.raises(ConversionError, match=r"cannot write to .*file.txt"):
        checked_stem(str(tmp_path / "file.txt" / "net"), "tiny", OutputOptions(), ())


def test_the_folder_is_looked_at_before_the_model_and_stays_away_without_one(tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "bad.cfg").write_text("no cfg")
    told = tool("darknet", tmp_path / "bad.cfg", tmp_path / "bad.cfg", "-o", tmp_path / "file.txt" / "net")
    assert told.exit_code == 1
    assert "bad.cfg: " not in told.stderr
    assert "file.txt is not a folder" in told.stderr
    told = tool("darknet", tmp_path / "bad.cfg", tmp_path / "bad.cfg", "-o", tmp_path / "new" / "net")
    assert told.exit_code == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o555)
    with pytest.raises(ConversionError, match="mine cannot be written to"):
        checked_stem(str(tmp_path / "mine" / "net"), "tiny", OutputOptions(), ())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder where even root makes no files")
def test_a_folder_that_takes_no_files(tmp_path: Path) -> None:
    result = tool("darknet", *darknet_model(tmp_path), "-o", "/proc/self/net")
    assert result.exit_code == 1
    assert "/proc/self" in result.stderr
    assert "cannot" in result.stderr
    assert contents(tmp_path).keys() == {"tiny.cfg", "tiny.weights"}


def test_a_pass_that_does_not_exist(tmp_path: Path) -> None:
    def check(name: str) -> None:
        checked_stem(str(tmp_path / "net"), "tiny", OutputOptions(dump_after=name), ())

    check("source")
    check("legalize")
    with pytest.raises(click.BadParameter, match="'magic' is not a pass\nThe passes: source, heads"):
        check("magic")
    with pytest.raises(click.BadParameter, match=r"did you mean fold_batch_norm\?"):
        check("fold_batchnorm")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize("limit", [0, 100, 2000])
def test_a_full_disk_leaves_the_old_files_whole(tmp_path: Path, limit: int) -> None:
    model = darknet_model(tmp_path)
    converted("darknet", *model, "-o", tmp_path / "net")
    before = contents(tmp_path)
    with process(SMALL_DISK.format(limit=limit), "darknet", *model, "-o", tmp_path / "net", "--fold-bn") as run:
        out, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert out == ""
    assert f"cannot write {tmp_path}/net.* (File too large)" in err
    assert "the old files are intact" in err
    assert contents(tmp_path) == before


def test_a_disk_with_room_is_no_obstacle(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    with process(SMALL_DISK.format(limit=1 << 20), "darknet", *model, "-o", tmp_path / "net", "-q") as run:
        assert run.communicate(timeout=60) == ("", "")
    assert run.returncode == 0
    written = contents(tmp_path)
    converted("darknet", *model, "-o", tmp_path / "net")
    assert contents(tmp_path) == written


def test_a_prototxt_that_was_written_or_edited_by_hand_stays(tmp_path: Path) -> None:
    model, place = darknet_model(tmp_path), tmp_path / "net.prototxt"
    place.write_text("name: 'mine'\n")
    told = reasons(tmp_path, "darknet", *model, "-o", tmp_path / "net")
    assert "net.prototxt already exists (it does not begin with tocaffe's comment)\n    -> --force" in told
    converted("darknet", *model, "-q", "-o", tmp_path / "net", "--force")
    converted("darknet", *model, "-q", "-o", tmp_path / "net", "--durable")
    place.write_text(place.read_text().replace('name: "tiny"', 'name: "mine"'))
    told = reasons(tmp_path, "darknet", *model, "-o", tmp_path / "net")
    assert "net.prototxt already exists (it was edited after tocaffe wrote it)" in told


def test_it_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "bad.cfg").write_text("no cfg")
    (tmp_path / "net.caffemodel").write_text("trained for days")
    told = reasons(tmp_path, "darknet", tmp_path / "bad.cfg", tmp_path / "bad.cfg", "-o", tmp_path / "net")
    assert "net.caffemodel already exists (no prototxt of tocaffe lists it)" in told
    assert "bad.cfg: " not in told


def test_the_source_is_not_replaced_and_not_taken_for_a_stem(tmp_path: Path) -> None:
    cfg, weights = darknet_model(tmp_path)
    for source in (cfg, weights):
        told = reasons(tmp_path, "darknet", cfg, weights, "-o", source, "--force")
        assert f"-o names {Path(source).name}, which is read" in told
    (tmp_path / "soft.prototxt").symlink_to(cfg)
    os.link(weights, tmp_path / "hard.caffemodel")
    for name, source in (("soft.prototxt", "tiny.cfg"), ("hard.caffemodel", "tiny.weights")):
        stem = tmp_path / Path(name).stem
        told = reasons(tmp_path, "darknet", cfg, weights, "-o", stem, "--force")
        assert f"{name} is the same file as {source}, which is read, and cannot be written too" in told
    os.rename(cfg, tmp_path / "odd.prototxt")
    told = reasons(tmp_path, "darknet", tmp_path / "odd.prototxt", weights, "-o", tmp_path / "odd", "--force")
    assert "odd.prototxt is read, and cannot be written too" in told


def test_a_link_as_output_is_followed(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    (tmp_path / "big").mkdir()
    (tmp_path / "net.caffemodel").symlink_to(tmp_path / "big" / "weights")
    for options in ((), ("--fold-bn",)):
        converted("darknet", *model, "-q", "-o", tmp_path / "net", *options)
        assert (tmp_path / "net.caffemodel").is_symlink()
        assert os.listdir(tmp_path / "big") == ["weights"]


ALL_TOOLS = "ascend,nnie,rknn,acuity,ncnn,opencv,tpu-mlir"


def test_files_for_tools_belong_to_the_set(tmp_path: Path) -> None:
    """All in the comment of the prototxt, replaced with it, and gone where the next conversion does not want them."""
    model, stem = darknet_model(tmp_path), tmp_path / "net"
    before = contents(tmp_path).keys()
    converted("darknet", *model, "-o", stem, "-q", "--side-files", ALL_TOOLS)
    plain = {"net.prototxt", "net.caffemodel", "net.heads.json", "net.input.json"}
    made = contents(tmp_path).keys() - before - plain
    assert made == {
        "net.aipp.cfg", "net.aipp-yuv.cfg", "net.nnie.cfg", "net.rknn.py", "net_inputmeta.yml", "net.ncnn.h",
        "net.opencv.py", "net.tpu-mlir.sh",
    }  # fmt: skip
    header = (tmp_path / "net.prototxt").read_text().partition("\nname")[0]
    assert all(f'"{name.removeprefix("net")}" = ' in header for name in made)
    converted("darknet", *model, "-o", stem, "-q", "--side-files", "nnie")
    assert contents(tmp_path).keys() - before - plain == {"net.nnie.cfg"}
    converted("darknet", *model, "-o", stem, "-q")
    assert contents(tmp_path).keys() - before == plain


def test_a_file_of_somebody_else_is_not_replaced_by_one_for_a_tool(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    (tmp_path / "net.opencv.py").write_text("mine")
    told = reasons(tmp_path, "darknet", *model, "-o", tmp_path / "net", "--side-files", "opencv")
    assert "net.opencv.py already exists" in told


def test_what_the_tools_cannot_have_is_refused_together_and_nothing_is_written(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    net = "torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3))"
    (tmp_path / "nets.py").write_text(f"import torch\ndef net():\n    torch.manual_seed(0)\n    return {net}\n")
    words = ("pytorch", f"{tmp_path}/nets.py:net", "--input", "1x3x24x28", "-o", tmp_path / "net")
    imagenet = ("--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225")
    told = reasons(tmp_path, *words, *imagenet, "--side-files", ALL_TOOLS)
    assert told.count("--side-files nnie: the channels are scaled by 0.0171248, 0.017507, 0.0174292") == 1
    assert "--side-files acuity: the channels are scaled by" in told
    assert "convert with --input-is u8-rgb or u8-bgr" in told
    told = reasons(tmp_path, *words, "--side-files", "rknn")
    assert "--side-files: it is not known how a picture becomes the input" in told
    converted(*words, *imagenet, "--side-files", ALL_TOOLS, "--input-is", "u8-bgr", "-q")
    assert "[norm_type] 0\n" in (tmp_path / "net.nnie.cfg").read_text()
    assert "[RGB_order] BGR\n" in (tmp_path / "net.nnie.cfg").read_text()


def test_tools_read_no_hdf5(tmp_path: Path) -> None:
    model = darknet_model(tmp_path)
    told = reasons(tmp_path, "darknet", *model, "-o", tmp_path / "net", "--side-files", "nnie", "--hdf5")
    assert "--side-files with --hdf5 (these tools read no weights of that form)" in told


def test_a_net_that_takes_no_pictures_has_no_files_for_tools(tmp_path: Path) -> None:
    model = darknet_model(tmp_path, TINY.replace("channels=3", "channels=4"))
    told = reasons(tmp_path, "darknet", *model, "-o", tmp_path / "net", "--side-files", "nnie")
    assert "it is not known how a picture becomes the input" in told


def test_the_program_for_opencv_runs_and_gives_what_convert_run_gives(tmp_path: Path) -> None:
    model, stem, path = darknet_model(tmp_path, TINY.partition("[yolo]")[0]), tmp_path / "net", tmp_path / "x.jpg"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (41, 90, 3), np.uint8))
    for how in ("prepared", "u8-rgb", "u8-bgr"):
        converted("darknet", *model, "-o", stem, "-q", "--side-files", "opencv", "--input-is", how)
        done = subprocess.run([sys.executable, f"{stem}.opencv.py", path], capture_output=True, text=True, check=True)
        read = read_model(Path(f"{stem}.prototxt"), Path(f"{stem}.caffemodel"))
        (blob,) = answer(read, session("opencv", read.files, read.wanted), path).blobs.values()
        found = re.fullmatch(r"conv_4 (\(.*\)) from (\S+) to (\S+)\n", done.stdout)
        assert found is not None
        assert found[1] == str(blob.shape)
        np.testing.assert_allclose([float(found[2]), float(found[3])], [blob.min(), blob.max()], rtol=1e-5)
