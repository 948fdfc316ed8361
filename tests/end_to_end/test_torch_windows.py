"""Dilated maxima, boxes with output_padding, constant masks and exponents: the files, in two engines, against torch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.converters.pytorch.judge import EXACT, Beside, images
from tests.end_to_end.from_torch import (
    FLOAT32,
    error,
    files_of,
    lowered,
    meaning_error,
    opencv_knows,
    opencv_results,
    results,
)

MASK = torch.tensor([True, False, True, True, False, True])
EXPONENTS = torch.tensor([1.0, 2, 2, 3, 1, 0.5]).reshape(6, 1, 1)
BELOW = -3
"""Added to what is pooled: a border of zeros would be the maximum everywhere."""

NOT_IN_OPENCV = {"output_padding_of_dilated_boxes"}
"""OpenCV reads a Deconvolution of three axes from a Caffe file as one of two."""


def convolved(*layers: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 6, 1), *layers, nn.Conv2d(6, 4, 1)).eval()


CASES: dict[str, tuple[nn.Module, torch.Tensor]] = {
    "dilated_maximum": (nn.MaxPool2d(3, 1, 1, dilation=2), images(1, 3, 12, 16) + BELOW),
    "dilated_maximum_of_odd_sizes": (nn.MaxPool2d(3, 1, 1, dilation=2), images(1, 3, 13, 15) + BELOW),
    "dilated_maximum_of_stride_2": (nn.MaxPool2d(3, 2, 1, dilation=2), images(1, 3, 12, 15) + BELOW),
    "dilated_maximum_of_stride_2_up": (nn.MaxPool2d(2, 2, 1, dilation=3, ceil_mode=True), images(1, 3, 11, 14) + BELOW),
    "dilated_maximum_of_columns": (nn.MaxPool2d((2, 3), (1, 2), (0, 1), dilation=(1, 4)), images(1, 3, 9, 17) + BELOW),
    "dilated_maximum_between_convolutions": (convolved(nn.MaxPool2d(3, 1, 1, dilation=2)), images(1, 3, 11, 12)),
    "dilated_maximum_of_a_row": (nn.MaxPool1d(3, 1, 1, dilation=3), images(1, 3, 20) + BELOW),
    "dilated_maximum_of_boxes": (nn.MaxPool3d(2, (1, 2, 1), 1, dilation=(2, 3, 2)), images(1, 2, 6, 9, 8) + BELOW),
    "output_padding_of_dilated_boxes": (
        nn.ConvTranspose3d(2, 3, 3, 2, 1, output_padding=1, dilation=2),
        images(1, 2, 3, 4, 3),
    ),
    "channels_of_a_mask": (Beside(lambda x, mask: x[:, mask] * 2, MASK), images(1, 6, 5, 7)),
    "cells_of_two_indices": (
        Beside(lambda x, i, j: x[:, :, i, j], torch.tensor([0, 3, 1]), torch.tensor([4, 6, 0])),
        images(1, 6, 5, 7),
    ),
    "exponents_by_channel": (Beside(lambda x, y: x.abs() ** y, EXPONENTS), images(1, 6, 5, 7)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_files_compute_what_torch_computes(name: str, tmp_path: Path) -> None:
    module, x = CASES[name]
    module = module.eval()
    net = lowered(module, x)
    assert meaning_error(module, net, x) < EXACT
    files = files_of(net, tmp_path)
    with torch.no_grad():
        wanted = module(x)
    (found,) = results(files, x)
    assert error(found, wanted) < FLOAT32
    if opencv_knows(net) and name not in NOT_IN_OPENCV:
        (seen,) = opencv_results(files, x)
        assert error(seen, wanted) < FLOAT32
