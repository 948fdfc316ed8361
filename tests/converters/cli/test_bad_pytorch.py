"""Bad PyTorch models: a message for the user's own place, exit code 1, and not a file touched."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from tests.converters.cli.given import converted, reasons, tool

MODELS = """\
import sys

import torch
from torch import nn


def raises():
    return {}["no such key"]


def returns_nothing():
    return None


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 5)

    def forward(self, image):
        return self.fc(self.conv(image).mean((2, 3)))


def net():
    torch.manual_seed(0)
    return Net().eval()


def half():
    return net().half()


class Branch(nn.Module):
    def forward(self, x):
        print("hello from the model", file=sys.stderr)
        if x.sum() > 0:  # decided by numbers
            return x
        return -x


def branch():
    return Branch()


class Strange(nn.Module):
    def forward(self, x):
        x = torch.special.bessel_j0(x)
        x = torch.special.bessel_j1(x)
        return torch.special.bessel_j0(x)


def strange():
    return Strange()


class Spectrum(nn.Module):
    def forward(self, x):
        return x * 2


def spectrum():
    return Spectrum()
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    path = tmp_path / "models.py"
    path.write_text(MODELS)
    return path


def line_of(wanted: str, nth: int = 0) -> int:
    return [number for number, line in enumerate(MODELS.splitlines(), 1) if wanted in line][nth]


def refused(models: Path, function: str, *options: object, shape: str = "1x3x8x8") -> str:
    stem = models.parent / "net"
    return reasons(models.parent, "pytorch", f"{models}:{function}", "--input", shape, "-o", stem, *options)


def test_a_function_that_raises_shows_its_own_traceback(models: Path) -> None:
    told = refused(models, "raises")
    assert f'models.py", line {line_of("no such key")}, in raises' in told
    assert "KeyError: 'no such key'" in told
    assert "converters/" not in told


def test_a_function_that_makes_no_model(models: Path) -> None:
    assert "returns_nothing" in refused(models, "returns_nothing")


def test_a_function_or_a_file_that_does_not_exist(models: Path) -> None:
    told = refused(models, "nett")
    assert "has no function nett" in told
    assert "net" in told
    folder = models.parent
    assert f"there is no file {folder / 'none.pt2'}" in tool("pytorch", folder / "none.pt2").stderr
    assert "no_such_package" in reasons(folder, "pytorch", "no_such_package.models:net", "--input", "1x3x8x8")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("https://example.com/model.pth", "is a URL; download the file first"),
        ("{folder}", "is a folder: it has {folder}/models.py"),
        ("torchvision.models.resnet18", "given as torchvision.models:resnet18"),
        ("resnet18", "given as package.module:resnet18"),
        ("{folder}/modles.py:net", "there is no file {folder}/modles.py; did you mean {folder}/models.py?"),
    ],
)
def test_what_is_no_model_is_wrong_usage(models: Path, model: str, told: str) -> None:
    done = tool("pytorch", model.format(folder=models.parent), "--input", "1x3x8x8")
    assert done.exit_code == 2
    assert told.format(folder=models.parent) in done.stderr


def test_a_state_dict_that_does_not_fit_is_told_key_by_key(tmp_path: Path, models: Path) -> None:
    state = {"conv.weigth": torch.zeros(4, 3, 3, 3), "conv.bias": torch.zeros(7), "fc.weight": torch.zeros(5, 4)}
    torch.save(state, tmp_path / "trained.pth")
    told = refused(models, "net", "--weights", tmp_path / "trained.pth")
    assert "conv.weight" in told
    assert "conv.weigth" in told
    assert "fc.bias" in told
    assert "conv.bias" in told
    assert "7" in told


