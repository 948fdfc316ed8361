"""`convert verify --tool COMMAND --reduce STEM`, as a user runs it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from caffe_ir.files import reader
from caffe_ir.reference import run as forward
from converters.cli.main import convert
from tests.converters.cli.given import TINY, converted, darknet_model

TOOL = """
import sys

import numpy as np

from caffe_ir.layers import Eltwise
from caffe_ir.files.prototxt import written_names
from converters.verify import EMBEDDED, caffe_files

prototxt, caffemodel, inputs, outputs, fault = sys.argv[1:6]
files = caffe_files(prototxt, caffemodel)
names, broken = written_names(files.net), any(isinstance(node.layer, Eltwise) for node in files.net.nodes)
if broken and fault == "refuses":
    sys.exit("Error: Eltwise is not supported")
shown = EMBEDDED.blobs(files, files.net.outputs, dict(np.load(inputs)))
found = {names[blob]: array for blob, array in zip(files.net.outputs, shown)}
np.savez(outputs, **{name: array * (2 if broken and fault == "wrong" else 1) for name, array in found.items()})
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("net")
    cfg, weights = darknet_model(folder, TINY)
    converted("darknet", cfg, weights, "-o", folder / "net")
    (folder / "tool.py").write_text(TOOL)
    return [str(cfg), str(weights), str(folder / "net")]


def run(files: list[str], fault: str, *words: object) -> Result:
    tool = Path(files[2]).with_name("tool.py")
    command = f"{shlex.join([sys.executable, str(tool)])} {{prototxt}} {{caffemodel}} {{inputs}} {{outputs}} {fault}"
    return CliRunner().invoke(convert, ["verify", *files, "--tool", command, *map(str, words)])


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [("refuses", 2, "the tool ends with 1: Error: Eltwise is not supported"), ("wrong", 1, "off by 1 of the largest")],
)
def test_the_smallest_net_is_written_with_its_inputs_and_outputs(fault, code, says, files, tmp_path) -> None:
    done = run(files, fault, "--reduce", tmp_path / "new" / "small")
    assert done.exit_code == code, done.output
    assert "reduced: 1 of " in done.output
    assert says in done.output.partition("reduced: ")[2]
    assert "shortcut_3 (Eltwise(" in done.output.partition("reduced: ")[2]
    written = [path.name for path in sorted((tmp_path / "new").iterdir())]
    assert written == ["small.caffemodel", "small.inputs.npz", "small.outputs.npz", "small.prototxt"]
    net = reader.read(tmp_path / "new" / "small.prototxt", tmp_path / "new" / "small.caffemodel")
    assert [node.layer.type_name() for node in net.nodes] == ["Input", "Input", "Eltwise"]
    inputs, outputs = (dict(np.load(tmp_path / "new" / f"small.{which}.npz")) for which in ("inputs", "outputs"))
    (name, due), (left, right) = *outputs.items(), inputs.values()
    assert net.outputs == [name]
    np.testing.assert_allclose(due, left + right, rtol=1e-6)
    np.testing.assert_array_equal(due, forward(net, inputs, np.float32)[name])


def test_a_tool_that_is_right_leaves_nothing_to_reduce(files, tmp_path) -> None:
    done = run(files, "right", "--reduce", tmp_path / "small")
    assert done.exit_code == 0, done.output
    assert "nothing to reduce" in done.output
    assert not list(tmp_path.iterdir())


def test_reduce_alone_says_what_it_needs(files, tmp_path) -> None:
    done = CliRunner().invoke(convert, ["verify", *files, "--reduce", str(tmp_path / "small")])
    assert done.exit_code == 2
    assert "--tool COMMAND or --engine NAME" in done.output


def test_nothing_of_the_users_is_replaced(files, tmp_path) -> None:
    (tmp_path / "small.prototxt").write_text("mine")
    done = run(files, "wrong", "--reduce", tmp_path / "small")
    assert done.exit_code == 2
    assert "layers compared" not in done.output  # it is said before the work
    assert (tmp_path / "small.prototxt").read_text() == "mine"


def test_a_command_that_names_no_files_is_a_usage_error(files) -> None:
    done = CliRunner().invoke(convert, ["verify", *files, "--tool", "run {prototxt}"])
    assert done.exit_code == 2
    assert "Invalid value for --tool: the command does not say where {inputs} goes" in done.output
