"""TorchScript archives that reach further than tensors are refused before torch opens them."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.open.files import open_model
from converters.pytorch.open.script_inspection import faults_of_script
from tests.converters.pytorch.nets import Block, ResNet

X = torch.zeros(1, 4, 6, 6)
HEAD, BODY = b"x: Tensor) -> Tensor:", b"    return torch.mul(x, 2)"


class Twice(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


def saved(module: nn.Module, path: Path, *, traced: bool = False) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = torch.jit.trace(module.eval(), (X,)) if traced else torch.jit.script(module.eval())
        torch.jit.save(script, str(path))
    return path


def edited(folder: Path, change: Callable[[bytes], bytes], place: str = "/code/") -> Path:
    """A saved script with its code changed, and with another name for the folder that has it."""
    saved(Twice(), folder / "good.pt")
    with zipfile.ZipFile(folder / "good.pt") as good, zipfile.ZipFile(folder / "model.pt", "w") as new:
        for entry in good.namelist():
            content = good.read(entry)
            if entry.endswith(".py"):
                assert change(content) != content
                new.writestr(entry.replace("/code/", place), change(content))
            elif not entry.endswith("debug_pkl"):
                new.writestr(entry, content)
    return folder / "model.pt"


def before(statement: str) -> Callable[[bytes], bytes]:
    return lambda code: code.replace(BODY, f"    {statement}\n".encode() + BODY)


def as_default(expression: str) -> Callable[[bytes], bytes]:
    return lambda code: code.replace(HEAD, f"x: Tensor, y: Tensor={expression}) -> Tensor:".encode())


def use(path: Path, *, trust: bool) -> None:
    model = open_model(path, trust_pickle=trust)
    assert isinstance(model, nn.Module)
    with torch.no_grad():
        model(X)


RUNNING = {
    "when it is opened": as_default('torch.from_file("MARKER", True, 4)'),
    "in forward": before('torch.save([x], "MARKER")'),
    "through ops": before('ops.aten.save([x], "MARKER")'),
    "through another name": before('a = torch\n    a.save([x], "MARKER")'),
    "through a name in quotes": before('getattr(torch, "save")([x], "MARKER")'),
    "through a name in parts": before('getattr(torch, "sa" "ve")([x], "MARKER")'),
    "behind a comment": before('(torch. # no\n      save)([x], "MARKER")'),
}


@pytest.mark.parametrize("name", RUNNING)
def test_a_program_that_makes_a_file(name: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = edited(tmp_path, lambda code: RUNNING[name](code).replace(b"MARKER", str(marker).encode()))
    with pytest.raises(ConversionError, match="opening it could run code") as refused:
        use(path, trust=False)
    assert "in its entry good/code/__torch__" in str(refused.value)
    assert not marker.exists()
    use(path, trust=True)
    assert marker.exists()


def test_what_runs_when_it_is_opened_makes_its_file_then(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    change = RUNNING["when it is opened"]
    path = edited(tmp_path, lambda code: change(code).replace(b"MARKER", str(marker).encode()))
    open_model(path, trust_pickle=True)
    assert marker.exists()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda code: code + b"  def __setstate__(self, state: int) -> NoneType:\n    return None\n", "__setstate__"),
        (before("a = __torch__.torch.classes.aoti.Model()"), "objects of compiled classes, torch.classes.aoti,"),
        (before('ops.image.write("x")'), "operations of image"),
        (before("a = ops"), "hands ops itself on"),
        (before("a = getattr"), "looks up names"),
        (before('getattr(torch, "\\x73ave")'), "looks up names"),
        (before("# caf\xe9"), "characters that TorchScript does not write"),
        (before("a = (1"), "cannot be read"),
    ],
)
def test_what_else_reaches_further(change: Callable[[bytes], bytes], fault: str, tmp_path: Path) -> None:
    with open(edited(tmp_path, change), "rb") as file:
        assert any(fault in found for found in faults_of_script(file))


def test_code_is_found_whatever_the_case_of_its_name(tmp_path: Path) -> None:
    path = edited(tmp_path, before('torch.save([x], "x")'), "/CODE/")
    with open(path, "rb") as file:
        (fault,) = faults_of_script(file)
    assert fault.startswith("has a program that names save, which opens files, in its entry good/CODE/")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert isinstance(torch.jit.load(str(path)), nn.Module)  # torch does find it


def test_entries_that_are_not_known(tmp_path: Path) -> None:
    saved(Twice(), tmp_path / "good.pt")
    with zipfile.ZipFile(tmp_path / "good.pt", "a") as archive:
        archive.writestr("good/model.json", "{}")
    with open(tmp_path / "good.pt", "rb") as file:
        (fault,) = faults_of_script(file)
    assert fault.endswith("good/model.json") or "header" in fault or "bytes of no entry" in fault


class Lists(nn.Module):
    """Loops, lists, dicts, texts, branches, getattr for numbered parts, a message and a condition."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList([nn.Conv2d(4, 4, 1), nn.Sequential(nn.ReLU(), nn.BatchNorm2d(4))])
        self.named = nn.ModuleDict({"a": nn.Conv2d(4, 4, 1)})

    def forward(self, x: torch.Tensor, mode: str = "it's") -> dict[str, torch.Tensor]:
        assert x.dim() == 4, f"four axes, not {x.dim()}"
        kept: list[torch.Tensor] = []
        for part in self.parts:
            x = part(x)
            kept.append(x)
        if mode == "it's" and x.sum() > 3:
            x = x + 1
        return {"out": torch.cat(kept, 1), "x": nn.functional.interpolate(self.named["a"](x), scale_factor=2.0)}


GOOD = {
    "traced": (Block(4, 4), True),
    "scripted": (Block(4, 4), False),
    "with lists and branches": (Lists(), False),
    "residual": (ResNet(), False),
    "recurrent": (nn.LSTM(4, 4), False),
}


@pytest.mark.parametrize("name", GOOD)
def test_programs_that_compute_are_opened(name: str, tmp_path: Path) -> None:
    module, traced = GOOD[name]
    path = saved(module, tmp_path / "model.pt", traced=traced)
    with open(path, "rb") as file:
        assert faults_of_script(file) == []
    assert isinstance(open_model(path), torch.jit.ScriptModule)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantized_scripts_are_said_to_be_quantized(tmp_path: Path) -> None:
    module = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4), nn.ReLU()).eval(), {nn.Linear})
    with pytest.raises(ConversionError, match=r"model\.pt is quantized"):
        open_model(saved(module, tmp_path / "model.pt"))


def test_a_file_that_is_no_archive() -> None:
    (fault,) = faults_of_script(io.BytesIO(b"PK" * 100))
    assert fault == "does not end with the directory of its entries"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_hooks_are_refused_where_they_were_left_out(register: str, tmp_path: Path) -> None:
    """torch's converter reads forward alone: x * 2 was written for x * 2 + 1."""

    def after(self, given: tuple[torch.Tensor], made: torch.Tensor) -> torch.Tensor:
        return made + 1

    def ahead(self, given: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        return (given[0] + 1,)

    module = nn.Sequential(nn.ReLU(), Twice())
    getattr(module[1], register)(after if register == "register_forward_hook" else ahead)
    script = open_model(saved(module, tmp_path / "model.pt"))
    with pytest.raises(ConversionError, match="1 has a hook on its forward"):
        convert(script, (X,))