def test_a_state_dict_alone_is_no_model(tmp_path: Path, models: Path) -> None:
    torch.save({"conv.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "trained.pth")
    told = reasons(tmp_path, "pytorch", tmp_path / "trained.pth", "--input", "1x3x8x8")
    assert "--weights" in told


def test_what_depends_on_numbers_is_told_with_the_line(models: Path) -> None:
    told = refused(models, "branch")
    assert f"models.py:{line_of('if x.sum() > 0')}" in told
    assert "torch.ops.aten" not in told  # the graph that torch prints
    assert "hello from the model" in told


def test_a_dimension_that_is_not_fixed(tmp_path: Path, models: Path) -> None:
    space: dict[str, object] = {}
    exec(MODELS, space)
    dynamic = {"image": {0: torch.export.Dim("batch")}}
    program = torch.export.export(space["net"](), (torch.zeros(2, 3, 8, 8),), dynamic_shapes=dynamic)  # type: ignore[operator]
    torch.export.save(program, tmp_path / "net.pt2")
    told = reasons(tmp_path, "pytorch", tmp_path / "net.pt2", "-o", tmp_path / "net")
    assert "axis 0 of the input image has no fixed size" in told
    assert "-> give an example input" in told
    converted("pytorch", tmp_path / "net.pt2", "--input", "1x3x8x8", "-o", tmp_path / "net")


def test_half_precision_is_converted_and_said(tmp_path: Path, models: Path) -> None:
    result = converted("pytorch", f"{models}:half", "--input", "1x3x8x8", "-o", tmp_path / "net")
    assert "float16" in result.stdout


@pytest.mark.parametrize("kind", ["complex64", "float33"])
def test_input_types_that_cannot_be(models: Path, kind: str) -> None:
    told = refused(models, "spectrum", shape=f"1x3x8x8:{kind}")
    assert f"1x3x8x8:{kind}" in told
    assert "float32" in told


@pytest.mark.parametrize("shape", ["224", "1x0x3", "axb", "1x3x8x8:", "=1x3"])
def test_input_shapes_that_cannot_be(models: Path, shape: str) -> None:
    told = refused(models, "net", shape=shape)
    assert "1x3x8x8" in told or "1x3x224x224" in told or "image" in told


def test_an_input_that_does_not_exist(models: Path) -> None:
    told = refused(models, "net", shape="imgae=1x3x8x8")
    assert "the model has no input imgae (forward takes image)\n    -> did you mean image?" in told
    module = torch.jit.trace(torch.nn.ReLU(), torch.zeros(1, 3))
    module.save(str(models.parent / "traced.pt"))
    told = reasons(models.parent, "pytorch", models.parent / "traced.pt", "--input", "inpt=1x3")
    assert "the model has no input inpt (forward takes input)" in told


def test_inputs_that_are_missing_or_do_not_fit(models: Path) -> None:
    assert "image" in reasons(models.parent, "pytorch", f"{models}:net")
    told = refused(models, "net", shape="1x5x8x8")
    assert f"models.py:{line_of('self.fc(self.conv(image)')}" in told


def test_a_program_of_another_version(tmp_path: Path) -> None:
    program = torch.export.export(torch.nn.ReLU(), (torch.zeros(1, 3),))
    torch.export.save(program, tmp_path / "new.pt2")
    with zipfile.ZipFile(tmp_path / "new.pt2") as new, zipfile.ZipFile(tmp_path / "old.pt2", "w") as old:
        for name in new.namelist():
            data = new.read(name)
            if name.endswith("models/model.json"):
                graph = json.loads(data)
                graph["schema_version"]["major"] = 99
                data = json.dumps(graph).encode()
            old.writestr(name, data)
    told = reasons(tmp_path, "pytorch", tmp_path / "old.pt2")
    assert "old.pt2" in told
    assert "version" in told


def test_files_that_are_no_model(tmp_path: Path) -> None:
    for name, data in {"a.pt2": b"", "b.pt2": b"PK\x03\x04 not", "c.pt": b"\x80\x02no", "d.pth": b"text"}.items():
        (tmp_path / name).write_bytes(data)
        assert name in reasons(tmp_path, "pytorch", tmp_path / name, "--input", "1x3x8x8")


def test_all_unknown_operations_are_told_at_once_and_equal_ones_together(models: Path) -> None:
    told = refused(models, "strange")
    assert "3 problems" in told
    first, second = line_of("special.bessel_j0"), line_of("special.bessel_j0", 1)
    assert f"models.py:{first} special_bessel_j0" in told
    assert told.count("bessel_j0.default on (1, 3, 8, 8) is not supported") == 1
    assert f"and 1 more: line {second}" in told
    assert f"models.py:{line_of('special.bessel_j1')} special_bessel_j1" in told


def test_a_program_of_one_size_is_not_written_for_another(tmp_path: Path) -> None:
    """It was written for its own size, and --input was passed over in silence."""
    program = torch.export.export(torch.nn.Conv2d(3, 4, 3), (torch.zeros(1, 3, 8, 8),))
    torch.export.save(program, tmp_path / "net.pt2")
    told = reasons(tmp_path, "pytorch", tmp_path / "net.pt2", "--input", "1x3x16x16", "-o", tmp_path / "net")
    assert "the input input is 1x3x16x16 float32, and the program was made for 1x3x8x8 float32" in told
    assert "inputs for a program of 1" in reasons(
        tmp_path, "pytorch", tmp_path / "net.pt2", "--input", "1x3x8x8", "--input", "1x3x8x8"
    )


def test_weights_of_two_models_are_not_chosen_among(tmp_path: Path, models: Path) -> None:
    space: dict[str, object] = {}
    exec(MODELS, space)
    state = space["net"]().state_dict()  # type: ignore[operator]
    both = {f"{who}.{key}": value for who in ("student", "teacher") for key, value in state.items()}
    torch.save({"state_dict": both}, tmp_path / "trained.ckpt")
    told = refused(models, "net", "--weights", tmp_path / "trained.ckpt")
    assert "2 sets of weights that fit: state_dict.student, state_dict.teacher" in told
    given = ("--weights", tmp_path / "trained.ckpt", "--weights-key", "state_dict.teacher", "-o", tmp_path / "net")
    converted("pytorch", f"{models}:net", "--input", "1x3x8x8", *given)


def test_what_the_users_code_prints_goes_to_standard_error(tmp_path: Path) -> None:
    (tmp_path / "talks.py").write_text(
        "from torch import nn\nprint('imported')\nclass Net(nn.Module):\n    def forward(self, x):\n"
        "        print('called')\n        return x * 2\ndef net():\n    print('made')\n    return Net().eval()\n"
    )
    result = converted("pytorch", f"{tmp_path}/talks.py:net", "--input", "1x3", "-o", tmp_path / "net", "-q")
    assert result.stdout == ""
    assert result.stderr.split() == ["imported", "made", "called"]


def test_two_inputs_of_one_name_and_all_other_mistakes_at_once(models: Path) -> None:
    told = refused(models, "net", "--input", "image=1x3x8x8", "--input", "nonsense", shape="image=1x3x8x8")
    assert "2 problems" in told
    assert "2 inputs are called image" in told
    assert "'nonsense' is not an input" in told


def test_a_plugin_that_fails_shows_its_line(tmp_path: Path, models: Path) -> None:
    (tmp_path / "plugin.py").write_text(
        "def bessel(call, build):\n    return {}['oops']\nHANDLERS = {'aten::special_bessel_j0': bessel}\n"
    )
    told = refused(models, "strange", "--plugin", tmp_path / "plugin.py")
    assert "3 problems" in told
    assert (
        "its handler bessel raised KeyError: 'oops' (a fault of the handler, at plugin.py:2 return {}['oops'])" in told
    )


@pytest.mark.parametrize(
    "words", [("--weights-key", "ema"), ("--arg", "a=1", "--arg", "a=2"), ("--arg", "pretrained=false")]
)
def test_options_that_would_be_passed_over_are_wrong_usage(models: Path, words: tuple[str, ...]) -> None:
    assert tool("pytorch", f"{models}:net", "--input", "1x3x8x8", *words).exit_code == 2
