"""Checkpoints into models: nests, prefixes, and everything that does not fit, at once."""

from __future__ import annotations

import os

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch.open import state_dict
from converters.weights import open_weights
from converters.weights.tensors import of_unknown_type
from tests.converters.pytorch.graph.test_sharing import Tied
from tests.converters.pytorch.nets import ResNet
from tests.converters.pytorch.stored import stored


def load_weights(module, checkpoint, *, key=""):
    return state_dict.load_weights(module, stored(checkpoint), key=key)


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


def test_the_modules_own_memory_is_filled():
    module, weights = pair()
    places = {name: tensor.data_ptr() for name, tensor in module.state_dict().items()}
    assert load_weights(module, weights) == []
    assert {name: tensor.data_ptr() for name, tensor in module.state_dict().items()} == places
    assert_loaded(module, weights)


def test_weights_of_a_file_are_read_into_it(tmp_path):
    module, weights = pair()
    tensors = open_weights(save(weights, tmp_path / "w.pth")).tensors
    state_dict.load_weights(module, tensors)
    assert_loaded(module, weights)
    os.truncate(tmp_path / "w.pth", 3000)
    with pytest.raises(ConversionError, match="became shorter while it was read"):
        state_dict.load_weights(module, tensors)


def save(value, path):
    torch.save(value, path)
    return path


class Odd(nn.Module):
    """Weights in every form that memory can have."""

    def __init__(self):
        super().__init__()
        self.plain = nn.Parameter(torch.zeros(2, 3))
        self.turned = nn.Parameter(torch.zeros(3, 2).T)
        self.spread = nn.Parameter(torch.zeros(1, 2, 4, 4).to(memory_format=torch.channels_last))
        self.wide = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        self.narrow = nn.Parameter(torch.zeros(2, dtype=torch.bfloat16))
        self.register_buffer("repeated", torch.zeros(1).expand(3))
        self.register_buffer("count", torch.tensor(0))
        self.register_buffer("empty", torch.zeros(0, 2))
        self.register_buffer("nowhere", torch.zeros(2, device="meta"))


@pytest.mark.parametrize("turned", [False, True])
def test_memory_of_every_form(turned):
    draw = torch.Generator().manual_seed(0)
    module, weights = Odd(), {}
    for name, own in module.state_dict().items():
        tensor = torch.randn(own.shape, generator=draw).to(own.dtype)
        weights[name] = tensor.T.contiguous().T if turned and tensor.dim() == 2 else tensor
    load_weights(module, weights)
    assert_loaded(module, weights)
    assert module.turned.stride() == (1, 2)


def test_a_type_that_torch_does_not_have():
    with pytest.raises(ConversionError, match="weight is of the type F6_E2M3, which torch does not have"):
        state_dict.load_weights(nn.PReLU(), {"weight": of_unknown_type("F6_E2M3", (1,))})


def test_eight_bits_become_the_models_type(tmp_path):
    """The reference is torch's own conversion."""
    weight = torch.randn(2, 3).to(torch.float8_e4m3fn)
    for path in (save({"weight": weight}, tmp_path / "w.pth"), tmp_path / "w.safetensors"):
        if path.suffix == ".safetensors":
            save_file({"weight": weight}, path)
        module = nn.Linear(3, 2, bias=False)
        state_dict.load_weights(module, open_weights(path).tensors)
        assert torch.equal(module.weight, weight.float())


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


def test_the_weights_of_another_variant_are_counted_at_the_end():
    def net(width, depth):
        return nn.Sequential(*(nn.Conv2d(width, width, 1) for _ in range(depth)))

    for other in (net(4, 9), net(3, 4)):
        with pytest.raises(ConversionError) as refused:
            load_weights(net(3, 9), other.state_dict())
        *single, last = refused.value.problems
        assert len(single) >= 9
        assert last.what.startswith(f"{len(single)} of the model's 18 weights do not fit")
        assert "--arg NAME=VALUE" in last.hint


def test_what_the_model_has_no_place_for_is_told():
    module, weights = pair()
    notes = load_weights(module, {**weights, "head.weight": torch.zeros(1)})
    assert [note.text for note in notes] == ["the model has no place for 1 tensor of the checkpoint: head.weight"]


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
    with pytest.raises(ConversionError, match="no weights under average"):
        load_weights(module, {"model": weights}, key="average")


