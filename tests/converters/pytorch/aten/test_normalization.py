"""Batch norm in eval mode against torch, and why the statistics of a batch are refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from tests.converters.pytorch.judge import converted, decomposed, images, layers, settled


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("eps", [1e-5, 1e-3])
def test_batch_norm_with_and_without_affine(affine, eps):
    x = images(4, 3, 6, 5)
    assert layers(converted(settled(nn.BatchNorm2d(3, affine=affine, eps=eps), x), x))[0] == "BatchNorm"


@pytest.mark.parametrize(("module", "shape"), [(nn.BatchNorm1d(3), (4, 3)), (nn.BatchNorm1d(3), (4, 3, 5))], ids=str)
def test_batch_norm_of_rows_and_sequences(module, shape):
    x = images(*shape)
    converted(settled(module, x), x)


def test_the_batch_norm_of_a_decomposed_program():
    x = images(4, 3, 6, 5)
    assert layers(convert(decomposed(settled(nn.BatchNorm2d(3), x), x))) == ["SourceBatchNorm"]


def test_track_running_stats_false_is_refused_with_the_reason():
    """Practitioners' pitfall: with track_running_stats=False each run gives other numbers."""
    with pytest.raises(ConversionError, match="changes with its companions") as refused:
        convert(nn.BatchNorm2d(3, track_running_stats=False).eval(), (images(2, 3, 4, 4),))
    assert "InstanceNorm2d" in str(refused.value)


def test_a_program_captured_in_training_mode_is_refused():
    program = torch.export.export(nn.BatchNorm2d(3).train(), (images(2, 3, 4, 4),))
    with pytest.raises(ConversionError, match=r"call model\.eval\(\) before torch\.export"):
        convert(program)
