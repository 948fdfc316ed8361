"""The commands on Windows, as far as Linux can be made to look like it (tests/simulated_windows)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from caffe_ir.files.header import read_header
from tests.converters.cli.given import ROOT, converted
from tests.converters.cli.zoo import contents, make_zoo
from tests.simulated_windows.names import missing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for open files")

PROGRAM = "from converters.cli.main import main; main()"
MODEL = """\
import torch
def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()).eval()
"""


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "tests/simulated_windows"), str(ROOT)])
    told = {"SIMULATED_WINDOWS": json.dumps(missing()), "SIMULATED_ROOT": str(folder)}
    return {**os.environ, **told, "PYTHONPATH": path}


def ran(folder: Path, *words: object, program: str = PROGRAM, code: int = 0) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, in the folder."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def states(folder: Path) -> list[str]:
    return [model["state"] for model in json.loads((folder / "summary.json").read_text())["models"]]


# ---- the simulation -------------------------------------------------------------------------------------------------


def test_our_modules_see_what_windows_has_and_others_what_there_is(tmp_path: Path) -> None:
    program = """
import importlib, os, signal, subprocess, sys, types
code = '''
import os, signal, subprocess, sys
for name in ("killpg", "fork", "setsid", "getpgrp", "posix_fallocate", "pread", "O_NONBLOCK", "O_DIRECTORY"):
    assert not hasattr(os, name), name
assert not hasattr(signal, "SIGKILL") and not hasattr(signal, "SIGHUP") and hasattr(signal, "SIGTERM")
assert sys.platform == "win32" and hasattr(os, "replace") and os.path.join("a", "b")
for module in ("fcntl", "resource", "pwd"):
    try: exec(f"import {module}"); raise SystemExit(module)
    except ModuleNotFoundError: pass
try: from os import killpg; raise SystemExit("killpg")
except ImportError: pass
for option in ({"pass_fds": (0,)}, {"start_new_session": True}):
    try: subprocess.Popen(["true"], **option); raise SystemExit("accepted")
    except ValueError: pass
assert subprocess.Popen(["true"], creationflags=subprocess.CREATE_NEW_PROCESS_GROUP).wait() == 0
'''
exec(compile(code, "", "exec"), {"__name__": "converters.batch.anything"})
assert os.killpg and signal.SIGKILL and sys.platform == "linux"
import fcntl
"""
    ran(tmp_path, program=program)


def test_an_open_or_mapped_file_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    program = """
import mmap, os, shutil, pathlib
os.mkdir("folder")
for name in ("a", "b", "folder/c"):
    pathlib.Path(name).write_text("x")
def refused(act, *paths):
    try: act(*paths)
    except PermissionError as error: return error.winerror == 32
    return False
with open("a") as file:
    assert refused(os.replace, "b", "a") and refused(os.replace, "a", "b") and refused(pathlib.Path("a").unlink)
