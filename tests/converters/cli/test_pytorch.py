from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from caffe_ir.files.reader import read
from caffe_ir.reference import run
from tests.converters.cli.given import ROOT, contents, converted, layer_types, tool

MODELS = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.bn = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, 5)

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.conv(x))).mean((2, 3)))


def net(width=4):
    torch.manual_seed(0)
    return Net(width).eval()
"""
PLUGIN = """\
from caffe_ir.layers import Exp


def bessel(call, build):
    return build.add(Exp(), call.value("self"))


HANDLERS = {"aten::special_bessel_j0": bessel}
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    path = tmp_path / "models.py"
    path.write_text(MODELS)
    return path


def made_by(models: Path, width: int = 4) -> torch.nn.Module:
    """What the file's function makes, so that torch can judge."""
    space: dict[str, object] = {}
    exec(compile(models.read_text(), str(models), "exec"), space)
    return space["net"](width)  # type: ignore[operator]


def assert_same(stem: Path, module: torch.nn.Module, shape: tuple[int, ...] = (1, 3, 8, 8)) -> None:
    net = read(f"{stem}.prototxt", f"{stem}.caffemodel")
    x = np.random.default_rng(0).random(shape, np.float32)
    with torch.no_grad():
        wanted = module(torch.from_numpy(x)).numpy()
    (source,) = [node.top for node in net.nodes if node.layer.type_name() == "Input"]
    got = run(net, {source: x}, np.float32)[net.outputs[0]]
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_a_function_that_makes_the_model(tmp_path: Path, models: Path) -> None:
    result = converted("pytorch", f"{models}:net", "--input", "1x3x8x8", "-o", tmp_path / "deploy")
    assert contents(tmp_path).keys() == {"models.py", "deploy.prototxt", "deploy.caffemodel"}
    told = " ".join(result.stdout.split())
    assert "input x 1x3x8x8 outputs fc 1x5" in told
    assert result.stderr == ""
    assert_same(tmp_path / "deploy", made_by(models))


