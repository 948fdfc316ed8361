from __future__ import annotations

import numpy as np
import torch

from caffe_ir.picture_input import PictureInput

V = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 7)).astype(np.float64)


def test_it_is_torchvisions_normalize() -> None:
    mean, std = torch.tensor([0.485, 0.456, 0.406]).double(), torch.tensor([0.229, 0.224, 0.225]).double()
    wanted = (torch.from_numpy(V) / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    made = PictureInput(mean=tuple((255 * mean).tolist()), scale=tuple((1 / (255 * std)).tolist()))
    np.testing.assert_allclose(made.applied(V), wanted, rtol=1e-12, atol=1e-13)


def test_the_order_is_reversed_before_the_numbers() -> None:
    made = PictureInput(mean=(1, 2, 3), scale=(2, 2, 4), swapped=True)
    np.testing.assert_array_equal(made.applied(V)[:, 2], (V[:, 0] - 3) * 4)


def test_one_number_is_for_all_channels() -> None:
    np.testing.assert_array_equal(PictureInput(scale=(0.5,)).applied(V), V / 2)
