from __future__ import annotations

import argparse
import datetime
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch.open.loading import load, load_plugins
from converters.weights import only_set, open_weights

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
    assert [note.kind for note in loaded.notes] == ["warning"]
    assert "the weights are random" in loaded.notes[0].text


def test_a_model_without_random_numbers_gets_no_warning(tmp_path: Path) -> None:
    """A parameter-free module, and one whose numbers the function gives; a global model is like one that is made."""
    (tmp_path / "nets.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def pool(): return nn.MaxPool2d(2)\n"
        "def given():\n    conv = nn.utils.skip_init(nn.Conv2d, 1, 1, 1)\n    nn.init.ones_(conv.weight)\n"
        "    nn.init.zeros_(conv.bias)\n    return conv\n"
        "made = nn.Conv2d(1, 1, 1)\n"
    )
    assert load(f"{tmp_path}/nets.py:pool").notes == ()
    assert load(f"{tmp_path}/nets.py:given").notes == ()
    (note,) = load(f"{tmp_path}/nets.py:made").notes
    assert note.kind == "warning"


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
        "3 is not a name of an operation",
        "'mylib::op' has 5 in the place of a function",
        "'relu' is not a name of an operation",
    ]


def test_weights_go_into_what_a_wrapper_wraps(tmp_path: Path, source: Path) -> None:
    source.write_text(FACTORY + "\ndef wrapped():\n    return nn.DataParallel(net())\n")
    torch.save({"0.weight": torch.full((2, 3, 1, 1), 7.0), "0.bias": torch.zeros(2)}, tmp_path / "best.pth")
    loaded = load(f"{source}:wrapped", weights=tmp_path / "best.pth")
    assert isinstance(loaded.model, torch.nn.Sequential)
    assert loaded.notes == ()


class Trainer:
    """What training scripts keep in checkpoints, here with weights inside."""

    def __init__(self, weights: object) -> None:
        self.ema = weights
        self.started = datetime.datetime(2020, 1, 2)


def numbers() -> dict[str, torch.Tensor]:
    return {"0.weight": torch.arange(6.0).reshape(2, 3, 1, 1), "0.bias": torch.tensor([7.0, 8.0])}


def of_pickle(value: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(value))


def of_arrays(path: Path) -> None:
    with open(path, "wb") as file:
        np.savez(file, **{name: each.numpy() for name, each in numbers().items()})  # type: ignore[arg-type]


def of_numpy(value: object, path: Path) -> None:
    with open(path, "wb") as file:
        np.save(file, value)  # type: ignore[arg-type]


FORMS: dict[str, Callable[[Path], None]] = {
    "a state_dict": lambda path: torch.save(numbers(), path),
    "one of before torch 1.6": lambda path: torch.save(numbers(), path, _use_new_zipfile_serialization=False),
    "safetensors": lambda path: save_file(numbers(), path),
    "arguments beside it": lambda path: torch.save(
        {"state_dict": numbers(), "args": argparse.Namespace(lr=1, path=Path("x")), "best": np.float64(1)}, path
    ),
    "an object around it": lambda path: torch.save({"trainer": Trainer(numbers())}, path),
    "a whole module": lambda path: torch.save({"model": filled_net()}, path),
    "arrays in a state_dict": lambda path: torch.save({name: each.numpy() for name, each in numbers().items()}, path),
    "npz": of_arrays,
    "npy of arrays": lambda path: of_numpy({name: each.numpy() for name, each in numbers().items()}, path),
    "npy of tensors": lambda path: of_numpy(numbers(), path),
    "npy of parameters": lambda path: of_numpy(dict(filled_net().named_parameters()), path),
    "pickle.dump of tensors": lambda path: of_pickle({"net": numbers()}, path),
}


def filled_net() -> nn.Module:
    module = nn.Sequential(nn.Conv2d(3, 2, 1))
    module.load_state_dict(numbers())
    return module


@pytest.mark.parametrize("form", FORMS)
def test_weights_in_every_form_that_people_have(form: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.any"
    FORMS[form](path)
    loaded = load(f"{source}:net", weights=path)
    assert isinstance(loaded.model, torch.nn.Module)
    for name, tensor in loaded.model.state_dict().items():
        assert torch.equal(tensor, numbers()[name])


@pytest.mark.parametrize("form", FORMS)
def test_a_prototxt_takes_them_as_well(form: str, tmp_path: Path) -> None:
    """The same reader, and the same key for the same set."""
    path = tmp_path / "weights.any"
    FORMS[form](path)
    found = only_set(open_weights(path).tensors).tensors
    assert {name: tensor.read().tolist() for name, tensor in found.items()} == {
        name: tensor.tolist() for name, tensor in numbers().items()
    }


def test_one_key_means_one_set_for_both(source: Path, tmp_path: Path) -> None:
    both = {f"student.{name}": tensor for name, tensor in numbers().items()}
    both |= {f"teacher.module.{name}": tensor + 1 for name, tensor in numbers().items()}
    torch.save(
        {"state_dict": both, "ema": {"net": {name: tensor + 2 for name, tensor in numbers().items()}}}, tmp_path / "w"
    )
    tensors = open_weights(tmp_path / "w").tensors
    for key, more in {"state_dict.student": 0, "state_dict.teacher": 1, "ema": 2, "ema.net": 2}.items():
        loaded = load(f"{source}:net", weights=tmp_path / "w", weights_key=key)
        assert isinstance(loaded.model, torch.nn.Module)
        assert torch.equal(loaded.model.state_dict()["0.bias"], numbers()["0.bias"] + more)
        assert only_set(tensors, key).tensors["0.bias"].read().tolist() == [7 + more, 8 + more]


def test_what_was_passed_over_stands_beside_what_is_missing(source: Path, tmp_path: Path) -> None:
    weights = {**numbers(), "0.weight": torch.eye(3).to_sparse()}
    torch.save({"state_dict": weights}, tmp_path / "w.pth")
    with pytest.raises(ConversionError, match=r"missing: 0\.weight") as refused:
        load(f"{source}:net", weights=tmp_path / "w.pth")
    assert "torch._utils._rebuild_sparse_tensor (state_dict.0.weight)" in refused.value.notes[0].text