def test_arguments_go_to_the_function_and_files_get_its_name(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    converted("pytorch", f"{models}:net", "--input", "x=1x3x8x8:float32", "--arg", "width=6", "-q")
    assert contents(tmp_path / "here").keys() == {"net.prototxt", "net.caffemodel"}
    assert_same(tmp_path / "here" / "net", made_by(models, 6))


@pytest.mark.parametrize("options", [(), ("--fold-bn",)], ids=["plain", "folded"])
@pytest.mark.parametrize("kind", ["function", "pt2"])
def test_the_next_command_finds_that_both_nets_agree(
    tmp_path: Path, models: Path, kind: str, options: tuple[str, ...]
) -> None:
    if kind == "pt2":
        program = torch.export.export(made_by(models, 6), (torch.zeros(1, 3, 8, 8),))
        torch.export.save(program, tmp_path / "net.pt2")
        given: tuple[object, ...] = (tmp_path / "net.pt2",)
    else:
        given = (f"{models}:net", "--input", "1x3x8x8", "--arg", "width=6")
    result = converted("pytorch", *given, "-o", tmp_path / "deploy", *options)
    heading, program_name, *words = shlex.split(result.stdout.splitlines()[-1])
    assert (heading, program_name, words[0]) == ("next", "convert", "verify")
    converted(*words, "--engine", "embedded")


@pytest.mark.parametrize("ending", ["pth", "nested", "safetensors"])
def test_weights_of_a_file(tmp_path: Path, models: Path, ending: str) -> None:
    other = made_by(models)
    torch.manual_seed(7)
    for parameter in other.parameters():
        torch.nn.init.normal_(parameter)
    state = other.state_dict()
    path = tmp_path / f"trained.{ending.replace('nested', 'pth')}"
    if ending == "safetensors":
        pytest.importorskip("safetensors.torch").save_file(state, path)
    else:
        prefixed = {f"module.{key}": value for key, value in state.items()}
        torch.save({"epoch": 3, "state_dict": prefixed} if ending == "nested" else state, path)
    converted("pytorch", f"{models}:net", "--input", "1x3x8x8", "--weights", path, "-o", tmp_path / "net")
    assert_same(tmp_path / "net", other)


def test_the_key_of_a_checkpoint_with_several(tmp_path: Path, models: Path) -> None:
    first, second = made_by(models), made_by(models)
    torch.nn.init.ones_(second.get_parameter("fc.weight"))
    torch.save({"model": first.state_dict(), "ema": second.state_dict()}, tmp_path / "both.pth")
    given = (f"{models}:net", "--input", "1x3x8x8", "--weights", tmp_path / "both.pth", "-o", tmp_path / "net")
    converted("pytorch", *given, "--weights-key", "ema")
    assert_same(tmp_path / "net", second)


def test_torchscript(tmp_path: Path, models: Path) -> None:
    module = made_by(models)
    torch.jit.trace(module, torch.zeros(1, 3, 8, 8)).save(str(tmp_path / "traced.pt"))
    converted("pytorch", tmp_path / "traced.pt", "--input", "1x3x8x8", "-o", tmp_path / "net")
    assert_same(tmp_path / "net", module)


def test_a_pickled_module_is_opened_on_trust_only(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    torch.save(module, tmp_path / "whole.pth")
    given = ("pytorch", tmp_path / "whole.pth", "--input", "1x3x8x8", "-o", tmp_path / "net")
    refused = tool(*given)
    assert refused.exit_code == 1
    assert "--trust-pickle" in refused.stderr
    assert not (tmp_path / "net.prototxt").exists()
    converted(*given, "--trust-pickle")
    assert_same(tmp_path / "net", module)


def test_a_plugin_knows_more_operations(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n"
        "    def forward(self, x):\n        return torch.special.bessel_j0(x)\ndef net():\n    return Net()\n"
    )
    (tmp_path / "plugin.py").write_text(PLUGIN)
    given = ("pytorch", f"{tmp_path}/models.py:net", "--input", "1x3x8x8", "-o", tmp_path / "net")
    assert "special_bessel_j0" in tool(*given).stderr
    converted(*given, "--plugin", tmp_path / "plugin.py")
    assert layer_types(tmp_path / "net.prototxt") == ["Input", "Exp"]


def test_the_recipe_for_an_operation_is_a_plugin(tmp_path: Path) -> None:
    """The example of CONTRIBUTING, as it stands there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = text.partition("with ArgMax as the example")[2].partition("```python\n")[2].partition("```")[0]
    (tmp_path / "recipe.py").write_text(recipe)
    (tmp_path / "places.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n"
        "        return x.argmax(1), x.argmax(-1, keepdim=True)\ndef net():\n    return Net().eval()\n"
    )
    given = ("pytorch", f"{tmp_path}/places.py:net", "--input", "1x3x4x5", "-o", tmp_path / "net")
    result = converted(*given, "--plugin", tmp_path / "recipe.py", "-v")
    assert result.stdout.count("of equal numbers torch takes the first and Caffe the last") == 2
    assert layer_types(tmp_path / "net.prototxt") == ["Input", "ArgMax", "Reshape", "ArgMax"]
    net = read(f"{tmp_path / 'net'}.prototxt", f"{tmp_path / 'net'}.caffemodel")
    x = np.random.default_rng(0).random((1, 3, 4, 5), np.float32)
    blobs = run(net, {"x": x}, np.float32)
    np.testing.assert_array_equal(blobs[net.outputs[0]], x.argmax(1))
    np.testing.assert_array_equal(blobs[net.outputs[1]], x.argmax(-1)[..., None])


@pytest.mark.parametrize("kind", ["int64", "bool"])
def test_integers_are_verified_with_integers(tmp_path: Path, kind: str) -> None:
    """Noise with fractions is cut by torch and not by Caffe, and places below 0 are none of a table's."""
    (tmp_path / "words.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.table = torch.nn.Embedding(3, 4)\n    def forward(self, ids, x):\n"
        "        return self.table(ids.long()) * x, ids * 2.0\ndef net():\n    return Net().eval()\n"
    )
    given = ("pytorch", f"{tmp_path}/words.py:net", "--input", f"1x50:{kind}", "--input", "1x50x4")
    result = converted(*given, "-o", tmp_path / "net")
    converted(*shlex.split(result.stdout.splitlines()[-1])[2:], "--engine", "embedded")


def test_two_runs_give_the_same_bytes(tmp_path: Path, models: Path) -> None:
    written = []
    for _ in range(2):
        converted("pytorch", f"{models}:net", "--input", "1x3x8x8", "-o", tmp_path / "net")
        written.append(contents(tmp_path))
    assert written[0] == written[1]


def test_dump_after_and_quiet(tmp_path: Path, models: Path) -> None:
    given = ("pytorch", f"{models}:net", "--input", "1x3x8x8", "-o", tmp_path / "net", "-q")
    quiet = converted(*given)
    assert quiet.stdout == ""
    assert quiet.stderr.startswith("warning     the weights are random")
    assert quiet.stderr.count("\n") == 1
    assert "SourceBatchNorm" in converted(*given, "--dump-after", "source").stdout
    assert "SourceBatchNorm" not in converted(*given, "--dump-after", "in_place").stdout


@pytest.mark.parametrize(
    "words", [(), ("a", "b"), ("a", "--arg", "width"), ("a", "--arg", "1=2"), ("a", "--target", "x")]
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...]) -> None:
    assert tool("pytorch", *words).exit_code == 2
