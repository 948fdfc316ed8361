from __future__ import annotations

from pathlib import Path

import pytest
import torch

from caffe_ir.errors import ConversionError
from converters.pytorch.loading import load, load_plugins

FACTORY = """
from torch import nn

def net(outputs=2):
    return nn.Sequential(nn.Conv2d(3, outputs, 1))
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "nets.py"
    path.write_text(FACTORY)
    return path


def test_a_function_makes_the_model_with_arguments_and_gives_its_name(source: Path) -> None:
    loaded = load(f"{source}:net", arguments={"outputs": 5})
    assert isinstance(loaded.model, torch.nn.Sequential)
    assert loaded.model[0].weight.shape == (5, 3, 1, 1)
    assert loaded.name == "net"
    again = load(f"{source}:net", arguments={"outputs": 5})
    assert isinstance(again.model, torch.nn.Sequential)
    assert torch.equal(again.model.state_dict()["0.weight"], loaded.model.state_dict()["0.weight"])
    assert "seed 0" in loaded.notes[0].text


def test_weights_go_into_it_and_what_was_assumed_is_told(source: Path, tmp_path: Path) -> None:
    weights = {"module.0.weight": torch.full((2, 3, 1, 1), 7.0), "module.0.bias": torch.zeros(2)}
    torch.save({"state_dict": weights}, tmp_path / "best.pth")
    loaded = load(f"{source}:net", weights=tmp_path / "best.pth")
    assert isinstance(loaded.model, torch.nn.Sequential)
    assert loaded.model.state_dict()["0.weight"].unique().tolist() == [7.0]
    assert [note.kind for note in loaded.notes] == ["assumed"]
    assert "state_dict" in loaded.notes[0].text
    assert "module." in loaded.notes[0].text


def test_a_file_takes_no_arguments_and_a_program_no_weights(tmp_path: Path) -> None:
    program = torch.export.export(torch.nn.Conv2d(1, 1, 1), (torch.zeros(1, 1, 2, 2),))
    torch.export.save(program, tmp_path / "conv.pt2")
    assert load(str(tmp_path / "conv.pt2")).name == "conv"
    with pytest.raises(ConversionError, match="--arg is for a function"):
        load(str(tmp_path / "conv.pt2"), arguments={"a": 1})
    torch.save({"weight": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(ConversionError, match="no place to go to"):
        load(str(tmp_path / "conv.pt2"), weights=tmp_path / "w.pth")


def test_plugins_give_their_handlers_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(f"HANDLERS = {{'mylib::{name}': print}}\n")
    assert set(load_plugins([tmp_path / "one.py", tmp_path / "two.py"])) == {"mylib::one", "mylib::two"}
    (tmp_path / "none.py").write_text("")
    with pytest.raises(ConversionError, match="has no HANDLERS"):
        load_plugins([tmp_path / "none.py"])
    with pytest.raises(ConversionError, match="no file"):
        load_plugins([tmp_path / "missing.py"])


def test_what_is_no_handler_in_a_plugin_is_all_told(tmp_path: Path) -> None:
    text = "HANDLERS = {3: print, 'mylib::op': 5, 'relu': print, 'aten.add.Tensor': print, 'aten::mul.Tensor': print}\n"
    (tmp_path / "wrong.py").write_text(text)
    with pytest.raises(ConversionError) as refused:
        load_plugins([tmp_path / "wrong.py"])
    told = [problem.what.partition(": ")[2] for problem in refused.value.problems]
    assert told == [
        "3 is no name of an operation",
        "'mylib::op' has 5 in the place of a function",
        "'relu' is no name of an operation",
    ]


def test_weights_go_into_what_a_wrapper_wraps(tmp_path: Path, source: Path) -> None:
    source.write_text(FACTORY + "\ndef wrapped():\n    return nn.DataParallel(net())\n")
    torch.save({"0.weight": torch.full((2, 3, 1, 1), 7.0), "0.bias": torch.zeros(2)}, tmp_path / "best.pth")
    loaded = load(f"{source}:wrapped", weights=tmp_path / "best.pth")
    assert isinstance(loaded.model, torch.nn.Sequential)
    assert loaded.notes == ()
