"""Checkpoints into models: nests, prefixes, and everything that does not fit, at once."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch.state_dict import load_weights, nests
from tests.converters.pytorch.nets import ResNet
from tests.converters.pytorch.test_sharing import Tied


def pair():
    """A model, and another of its kind with other numbers."""
    torch.manual_seed(3)
    return ResNet(), ResNet().state_dict()


def assert_loaded(module, weights):
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


def test_the_two_step_conversion_of_a_checkpoint_with_a_nested_state_dict():
    """Practitioners' pitfall: the weights lie under ['state_dict'], beside epochs and optimisers."""
    module, weights = pair()
    checkpoint = {"epoch": 3, "state_dict": weights, "optimizer": {"state": {}, "param_groups": [1]}}
    notes = load_weights(module, checkpoint)
    assert_loaded(module, weights)
    assert [note.text for note in notes] == ["weights taken from state_dict"]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.backbone."])
def test_prefixes(prefix):
    module, weights = pair()
    notes = load_weights(module, {"model": {prefix + name: tensor for name, tensor in weights.items()}})
    assert_loaded(module, weights)
    assert [note.text for note in notes] == [f"weights taken from model without the prefix {prefix}"]


def test_tensors_are_taken_and_not_copied():
    module, weights = pair()
    assert load_weights(module, weights) == []
    assert module.fc.weight.data_ptr() == weights["fc.weight"].data_ptr()


def test_missing_keys_and_wrong_shapes_are_all_told_with_near_misses():
    module, weights = pair()
    weights["fc.wieght"] = weights.pop("fc.weight")
    weights["stem.0.weight"] = torch.zeros(8, 1, 7, 7)
    del weights["layer1.0.bn1.running_mean"]
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(ConversionError) as refused:
        load_weights(module, weights)
    assert [str(problem) for problem in refused.value.problems] == [
        "wrong shape: stem.0.weight is (8, 1, 7, 7) where the model has (8, 3, 7, 7)",
        "missing: layer1.0.bn1.running_mean (8,)",
        "missing: fc.weight (10, 16)\n    -> the checkpoint has fc.wieght (10, 16)",
    ]
    assert_loaded(module, before)


def test_what_the_model_has_no_place_for_is_told():
    module, weights = pair()
    notes = load_weights(module, {**weights, "head.weight": torch.zeros(1)})
    assert [note.text for note in notes] == ["the model has no place for 1 tensors of the checkpoint: head.weight"]


def test_counts_of_batches_may_be_missing():
    module, weights = pair()
    load_weights(module, {name: tensor for name, tensor in weights.items() if "num_batches" not in name})


def test_two_sets_that_fit_are_for_the_user_to_choose():
    module, weights = pair()
    other = {name: tensor + 1 for name, tensor in weights.items()}
    with pytest.raises(ConversionError, match="2 sets of weights that fit: model, ema"):
        load_weights(module, {"model": weights, "ema": other})
    load_weights(module, {"model": weights, "ema": other}, key="ema")
    assert_loaded(module, other)
    with pytest.raises(ConversionError, match="no state_dict average"):
        load_weights(module, {"model": weights}, key="average")


def test_a_tied_weight_may_be_saved_once():
    module, weights = Tied(), dict(Tied().state_dict())
    del weights["second.weight"]
    load_weights(module, weights)
    assert torch.equal(module.second.weight, weights["first.weight"])
    assert module.second.weight.data_ptr() == module.first.weight.data_ptr()


@pytest.mark.parametrize("checkpoint", [{}, {"epoch": 3}, {"state_dict": {"names": ["a"]}}])
def test_a_checkpoint_without_tensors(checkpoint):
    with pytest.raises(ConversionError, match="no tensors by name"):
        load_weights(nn.Linear(1, 1), checkpoint)


def test_nests():
    tensor = torch.zeros(1)
    checkpoint = {"a": {"b": {"w": tensor}}, "m": nn.Linear(1, 1), "x": 3, "loose": tensor}
    found = nests(checkpoint)
    assert {name: sorted(held) for name, held in found.items()} == {
        "": ["loose"],
        "a.b": ["w"],
        "m": ["bias", "weight"],
    }
