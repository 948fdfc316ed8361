"""Packages of these names stand in for timm and torchvision; where they are installed they are asked themselves."""

from __future__ import annotations

import sys
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from converters.pytorch.open.transforms import transform_of

CFG = {
    "architecture": "resnet10t",
    "input_size": (3, 176, 176),
    "test_input_size": (3, 224, 224),
    "interpolation": "bicubic",
    "crop_pct": 0.875,
    "test_crop_pct": 0.95,
    "crop_mode": "center",
    "mean": (0.5, 0.4, 0.3),
    "std": (0.25, 0.5, 0.2),
}


def carrying(**changes: object) -> Any:
    return SimpleNamespace(pretrained_cfg={**CFG, **changes})


def test_what_a_model_of_timm_carries() -> None:
    found = transform_of(carrying())
    assert found is not None
    assert found.said_by == "timm's pretrained_cfg of resnet10t"
    assert (found.mean, found.std, found.interpolation) == ((0.5, 0.4, 0.3), (0.25, 0.5, 0.2), "bicubic")
    assert [found.shorter_side(size) for size in ((176, 176), (224, 224), (64, 64), (64, 96))] == [201, 235, 73, None]
    assert found.says_size((64, 64))
    assert not found.says_size((64, 96))


def test_timms_words_where_a_model_is_silent() -> None:
    found = transform_of(carrying(mean=None, interpolation="", crop_pct=None, test_input_size=None))
    assert found is not None
    assert (found.mean, found.interpolation) == ((0.485, 0.456, 0.406), "bicubic")
    assert found.shorter_side((224, 224)) == 256


@pytest.mark.parametrize(
    ("mode", "kept", "says"), [("squash", 1.0, True), ("squash", 0.9, False), ("border", 1, False)]
)
def test_other_ways_to_crop(mode: str, kept: float, says: bool) -> None:
    """Squashed to the input's own size a picture is stretched; what is cut off of a larger one has no word."""
    found = transform_of(carrying(crop_mode=mode, crop_pct=kept, test_input_size=None))
    assert found is not None
    assert found.shorter_side((224, 224)) is None
    assert found.says_size((224, 224)) is says


class Interpolation(Enum):
    BILINEAR = "bilinear"


class Weights(Enum):
    V1 = 1
    V2 = 2

    @classmethod
    def verify(cls, name: str) -> Weights:
        return cls[name]

    def transforms(self) -> Any:
        named = {"mean": [0.5, 0.4, 0.3], "std": [0.25, 0.5, 0.2], "interpolation": Interpolation.BILINEAR}
        return SimpleNamespace(crop_size=[224], resize_size=[256], **named) if self is Weights.V1 else SimpleNamespace()


def resnet18(weights: str | None = None) -> None:
    """What a function of torchvision looks like."""


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    models = ModuleType("torchvision.models")
    models.get_model_weights = lambda factory: Weights  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    monkeypatch.setattr(resnet18, "__module__", "torchvision.models.resnet")


def test_what_weights_of_torchvision_say(torchvision: None) -> None:
    found = transform_of(object(), resnet18, {"weights": "V1"})
    assert found is not None
    assert found.said_by == "Weights.V1.transforms()"
    assert (found.mean, found.std, found.interpolation) == ((0.5, 0.4, 0.3), (0.25, 0.5, 0.2), "bilinear")
    assert found.shorter_side((224, 224)) == 256
    assert found.shorter_side((64, 64)) is None
    assert not found.says_size((64, 64))


def test_others_say_nothing(torchvision: None) -> None:
    assert transform_of(object(), resnet18, {"weights": "V2"}) is None
    assert transform_of(object(), resnet18, {"weights": None}) is None
    assert transform_of(object(), resnet18, {}) is None
    assert transform_of(object(), test_others_say_nothing, {"weights": "V1"}) is None
    assert transform_of(object()) is None
    assert transform_of(SimpleNamespace(pretrained_cfg="resnet18")) is None


def test_torchvisions_own_weights() -> None:
    models = pytest.importorskip("torchvision.models")
    for name in models.list_models(models):
        factory = models.get_model_builder(name)
        for weights in models.get_model_weights(factory):
            found, said = transform_of(object(), factory, {"weights": weights.name}), weights.transforms()
            assert found is not None
            assert list(found.mean) == said.mean
            assert list(found.std) == said.std
            (crop,), (side,) = said.crop_size, said.resize_size
            assert found.shorter_side((crop, crop)) == side


def test_timms_own_models() -> None:
    """The sizes that timm's own transform for evaluation resizes to."""
    timm = pytest.importorskip("timm")
    for name in ("resnet10t", "mobilenetv3_small_050", "vit_tiny_patch16_224", "levit_128s", "inception_v3"):
        model = timm.create_model(name)
        found = transform_of(model)
        assert found is not None
        for test in (False, True):
            config = timm.data.resolve_data_config({}, model=model, use_test_size=test)
            resize, crop = timm.data.create_transform(**config).transforms[:2]
            assert found.shorter_side(tuple(crop.size)) == resize.size
            assert resize.interpolation.value == found.interpolation
            assert (found.mean, found.std) == (config["mean"], config["std"])
