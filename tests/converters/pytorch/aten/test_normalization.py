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


def weighted(module):
    """The module with weights that are not all one."""
    generator = torch.Generator().manual_seed(3)
    for tensor in module.parameters():
        tensor.data.uniform_(0.5, 1.5, generator=generator)
    return module


MOMENTS = ["Pooling", "Deconvolution", "Eltwise", "Power", "Pooling", "Power"]
WHOLE = [*MOMENTS, "Deconvolution", "Eltwise"]
COPIES = ["Pooling", "Power", "Concat", "Eltwise", "Power", "Pooling", "Power", "Concat", "Eltwise"]
"""Of a net so small that weights of ones would be much of it."""


@pytest.mark.parametrize(
    ("module", "shape", "kinds"),
    [
        (nn.GroupNorm(3, 6), (2, 6, 4, 5), ["Reshape", *WHOLE, "Reshape", "Scale"]),
        (nn.GroupNorm(6, 6), (2, 6, 4, 5), [*WHOLE, "Scale"]),
        (nn.GroupNorm(1, 6, affine=False), (2, 6, 4, 5), ["Reshape", *WHOLE, "Reshape"]),
        (nn.LayerNorm([6, 4, 5]), (2, 6, 4, 5), ["Reshape", *WHOLE, "Reshape", "Scale", "Reshape"]),
        (nn.LayerNorm(5), (2, 7, 5), ["Reshape", *WHOLE, "Reshape", "Scale", "Reshape"]),
        (nn.LayerNorm(5, elementwise_affine=False), (3, 5), ["Reshape", *COPIES, "Reshape"]),
        (nn.LayerNorm(5, bias=False), (2, 6, 4, 5), [*WHOLE, "Reshape", "Scale", "Reshape"]),
        (nn.InstanceNorm2d(3), (2, 3, 4, 5), WHOLE),
        (nn.InstanceNorm2d(3, affine=True), (2, 3, 4, 5), [*WHOLE, "Scale"]),
        (nn.InstanceNorm2d(3, affine=True, eps=0.5), (2, 3, 4, 5), [*WHOLE, "Scale"]),
    ],
    ids=str,
)
def test_norms_by_the_values_own_statistics(module, shape, kinds):
    assert layers(converted(weighted(module), 3 + images(*shape))) == kinds


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.GroupNorm(3, 6), (4, 6)),
        (nn.GroupNorm(3, 6), (4, 6, 7)),
        (nn.GroupNorm(2, 4), (1, 4, 2, 3, 4)),
        (nn.LayerNorm([4, 5]), (2, 3, 4, 5)),
        (nn.InstanceNorm1d(3, affine=True), (2, 3, 7)),
        (nn.InstanceNorm3d(3), (2, 3, 4, 5, 2)),
        (nn.RMSNorm(5, eps=1e-6), (2, 3, 5)),
        (nn.LocalResponseNorm(4), (2, 7, 4, 5)),
        (nn.LocalResponseNorm(3), (2, 7, 5)),
    ],
    ids=str,
)
def test_norms_of_other_shapes(module, shape):
    converted(weighted(module), images(*shape))


def test_instance_norm_with_running_statistics_is_a_batch_norm():
    """Practitioners' pitfall: InstanceNorm2d with and without affine and running statistics."""
    x = images(4, 3, 6, 5)
    module = nn.InstanceNorm2d(3, affine=True, track_running_stats=True)
    assert layers(converted(settled(weighted(module), x), x)) == ["BatchNorm", "Scale"]


def test_local_response_norm_is_one_layer():
    assert layers(converted(nn.LocalResponseNorm(5), images(2, 7, 4, 5))) == ["LRN"]
    assert layers(converted(nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0), images(2, 7, 4, 5))) == ["LRN", "Power"]


def test_the_norms_of_a_decomposed_program():
    module = nn.Sequential(nn.GroupNorm(3, 6), nn.LayerNorm(5))
    net = convert(decomposed(weighted(module), images(2, 6, 4, 5)))
    assert layers(net) == ["Reshape", "Standardize", "Reshape", "Scale", "Standardize", "Scale"]