with open("b", "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 1)
assert refused(os.replace, "a", "b")
with open("folder/c"):
    assert refused(shutil.rmtree, "folder")
mapped.close()
os.replace("a", "b"); shutil.rmtree("folder")
"""
    ran(tmp_path, program=program)


# ---- the commands ---------------------------------------------------------------------------------------------------


def test_darknet_and_verify(tmp_path: Path) -> None:
    make_zoo(tmp_path, ["a"])
    for _ in range(2):  # the second one replaces the first one's files
        ran(tmp_path, "darknet", "a.cfg", "a.weights", "-o", "here")
    converted("darknet", tmp_path / "a.cfg", tmp_path / "a.weights", "-o", tmp_path / "there", "-q")
    for ending in (".caffemodel", ".heads.json"):
        assert (tmp_path / f"here{ending}").read_bytes() == (tmp_path / f"there{ending}").read_bytes()
    assert "AGREES" in ran(tmp_path, "verify", "a.cfg", "a.weights", "here", "--report", "r.html").stdout
    assert (tmp_path / "r.html").exists()
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.slow
def test_pytorch_init_dump_and_the_weights_of_a_prototxt(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "mine.py").write_text(MODEL)
    for _ in range(2):
        ran(tmp_path, "pytorch", "mine.py:net", "--input", "1x3x8x8", "-o", "net", "--verify")
    assert read_header(tmp_path / "net.prototxt") is not None
    ran(tmp_path, "dump", "net.caffemodel", "--npz", "w.npz")
    ran(tmp_path, "init", "net.prototxt", "--force")
    assert (tmp_path / "net.caffemodel").stat().st_size > 0


def test_batch_converts_verifies_goes_on_and_reports(tmp_path: Path) -> None:
    make_zoo(tmp_path, ["a", "b"], head="")
    words = ("batch", "zoo.toml", "-j", 2, "--report", "r.html", "--junit", "j.xml")
    assert "2 of 2 converted" in ran(tmp_path, *words).stdout
    models = json.loads((tmp_path / "summary.json").read_text())["models"]
    assert [model["verify"]["verdict"] for model in models] == ["agrees"] * 2
    assert all(model["peak_memory"] > 10_000_000 for model in models)
    ran(tmp_path, *words)
    assert states(tmp_path) == ["unchanged"] * 2
    converted("darknet", tmp_path / "a.cfg", tmp_path / "a.weights", "-o", tmp_path / "a", "-q")
    assert (tmp_path / "out/a.caffemodel").read_bytes() == (tmp_path / "a.caffemodel").read_bytes()
    assert not [name for name in contents(tmp_path / "out") if name.startswith(".")]


def test_a_job_that_takes_too_long_or_fails_ends_alone(tmp_path: Path) -> None:
    make_zoo(tmp_path)
    done = ran(tmp_path, "batch", "zoo.toml", "-j", 2, "--timeout", "0.001", code=1)
    assert "stopped after 0.001 s" in done.stdout
    os.truncate(tmp_path / "b.weights", 100)
    ran(tmp_path, "batch", "zoo.toml", "-j", 2, code=1)
    assert states(tmp_path) == ["converted", "failed", "converted"]


@pytest.mark.slow
def test_a_batch_that_is_killed_leaves_no_process_and_no_lock(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(30)]
    make_zoo(tmp_path, names, filters=32)
    command = [sys.executable, "-c", PROGRAM, "batch", "zoo.toml", "-j", "2", "-q"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path)) as process:
        while process.poll() is None and len(list((tmp_path / "out").glob("*.prototxt"))) < 3:
            time.sleep(0.005)
        children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        process.kill()
    end = time.monotonic() + 20
    while any(Path(f"/proc/{child}/cwd").exists() for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{child}/cwd").exists() for child in children)
    ran(tmp_path, "batch", "zoo.toml", "-j", 2, "-q")
    assert "unchanged" in states(tmp_path)
    assert not [name for name in contents(tmp_path / "out") if name.startswith(".")]


def test_a_journal_that_is_worn_is_written_over(tmp_path: Path) -> None:
    """It is open and locked, and cannot be renamed onto."""
    program = """
import pathlib
from converters.batch import journal
from converters.batch.job import Result
path = pathlib.Path("state")
with journal.opened(path) as kept:
    for number in range(20):
        kept.add(Result(name="a", target="caffe", state="converted", fingerprint=str(number)))
for _ in range(2):
    with journal.opened(path) as kept:
        assert kept.known["a@caffe"].fingerprint == "19"
        kept.add(Result(name="b", target="caffe", state="converted"))
assert len(path.read_bytes().splitlines()) == 4
"""
    ran(tmp_path, program=program)


def test_two_batches_exclude_each_other(tmp_path: Path) -> None:
    make_zoo(tmp_path, ["a"])
    program = "import converters.batch.journal as j, pathlib, sys\nwith j.opened(pathlib.Path(sys.argv[1])): input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, "zoo.state.jsonl"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
    )
    while not (tmp_path / "zoo.state.jsonl").exists() or not (tmp_path / "zoo.state.jsonl").stat().st_size:
        time.sleep(0.01)
    shorter = "import converters.batch.journal as j; j.opened.__wrapped__.__kwdefaults__['patience'] = 0.1\n" + PROGRAM
    assert "another batch is at work" in ran(tmp_path, "batch", "zoo.toml", program=shorter, code=2).stderr
    holder.communicate(b"\n")
    ran(tmp_path, "batch", "zoo.toml")


# ---- files that other programs have open ----------------------------------------------------------------------------


@contextmanager
def opened_elsewhere(path: Path, seconds: float) -> Iterator[None]:
    """The file is open in another process for a while, as by a virus scanner or a viewer."""
    program = "import sys, time\nfile = open(sys.argv[1])\nprint(flush=True)\ntime.sleep(float(sys.argv[2]))"
    command = [sys.executable, "-c", program, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def test_a_file_that_is_open_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    make_zoo(tmp_path, ["a", "b"])
    ran(tmp_path, "darknet", "a.cfg", "a.weights", "-o", "net", "-q")
    with opened_elsewhere(tmp_path / "net.caffemodel", 1.5):
        ran(tmp_path, "darknet", "b.cfg", "b.weights", "-o", "net", "-q")
    converted("darknet", tmp_path / "b.cfg", tmp_path / "b.weights", "-o", tmp_path / "b", "-q")
    assert (tmp_path / "net.caffemodel").read_bytes() == (tmp_path / "b.caffemodel").read_bytes()


@pytest.mark.parametrize("name", ["net.caffemodel", "net.prototxt", "net.heads.json"])
def test_a_file_that_stays_open_is_named_and_the_old_set_stays(tmp_path: Path, name: str) -> None:
    make_zoo(tmp_path, ["a", "b"])
    ran(tmp_path, "darknet", "a.cfg", "a.weights", "-o", "net", "-q")
    before = contents(tmp_path)
    with opened_elsewhere(tmp_path / name, 60):
        done = ran(tmp_path, "darknet", "b.cfg", "b.weights", "-o", "net", "-q", code=1)
    assert "another program has it open: close it there, and try again" in done.stderr
    assert contents(tmp_path) == before
