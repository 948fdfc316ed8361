from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from caffe_ir.version import VERSION
from converters.cli import main
from tests.converters.cli.given import ROOT, contents, converted, darknet_model, process, tool

SLOW_WRITER = """
import time
from caffe_ir.files import caffemodel

def stream(pieces, file, *_):
    file.write(b"half of it")
    file.flush()
    print("begun", flush=True)
    time.sleep(60)

caffemodel.stream = stream
"""


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_is_where_the_list_says(name: str) -> None:
    module, line = main.COMMANDS[name]
    command = vars(importlib.import_module(module))[name]
    assert isinstance(command, click.Command)
    assert command.name == name
    told = " ".join(converted("--help").stdout.split())
    assert f"{name} {line}" in told


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(option: str) -> None:
    assert converted(option).stdout.startswith("Usage: convert [--version] [-h] COMMAND [ARGS]...")


def test_the_help_fits_a_terminal() -> None:
    assert len(converted("--help").stdout.splitlines()) <= 24


def test_version() -> None:
    assert converted("--version").stdout == f"tocaffe, version {VERSION}\n"


@pytest.mark.parametrize("words", [(), ("nonsense",), ("--nonsense",)])
def test_wrong_usage_ends_with_2(words: tuple[str, ...]) -> None:
    result = tool(*words)
    assert result.exit_code == 2
    assert "Usage: convert" in result.output


def test_modules_of_the_users_own_are_found_where_he_is(tmp_path: Path) -> None:
    """Also by the installed program, which begins with its own folder on the path in the place of the user's."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/program.py").write_text("from converters.cli.main import main\nmain()\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/nets.py").write_text("from torch import nn\ndef net():\n    return nn.ReLU()\n")
    command = [sys.executable, str(tmp_path / "bin/program.py"), "pytorch", "mine.nets:net", "--input", "1x2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "net.prototxt").exists()


@pytest.mark.parametrize(("called", "name"), [("/usr/bin/convert", "convert"), ("/usr/bin/tocaffe", "tocaffe")])
def test_both_names_of_the_program(
    called: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "darknet", *darknet_model(tmp_path), "-o", str(tmp_path / "net")])
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 0
    assert f"next        {name} verify " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_run_leaves_the_old_files_and_nothing_else(tmp_path: Path, name: str) -> None:
    if not hasattr(signal, name):
        pytest.skip(f"there is no {name} here")
    number = signal.Signals[name]
    model = darknet_model(tmp_path)
    converted("darknet", *model, "-o", tmp_path / "net")
    before = contents(tmp_path)
    with process(SLOW_WRITER, "darknet", *model, "-o", tmp_path / "net", "--fold-bn") as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "begun\n"
        assert (tmp_path / ".net.prototxt.tocaffe").is_dir()  # the new files are made there
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert contents(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == before.keys()
    assert "Traceback" not in err
    assert out == ""
    assert run.returncode == 128 + number


SLOW_MODEL = """
import time
import torch

class Slow(torch.nn.Module):
    def forward(self, x):
        print("begun", flush=True)
        time.sleep(60)
        return x.relu()

def slow():
    print("begun", flush=True)
    time.sleep(60)
    return Slow()
"""


@pytest.mark.parametrize(
    ("made", "name"), [("Slow", "SIGTERM"), ("slow", "SIGTERM"), ("Slow", "SIGINT"), ("slow", "SIGHUP")]
)
def test_a_run_that_ends_in_the_users_code_is_no_fault_of_that_code(tmp_path: Path, made: str, name: str) -> None:
    """While the model is made, or while torch captures it."""
    if not hasattr(signal, name):
        pytest.skip(f"there is no {name} here")
    (tmp_path / "mine.py").write_text(SLOW_MODEL)
    words = ("pytorch", f"{tmp_path}/mine.py:{made}", "--input", "1x3x4x4", "-o", tmp_path / "new/net")
    with process("", *words) as run:
        assert run.stderr is not None
        assert run.stderr.readline() == "begun\n"  # stdout is for what the program says
        run.send_signal(signal.Signals[name])
        out, err = run.communicate(timeout=30)
    assert run.returncode == 128 + signal.Signals[name]
    assert "cannot be converted" not in err
    assert "Traceback" not in err
    assert out == ""
    assert {path.name for path in tmp_path.iterdir()} == {"mine.py"}


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    program = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)"
    tell = "\nimport atexit\natexit.register(lambda: print(signal.getsignal(signal.SIGHUP).name))"
    with process(program + tell, "--version") as run:
        out, _ = run.communicate(timeout=30)
    assert "SIG_IGN" in out


def test_files_without_a_command_end_with_the_line_to_type() -> None:
    result = tool("yolov3.cfg", "yolov3.weights", "--fold-bn")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].strip() == "convert darknet yolov3.cfg yolov3.weights --fold-bn"


def test_the_help_fits_a_small_terminal() -> None:
    lines = converted("--help").stdout.splitlines()
    assert len(lines) <= 23  # and a line for the next prompt
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_help_of_a_command_fits_80_columns(name: str) -> None:
    assert max(map(len, converted(name, "--help").stdout.splitlines())) <= 80


def test_a_fault_of_ours_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    broken = "from caffe_ir.files import writer\nwriter.write = lambda *_, **__: 1 / 0"
    with process(broken, "darknet", *darknet_model(tmp_path), "-o", tmp_path / "net") as run:
        _, err = run.communicate(timeout=30)
    assert run.returncode == main.OUR_FAULT == 70
    assert "ZeroDivisionError" in err
    assert "This is a fault of tocaffe" in err
    assert "Please report it" in err


def test_a_model_that_is_too_large_for_the_memory(tmp_path: Path) -> None:
    broken = "from caffe_ir.files import writer\ndef write(*_, **__): raise MemoryError\nwriter.write = write"
    with process(broken, "darknet", *darknet_model(tmp_path), "-o", tmp_path / "net") as run:
        _, err = run.communicate(timeout=30)
    assert run.returncode == 1
    assert err == "TC0005 there is not enough memory for this model\n"


def test_a_pipe_that_is_closed_is_no_fault(tmp_path: Path) -> None:
    with process("", "darknet", *darknet_model(tmp_path), "-o", tmp_path / "net", "--dump-after", "source") as run:
        assert run.stdout is not None
        run.stdout.close()
        assert run.stderr is not None
        assert "Traceback" not in run.stderr.read()
        assert run.wait(timeout=30) == main.OUTPUT_LOST


def test_completion_of_the_shell_knows_commands_and_options(tmp_path: Path) -> None:
    def completed(words: str, number: int) -> list[str]:
        program = [sys.executable, "-m", "converters"]
        state = {"_CONVERT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        done = subprocess.run(program, env=os.environ | state, capture_output=True, text=True, cwd=ROOT, check=False)
        return [line.partition(",")[2] for line in done.stdout.split()]

    assert completed("convert da", 1) == ["darknet"]
    assert completed("convert darknet a.cfg a.weights --fo", 4) == ["--fold-bn", "--force"]
    assert completed("convert darknet a.cfg a.weights --head ", 5) == ["raw", "activated"]


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_examples_in_the_help_are_commands(name: str) -> None:
    command = vars(importlib.import_module(main.COMMANDS[name][0]))[name]
    for line in command.examples:
        program, called, *words = line.split()
        assert (program, called) == ("convert", name)
        command.make_parser(click.Context(command, **command.context_settings)).parse_args(args=words)
