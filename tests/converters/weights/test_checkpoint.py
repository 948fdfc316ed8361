"""What is taken from checkpoints as people have them, and what is passed over and told."""

from __future__ import annotations

import argparse
import datetime
import enum
import pathlib
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from converters.weights import Checkpoint, Nested, Tensor, open_weights
from converters.weights.checkpoint import DEEPEST, checkpoint_of
from converters.weights.pickle_values import Inert
from converters.weights.tensors import held
from converters.weights.unreadable import Unreadable

T = held(np.zeros(2, "f"))


def names(nested: Nested, path: str = "") -> dict[str, list[float]]:
    """Every tensor by its path, with its numbers."""
    found = {}
    for name, value in nested.items():
        if isinstance(value, Tensor):
            found[path + name] = value.read().reshape(-1).tolist()
        else:
            found |= names(value, f"{path}{name}.")
    return found


def told(found: Checkpoint) -> str:
    return "\n".join(note.text for note in found.notes)


class Config(dict):
    """As mmcv's and omegaconf's: a dictionary with attributes."""

    def __init__(self, **given: Any) -> None:
        super().__init__(given)
        self.flags = {"allow_objects": True}


class Stage(enum.Enum):
    TRAIN = 1


class State(OrderedDict):
    pass


class Ema:
    """An average of weights, as training scripts write their own."""

    def __init__(self, module: nn.Module) -> None:
        self.decay = 0.99
        self.module = module
        self.shadow = {name: parameter.detach() * 2 for name, parameter in module.named_parameters()}
        self.listed = list(self.shadow.values())


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.BatchNorm2d(2))
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("cache", torch.ones(1), persistent=False)
        self.history = [1, 2]


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Checkpoint]:
    """Saves a value with classes of a user's own package, and opens it where that package is not installed."""
    module = types.ModuleType("somebodys_repository")
    module.__file__ = __file__
    for own in (Config, Stage, State, Ema, Net):
        setattr(module, own.__name__, own)
        monkeypatch.setattr(own, "__module__", module.__name__)

    def save_and_open(value: Any, save: Callable[..., None] = torch.save) -> Checkpoint:
        with monkeypatch.context() as there:
            there.setitem(sys.modules, module.__name__, module)
            save(value, tmp_path / "checkpoint.pth")
        found = open_weights(tmp_path / "checkpoint.pth")
        assert module.__name__ not in sys.modules
        return found

    return save_and_open


def save_by_numpy(value: Any, path: Path) -> None:
    with open(path, "wb") as file:
        np.save(file, value)


def save_by_pickle(value: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(value))


SAVES: dict[str, Callable[[Any, Path], None]] = {
    "torch.save": torch.save,
    "torch.save of before 1.6": lambda value, path: torch.save(value, path, _use_new_zipfile_serialization=False),
    "pickle.dump": save_by_pickle,
    "numpy.save": save_by_numpy,
}


HARMLESS: dict[str, Any] = {
    "argparse.Namespace": argparse.Namespace(lr=0.1, gpus=[0]),
    "datetime.datetime": datetime.datetime(2020, 1, 2),
    "pathlib.PosixPath": pathlib.PurePosixPath("/tmp"),
    "numpy.float64": np.float64(0.5),
    "numpy.random": np.random.RandomState(0),
    "Config": Config(model=Config(depth=50)),
    "Stage": Stage.TRAIN,
    "State": State(a=1),
    "slice": slice(1, 2),
    "a set": {1, 2},
    "a lambda's name": np.sum,
    "torch.device": torch.device("cpu"),
    "torch.dtype": torch.float16,
}


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize("kind", HARMLESS)
def test_weights_beside_harmless_objects(kind: str, save: str, saved: Callable[..., Checkpoint]) -> None:
    weights = {"conv.weight": torch.ones(2, 1), "conv.bias": torch.zeros(2)}
    found = saved({"state_dict": weights, "extra": HARMLESS[kind], "epoch": 3}, SAVES[save])
    assert names(found.tensors["state_dict"]) == {"conv.weight": [1, 1], "conv.bias": [0, 0]}  # type: ignore[arg-type]


