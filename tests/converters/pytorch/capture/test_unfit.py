"""Wrapped modules, and modules of which no program can be made."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.capture.unfit import refuse_unfit, refuse_without_shapes, unwrapped
from tests.converters.pytorch.judge import images


def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()


def told(refusal, module):
    with pytest.raises(ConversionError) as refused:
        refusal(module)
    return [problem.what for problem in refused.value.problems]


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile, lambda own: torch.compile(nn.DataParallel(own))])
def test_a_wrapped_module_is_what_it_wraps(wrap):
    """No `module.` or `_orig_mod.` in a name, forward's own inputs, no word of the wrapper's own mode."""
    own = net()
    assert unwrapped(wrap(own)) is own
    made = convert(wrap(own), (images(1, 3, 5, 5),))
    assert [node.name for node in made.nodes] == ["input", "0", "1"]
    assert made.name == "Sequential"
    assert made.notes == []


def test_tensors_on_the_device_meta_are_counted():
    with torch.device("meta"):
        module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    assert told(refuse_unfit, module) == ["7 tensors (0.weight, 0.bias, 1.weight and 4 more) are without numbers"]
    (only,) = told(refuse_unfit, nn.Linear(1, 1, bias=False, device="meta"))
    assert only == "the tensor weight is without numbers"


@pytest.mark.filterwarnings("ignore:.*Lazy.*")
@pytest.mark.parametrize("refusal", [refuse_unfit, refuse_without_shapes])
def test_lazy_modules(refusal):
    (what,) = told(refusal, nn.Sequential(nn.LazyConv2d(3, 3), nn.LazyBatchNorm2d()))
    assert what.startswith("6 tensors (0.weight, 0.bias, 1.weight and 3 more) are without a shape")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("refusal", [refuse_unfit, refuse_without_shapes])
def test_quantized_modules(refusal):
    module = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4), nn.ReLU()).eval(), {nn.Linear})
    assert told(refusal, module) == ["the module 0 is quantized"]


def test_what_is_fit():
    refuse_unfit(net())
    refuse_without_shapes(net())
