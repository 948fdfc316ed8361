"""`convert verify`, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from caffe_ir import extras
from converters.cli import verify as verify_command
from converters.cli.main import convert
from tests.converters.cli.given import TINY, converted, darknet_model, hear_signals
from tests.oracles.darknet import needs_darknet

# All sections but for the head, which --head raw leaves out.
COMPARED = 5
HEAD = ["--head", "activated"]


@pytest.fixture
def files(tmp_path):
    """A Darknet model and its Caffe files, as words of a command."""
    cfg, weights = darknet_model(tmp_path, TINY)
    converted("darknet", cfg, weights, "-o", tmp_path / "net")
    return [str(cfg), str(weights), str(tmp_path / "net.prototxt")]


def run(*words):
    return CliRunner().invoke(convert, ["verify", *map(str, words)])


def test_a_right_net_ends_with_0(files) -> None:
    done = run(*files)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("AGREES: ")
    assert f"{COMPARED} layers compared" in done.output


def test_a_wrong_net_ends_with_1_and_names_the_layer(files) -> None:
    path = Path(files[2])
    assert path.read_text().count("eps: 1e-12") == 2
    path.write_text(path.read_text().replace("eps: 1e-12", "eps: 1e-05", 1))
    done = run(*files, "-q")
    assert done.exit_code == 1
    assert "first at fault: conv_0_bn: eps is 1e-05 where 1e-12 belongs" in done.output


@pytest.mark.parametrize(
    ("made", "given", "code"),
    [(["--fold-bn"], [], 0), (["--fold-bn"], ["--fold-bn"], 0), (HEAD, HEAD, 0), (HEAD, [], 1)],
)
def test_files_that_do_not_say_how_they_were_made_are_compared_as_the_user_says(tmp_path, made, given, code) -> None:
    """Folded weights are the same function; an activated head is another one than a raw one."""
    model, net = darknet_model(tmp_path, TINY), tmp_path / "net.prototxt"
    converted("darknet", *model, "-o", tmp_path / "net", *made)
    net.write_text("name:" + net.read_text().partition("\nname:")[2])
    done = run(*model, net, *given)
    assert done.exit_code == code, done.output
    assert "net.prototxt does not say how it was made of this source" in done.output


@needs_darknet
@pytest.mark.parametrize(
    ("head", "options"),
    [
        (struct.pack("<5i", 0, 0, 0, 0, 0), ["--bn", "darknet-cpu"]),
        (struct.pack("<4i", 0, 2, 0, 9), []),
        (struct.pack("<4i", 0, 2, 0, 9), ["--header-bytes", "16"]),
        (b"", ["--header-bytes", "0"]),
        (b"", ["--header-bytes", "0", "--until", "3"]),
    ],
)
def test_darknet_itself_judges_weights_with_a_header_of_another_length(tmp_path, head, options) -> None:
    cfg, weights = darknet_model(tmp_path, TINY)
    Path(weights).write_bytes(head + Path(weights).read_bytes()[20:])
    made = converted("darknet", cfg, weights, "-o", tmp_path / "net", *options)
    assert made.stdout.splitlines()[-1].endswith(" ".join([str(tmp_path / "net.prototxt"), *options]))
    done = run(cfg, weights, tmp_path / "net", *options, "--reference", "darknet")
    assert done.exit_code == 0, done.output
    assert "meaning, darknet    agrees" in done.output
    if "--until" in options:
        assert "yolo_5" not in done.output


@pytest.mark.parametrize("bn", ["inside:1e-4", "outside:1e-3", "inside:1e-6"])
def test_another_epsilon_is_verified_and_its_neighbour_is_not(tmp_path, bn) -> None:
    cfg, weights = darknet_model(tmp_path, TINY)
    converted("darknet", cfg, weights, "-o", tmp_path / "net", "--bn", bn)
    done = run(cfg, weights, tmp_path / "net", "--bn", bn)
    assert done.exit_code == 0, done.output
    assert "its CPU code does not divide by" in done.output
    assert run(cfg, weights, tmp_path / "net").exit_code == 0  # the prototxt says so itself
    assert run(cfg, weights, tmp_path / "net", "--bn", "auto").exit_code == 1


def test_files_that_are_not_there_end_with_2(files) -> None:
    done = run(*files[:2], "nowhere")
    assert done.exit_code == 2
    assert "there is no file nowhere.prototxt" in done.output


def test_weights_of_another_net_end_with_1_and_name_the_layers(files, tmp_path) -> None:
    (tmp_path / "other").mkdir()
    other = darknet_model(tmp_path / "other", TINY.replace("filters=8", "filters=12"))
    converted("darknet", *other, "-o", tmp_path / "other" / "net")
    done = run(*files[:2], files[2], tmp_path / "other" / "net.caffemodel")
    assert done.exit_code == 1
    assert "conv_0 takes weights 8x3x3x3; the caffemodel has 12x3x3x3" in done.output


def test_an_engine_that_is_not_installed_ends_with_2_and_says_what_to_do(files, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    done = run(*files, "--engine", "opencv", "-q")
    assert done.exit_code == 2
    assert "pip install '.[verify]'" in done.output


def test_several_inputs_of_every_kind(files, tmp_path) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.standard_normal((1, 3, 32, 32)))
    np.savez(tmp_path / "x.npz", data=rng.standard_normal((1, 3, 32, 32)))
    cv2.imwrite(str(tmp_path / "x.png"), rng.integers(0, 256, (20, 50, 3), np.uint8))
    words = [word for name in ("x.npy", "x.npz", "x.png") for word in ("--input", tmp_path / name)]
    done = run(*files, *words, "--mean", "1,2,3", "--bgr", "-q")
    assert done.exit_code == 0, done.output


def test_a_picture_that_is_none_ends_with_2(files, tmp_path) -> None:
    (tmp_path / "x.png").write_text("no picture")
    done = run(*files, "--input", tmp_path / "x.png")
    assert done.exit_code == 2
    assert "x.png is not a picture that can be read" in done.output


def test_one_precision_alone(files) -> None:
    assert "rounding, embedded" not in run(*files, "--precision", "float64").output
    assert "meaning, embedded" not in run(*files, "--precision", "float32").output


def test_a_tolerance_of_nothing_is_exceeded(files) -> None:
    assert run(*files, "--tolerance", "0", "--engine", "embedded").exit_code == 1


def test_a_report_is_written(files, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    done = run(*files, "--report", tmp_path / "r.html", "-q")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.html").read_text().count('<tr class="row">') == COMPARED


def test_a_report_replaces_no_file_that_is_compared_and_none_of_others(files, tmp_path) -> None:
    (tmp_path / "notes.html").write_text("mine")
    paths = [Path(one) for one in (*files, tmp_path / "net.caffemodel")]
    for path in (*paths, tmp_path / "notes.html"):
        before = path.read_bytes()
        done = run(*files, "--report", path, "-q")
        assert done.exit_code == 2
        assert f"{path.name} {'already exists' if path.suffix == '.html' else 'is read'}" in done.output
        assert path.read_bytes() == before


def test_a_conversion_can_verify_itself(tmp_path) -> None:
    words = [*map(str, darknet_model(tmp_path, TINY)), "-o", str(tmp_path / "net"), "--verify", "--fold-bn", "-q"]
    done = CliRunner().invoke(convert, ["darknet", *words])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("AGREES: ")


def test_ctrl_c_ends_it_at_once_and_leaves_no_report(tmp_path) -> None:
    big = TINY.replace("width=32", "width=1504").replace("height=32", "height=1504").replace("filters=8", "filters=64")
    cfg, weights = darknet_model(tmp_path, big)
    converted("darknet", cfg, weights, "-o", tmp_path / "net")
    command = [sys.executable, "-m", "converters.cli.main", "verify", cfg, weights, tmp_path / "net.prototxt"]
    options = ["--report", tmp_path / "r.html", "--reference", "embedded"]
    running = subprocess.Popen(
        [*map(str, [*command, *options])], stderr=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=hear_signals
    )
    time.sleep(2.5)
    assert running.poll() is None
    begin = time.monotonic()
    os.kill(running.pid, signal.SIGINT)
    running.communicate(timeout=10)
    assert time.monotonic() - begin < 3
    assert running.returncode != 0
    assert not [path for path in tmp_path.iterdir() if "r.html" in path.name]


def test_the_facts_for_a_decoder_are_compared(files, tmp_path) -> None:
    path = tmp_path / "net.heads.json"
    assert "heads.json" not in run(*files).output
    path.write_text(path.read_text().replace("23.0", "24.0"))
    done = run(*files)
    assert done.exit_code == 1
    assert f"net.heads.json: heads[0].anchors[2] is 24.0 where 23.0 belongs ({path})" in done.output
    path.unlink()
    done = run(*files)
    assert done.exit_code == 0
    assert "warning: net.heads.json: it is missing" in done.output


def test_facts_of_a_net_without_heads_are_another_nets(tmp_path) -> None:
    cfg, weights = darknet_model(tmp_path, TINY.partition("[yolo]")[0])
    converted("darknet", cfg, weights, "-o", tmp_path / "net")
    assert "warning" not in run(cfg, weights, tmp_path / "net").output
    (tmp_path / "net.heads.json").write_text("{}")
    assert "warning: net.heads.json: the source has nothing" in run(cfg, weights, tmp_path / "net").output


def test_the_hint_about_a_missing_input_works_as_it_stands(tmp_path) -> None:
    """Of `convert verify` as of `convert pytorch`: --input takes a shape."""
    body = "    torch.manual_seed(0)\n    return torch.nn.Conv2d(3, 4, 1).eval()\n"
    (tmp_path / "m.py").write_text(f"import torch\n\n\ndef net():\n{body}")
    model = f"{tmp_path / 'm.py'}:net"
    converted("pytorch", model, "--input", "1x3x8x8", "-o", tmp_path / "net")
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8)))
    for words in ([], ["--input", "1x3x8x8"], ["--input", "1x3x8x8", "--input", tmp_path / "x.npy"]):
        done = run(model, tmp_path / "net", *words, "--engine", "embedded")
        assert done.exit_code == 0, done.output
    path = tmp_path / "net.prototxt"
    path.write_text(re.sub(r"(?m)^# .*\n", "", path.read_text()))
    done = run(model, tmp_path / "net")
    assert done.exit_code == 2
    assert "--input 1x3x224x224" in done.output
    assert run(model, tmp_path / "net", "--input", "1x3x8x8", "--engine", "embedded").exit_code == 0


def test_a_cfg_says_its_size_itself(files) -> None:
    done = run(*files, "--input", "1x3x64x64")
    assert done.exit_code == 2
    assert "--input 1x3x64x64: a cfg has the size of its input; --input-size HxW sets another" in done.output


def test_missing_data_is_told_before_the_work(files) -> None:
    done = run(*files, "--input", "nowhere.npy")
    assert done.exit_code == 2
    assert "there is no file nowhere.npy" in done.output


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("name", ["final.bin", "tiny_final", "backup.weights.1000"])
def test_weights_may_have_any_name(files, name, swapped, tmp_path) -> None:
    weights = Path(files[1]).rename(tmp_path / name)
    words = [str(weights), files[0]] if swapped else [files[0], str(weights)]
    done = run(*words, files[2], "--engine", "embedded", "-q")
    assert done.exit_code == 0, done.output


def test_a_cfg_may_have_any_name_beside_its_weights(files, tmp_path) -> None:
    cfg = Path(files[0]).rename(tmp_path / "net.txt")
    assert run(cfg, files[1], files[2], "-q").exit_code == 0
    weights = Path(files[1]).rename(tmp_path / "final.bin")
    assert run(cfg, weights, files[2], "-q").exit_code == 0


def test_a_caffe_net_that_is_missing_is_named(files, tmp_path) -> None:
    done = run(*files[:2])
    assert done.exit_code == 2
    assert "the Caffe net is missing" in done.output
    assert f"convert verify {files[0]} {files[1]} STEM" in done.output
    Path(files[2]).rename(tmp_path / "tiny.prototxt")
    assert f"convert verify {files[0]} {files[1]} {tmp_path / 'tiny.prototxt'}" in run(*files[:2]).output


def test_what_a_report_needs_is_looked_for_before_the_work(files, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "jinja2" else find_spec(name))
    monkeypatch.setattr(verify_command, "opened", lambda *given: pytest.fail("the work has begun"))
    done = run(*files, "--report", tmp_path / "r.html")
    assert done.exit_code == 2
    assert "a report needs jinja2, which is not installed" in done.output


@pytest.mark.parametrize("words", [[], ["--fold-bn"]])
@pytest.mark.parametrize(("bn", "divisor"), [("darknet-gpu", "1e-5"), ("inside:1e-4", "1e-4"), ("inside:1e-6", "1e-6")])
def test_files_made_with_another_bn_are_told_in_one_line(bn, divisor, words, tmp_path) -> None:
    cfg, weights = darknet_model(tmp_path, TINY)
    converted("darknet", cfg, weights, "-o", tmp_path / "net", "--bn", bn, *words)
    done = run(cfg, weights, tmp_path / "net", "--engine", "embedded")
    assert done.exit_code == 0
    assert f"note: options from the comment of net.prototxt: --bn {bn}" in done.output
    done = run(cfg, weights, tmp_path / "net", "--engine", "embedded", "--bn", "auto")
    assert done.exit_code == 1
    told = [line for line in done.output.splitlines() if line.startswith(("first at fault", "and", "warning"))]
    assert len(told) == 1
    assert told[0].startswith(
        f"first at fault: 2 layers divide by sqrt(variance + {divisor}), as with --bn {bn}, where "
        "sqrt(variance) + 1e-6 belongs (as the original's CPU code does): convert again, or if the weights mean"
    )
    assert run(cfg, weights, tmp_path / "net", "--engine", "embedded", "--bn", bn).exit_code == 0