def test_what_was_passed_over_is_told(saved: Callable[..., Checkpoint]) -> None:
    found = saved({"w": torch.ones(1), "args": argparse.Namespace(lr=1), "dates": [datetime.date(2020, 1, 2)] * 7})
    assert told(found) == (
        "passed over in the file, without tensors by name: argparse.Namespace (args), "
        "datetime.date (dates.0, dates.1, dates.2, dates.3, dates.4 and 2 more)"
    )
    assert told(saved({"w": torch.ones(1), "epoch": 3, "best": np.float32(1), "device": torch.device("cpu")})) == ""


@pytest.mark.parametrize("save", SAVES)
def test_a_state_dict_of_a_class_that_is_not_there(save: str, saved: Callable[..., Checkpoint]) -> None:
    found = saved({"ema": State(w=torch.ones(1)), "config": Config(mean=np.ones(2, "f"))}, SAVES[save])
    assert names(found.tensors) == {"ema.w": [1], "config.mean": [1, 1]}
    listed = "somebodys_repository.State (ema), somebodys_repository.Config (config)"
    assert f"read from the parts of objects whose code is not run: {listed}" in told(found)


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source")
@pytest.mark.parametrize("save", SAVES)
def test_a_whole_module_is_read_as_its_state_dict(save: str, saved: Callable[..., Checkpoint]) -> None:
    net = Net()
    found = saved({"model": net, "epoch": 3}, SAVES[save])
    own = {f"model.{name}": tensor.reshape(-1).tolist() for name, tensor in net.state_dict().items()}
    assert list(names(found.tensors)) == list(own)
    assert names(found.tensors) == own
    assert "somebodys_repository.Net (model)" in told(found)


def test_an_average_of_weights(saved: Callable[..., Checkpoint]) -> None:
    net = Net()
    found = names(saved({"ema": Ema(net)}).tensors)
    weight = net.state_dict()["body.0.weight"].reshape(-1)
    assert found["ema.module.body.0.weight"] == weight.tolist()
    assert found["ema.shadow.body.0.weight"] == (2 * weight).tolist()
    assert "tensors in a list, without names (ema.listed)" in told(saved({"ema": Ema(net)}))


def test_a_tuple_of_a_state_dict_and_more(saved: Callable[..., Checkpoint]) -> None:
    assert names(saved(({"w": torch.ones(1)}, 3)).tensors) == {"0.w": [1]}


def test_arrays_of_numpy_beside_tensors(saved: Callable[..., Checkpoint]) -> None:
    given = {"a": np.arange(3, dtype="f"), "b": torch.ones(1), "c": np.array(["text"]), "d": np.array([1, {}], object)}
    found = saved(given)
    assert names(found.tensors) == {"a": [0, 1, 2], "b": [1]}
    assert "(c)" in told(found)
    assert "numpy.ndarray of object (d)" in told(found)


def test_circles_and_shared_values_come_to_an_end() -> None:
    circle: dict[str, Any] = {"w": T}
    circle["own"] = circle
    found = checkpoint_of(circle)
    assert f"nested deeper than {DEEPEST} levels" in told(found)
    doubled: dict[str, Any] = {"w": T}
    for _ in range(35):
        doubled = {"a": doubled, "b": doubled}
    with pytest.raises(Unreadable, match="refers to its own parts more than"):
        checkpoint_of(doubled)
    modules: Any = Inert(kind="m", state={"_parameters": {"w": T}, "_buffers": {}, "_modules": {}})
    for _ in range(35):
        modules = Inert(kind="m", state={"_parameters": {}, "_buffers": {}, "_modules": {"a": modules, "b": modules}})
    with pytest.raises(Unreadable, match="refers to its own parts more than"):
        checkpoint_of(modules)
