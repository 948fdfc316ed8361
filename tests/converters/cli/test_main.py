from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import click
import pytest

from converters.cli import main
from tests.converters.cli.given import contents, converted, darknet_model, process, tool

SLOW_WRITER = """
import time
from caffe_ir import caffemodel

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
    assert converted(option).stdout.startswith("Usage: convert [OPTIONS] COMMAND [ARGS]...")


def test_version() -> None:
    assert converted("--version").stdout == f"tocaffe, version {metadata.version('tocaffe')}\n"


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
        assert len(contents(tmp_path)) > len(before)  # the temporaries are there
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert contents(tmp_path) == before
    assert "Traceback" not in err
    assert out == ""
    assert run.returncode == (1 if name == "SIGINT" else 128 + number)


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    program = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)"
    tell = "\nimport atexit\natexit.register(lambda: print(signal.getsignal(signal.SIGHUP).name))"
    with process(program + tell, "--version") as run:
        out, _ = run.communicate(timeout=30)
    assert "SIG_IGN" in out