def test_a_tied_weight_may_be_saved_once():
    module, weights = Tied(), dict(Tied().state_dict())
    del weights["second.weight"]
    load_weights(module, weights)
    assert torch.equal(module.second.weight, weights["first.weight"])
    assert module.second.weight.data_ptr() == module.first.weight.data_ptr()


def test_two_prefixes_that_fit_are_for_the_user_to_choose():
    """A student and its teacher, a query encoder and a key encoder: taking the first would be a guess."""
    module, weights = pair()
    both = {f"student.{name}": tensor for name, tensor in weights.items()}
    both |= {f"teacher.{name}": tensor + 1 for name, tensor in weights.items()}
    with pytest.raises(ConversionError) as refused:
        load_weights(module, {"state_dict": both})
    assert "2 sets of weights that fit: state_dict.student, state_dict.teacher" in str(refused.value)
    with pytest.raises(ConversionError, match=r"did you mean --weights-key state_dict\.teacher\?"):
        load_weights(module, {"state_dict": both}, key="teacher")
    load_weights(module, {"state_dict": both}, key="state_dict.teacher")
    assert_loaded(module, {name: tensor + 1 for name, tensor in weights.items()})


def test_the_top_is_a_set_like_any_other():
    module, weights = pair()
    other = {name: tensor + 1 for name, tensor in weights.items()}
    with pytest.raises(ConversionError, match=r"2 sets of weights that fit: \., ema"):
        load_weights(module, {**weights, "ema": other})
    load_weights(module, {**weights, "ema": other}, key=".")
    assert_loaded(module, weights)


def test_of_equal_names_the_shapes_decide():
    module = nn.Linear(3, 2)
    small, large = torch.ones(2, 3), torch.ones(9, 9)
    checkpoint = {"a.weight": large, "a.bias": torch.ones(9), "b.weight": small, "b.bias": torch.ones(2)}
    notes = load_weights(module, checkpoint)
    assert module.weight.tolist() == small.tolist()
    assert notes[0].text == "weights taken without the prefix b."


def test_a_checkpoint_of_another_model():
    module, _ = pair()
    with pytest.raises(ConversionError) as refused:
        load_weights(module, {"encoder.weight": torch.zeros(1)})
    (problem,) = refused.value.problems
    assert problem.what.startswith(f"none of the {len(module.state_dict())} names that the model's weights have")
    assert "the checkpoint encoder.weight" in problem.why


@pytest.mark.parametrize(
    ("theirs", "own", "told"),
    [
        (torch.bfloat16, torch.float32, "are bfloat16; the model has them as float32"),
        (
            torch.float32,
            torch.float16,
            "are float32; the model has them as float16, rounded",
        ),
        (
            torch.float16,
            torch.bfloat16,
            "are float16; the model has them as bfloat16, rounded",
        ),
    ],
    ids=str,
)
def test_the_models_type_holds_as_with_load_state_dict(theirs, own, told):
    module, plain = nn.Linear(3, 2).to(own), nn.Linear(3, 2).to(own)
    weights = nn.Linear(3, 2).to(theirs).state_dict()
    notes = load_weights(module, weights)
    plain.load_state_dict(weights)
    assert torch.equal(module.weight, plain.weight)
    assert module.weight.dtype == own
    assert [note.text for note in notes] == [f"2 tensors of the checkpoint {told}"]
    assert notes[0].kind == ("warning" if "rounded" in told else "assumed")


@pytest.mark.filterwarnings("ignore:.*Lazy.*")
def test_a_module_without_shapes_takes_no_weights():
    with pytest.raises(ConversionError, match="without a shape"):
        load_weights(nn.LazyLinear(3), {"weight": torch.zeros(3, 2)})


def test_a_key_into_a_plain_state_dict():
    with pytest.raises(ConversionError, match="it is one itself, with none inside\\)\n    -> leave --weights-key out"):
        load_weights(nn.Linear(1, 1), nn.Linear(1, 1).state_dict(), key="ema")
