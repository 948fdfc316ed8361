from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from converters.verify import EMBEDDED, EngineFailed, tool_engine
from converters.verify.inputs import noise
from converters.verify.source import inputs_of
from tests.converters.verify.planting import Converted, converted, verified

PLACES = "{prototxt} {caffemodel} {inputs} {outputs}"

RIGHT = """
import sys

import numpy as np

from caffe_ir.files.prototxt import written_names
from converters.verify import EMBEDDED, caffe_files

prototxt, caffemodel, inputs, outputs = sys.argv[1:5]
files = caffe_files(prototxt, caffemodel)
feeds, names = dict(np.load(inputs)), written_names(files.net)
shown = EMBEDDED.blobs(files, files.net.outputs, feeds)
found = {names[blob]: array for blob, array in zip(files.net.outputs, shown)}
"""
SAVED = "np.savez(outputs, **found)\n"


@pytest.fixture(scope="module")
def net(tmp_path_factory) -> Converted:
    return converted(tmp_path_factory.mktemp("net"))


def command(folder: Path, text: str) -> str:
    """A program of a vendor, written in Python."""
    program = folder / "a tool.py"
    program.write_text(text)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(program))} {PLACES}"


def tried(folder: Path, net: Converted, text: str):
    """The engine's own trial in a comparison."""
    tool = tool_engine(command(folder, text))
    found = verified(folder, net.source, net.made, engines=[EMBEDDED, tool], asked=["tool"])
    return found, found.trials[-1]


def test_a_tool_that_is_right_agrees(tmp_path, net) -> None:
    found, trial = tried(tmp_path, net, RIGHT + SAVED)
    assert (found.verdict, trial.verdict) == ("agrees", "agrees")
    assert len(trial.rows) == 1  # it shows the output alone


def test_a_tool_that_is_wrong_differs(tmp_path, net) -> None:
    found, trial = tried(
        tmp_path, net, RIGHT + "found = {name: array * 1.5 for name, array in found.items()}\n" + SAVED
    )
    assert (found.verdict, trial.verdict) == ("differs", "differs")
    assert [fault.layer for fault in trial.faults]


def test_the_layer_that_it_gets_wrong_is_found_by_running_parts(tmp_path, net) -> None:
    lines = """
from caffe_ir import reference
found = {}
for node, tops in reference.walk(files.net, feeds, np.float32):
    if node.name == "maxpool_6":
        tops[0] = tops[0] + 1
    found.update((names[top], array) for top, array in zip(node.tops, tops) if top in files.net.outputs)
"""
    _, trial = tried(tmp_path, net, RIGHT + lines + SAVED)
    (fault,) = trial.faults
    assert fault.layer == "maxpool_6"
    assert "tool computes this layer otherwise than Caffe does" in fault.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import sys; sys.exit('Error: layer Foo is unknown')", "ends with 1: Error: layer Foo is unknown"),
        ("print('done')", "wrote no {outputs}; its last line: done"),
        ("import sys; open(sys.argv[4], 'w').write('text')", "{outputs} cannot be read as .npz"),
        ("import sys, numpy; numpy.savez(sys.argv[4])", "shows no blob of the net; {outputs} has no arrays"),
        ("import sys, numpy; numpy.savez(sys.argv[4], other=1.0)", "shows no blob of the net; {outputs} has other"),
        (RIGHT + "found = {name: 'text' for name in found}\n" + SAVED, "which is not a number"),
        ("import os; os.kill(os.getpid(), 11)", "ends with -11: it said nothing (signal 11)"),
    ],
)
def test_a_tool_that_fails_is_quoted(text: str, said: str, tmp_path, net) -> None:
    found, trial = tried(tmp_path, net, text)
    assert found.verdict == "not compared"
    assert said in trial.stopped


def test_blobs_that_are_overwritten_in_place_are_not_taken_for_what_they_were(tmp_path, net) -> None:
    """The tool's array is what is left at the end; the blobs before it have its name in the prototxt."""
    lines = "found = {name: array for name, array in zip(names.values(), EMBEDDED.blobs(files, list(names), feeds))}\n"
    found, trial = tried(tmp_path, net, RIGHT + lines + SAVED)
    assert found.verdict == "agrees"
    assert len(trial.rows) > 10


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("run {prototxt} {inputs} {output}", "{output} is not one of the files of a command"),
        ("run {prototxt} {inputs}", "does not say where {outputs} goes"),
        ("run {prototxt} {inputs} {outputs} 'half", "cannot be split into words"),
        ("", "does not say where {prototxt} goes"),
    ],
)
def test_a_command_that_cannot_work_is_refused(command: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        tool_engine(command)


def test_a_program_that_is_not_there_is_missing() -> None:
    assert tool_engine(f"no-such-program {PLACES}").missing() == "there is no program no-such-program"


def test_a_program_that_cannot_be_started_fails(tmp_path, net) -> None:
    program = tmp_path / "tool"
    program.write_text("not a program")
    program.chmod(0o755)
    from converters.verify import caffe_files

    verified(tmp_path, net.source, net.made)
    files = caffe_files(tmp_path / "pair.prototxt", tmp_path / "pair.caffemodel")
    feeds = noise(inputs_of(files.net), 0, frozenset())
    with pytest.raises(EngineFailed, match="cannot be started: Exec format error"):
        list(tool_engine(f"{program} {PLACES}").blobs(files, files.net.outputs, feeds))


def test_inputs_are_given_as_float32_under_their_names(tmp_path, net) -> None:
    lines = """
assert {name: (array.dtype, array.shape) for name, array in feeds.items()} == {"data": (np.float32, (1, 3, 24, 32))}
"""
    assert tried(tmp_path, net, RIGHT + lines + SAVED)[1].verdict == "agrees"
