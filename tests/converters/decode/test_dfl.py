"""The reference: the definition of the distribution focal loss's boxes, in torch and float64, cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from converters.decode.dfl import boxes_of_dfl
from tests.converters.decode.torch_heads import dfl


def by_definition(sides: np.ndarray, scores: np.ndarray, grid: tuple[int, int], stride: float) -> torch.Tensor:
    """Rows of left, top, right, bottom in pixels and the classes; sides (4, bins, cells), scores (classes, cells)."""
    bins = torch.from_numpy(sides).double()
    mean = (bins.softmax(1) * torch.arange(bins.shape[1])[None, :, None]).sum(1) if bins.shape[1] > 1 else bins[:, 0]
    rows, columns = torch.meshgrid(*(torch.arange(one) + 0.5 for one in grid), indexing="ij")
    middle = torch.stack([columns.flatten(), rows.flatten()])
    corners = torch.cat([middle - mean[:2], middle + mean[2:]]) * stride
    return torch.cat([corners, torch.from_numpy(scores).double().sigmoid()]).T


@pytest.mark.parametrize("reg_max", [1, 4, 16])
@pytest.mark.parametrize("layout", ["one blob", "two blobs", "joined grids"])
def test_boxes_are_those_of_the_definition(reg_max: int, layout: str) -> None:
    grid, rng = (4, 6), np.random.default_rng(reg_max)
    sides, scores = rng.normal(0, 2, (4, reg_max, 24)).astype(np.float32), rng.normal(-2, 2, (5, 24)).astype(np.float32)
    flat = sides.reshape(-1, 24)
    if layout == "one blob":
        head, blobs = dfl(grid, "b", reg_max=reg_max), [np.concatenate([flat, scores])]
    elif layout == "two blobs":
        head, blobs = dfl(grid, "b", "s", reg_max=reg_max), [flat, scores]
    else:
        head = dfl(grid, "b", "s", reg_max=reg_max, first=7, cells=40)
        blobs = [np.pad(one, ((0, 0), (7, 9)), constant_values=9) for one in (flat, scores)]
    boxes = boxes_of_dfl(head, *blobs, threshold=0.3)
    wanted = by_definition(sides, scores, grid, 8).numpy()
    wanted = wanted[(wanted[:, 4:] > 0.3).any(1)]
    size = np.array([48, 32])
    centre, whole = (wanted[:, :2] + wanted[:, 2:4]) / 2 / size, (wanted[:, 2:4] - wanted[:, :2]) / size
    np.testing.assert_allclose(boxes.places, np.concatenate([centre, whole], 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(boxes.scores, np.where(wanted[:, 4:] > 0.3, wanted[:, 4:], 0), rtol=1e-6)
    assert 5 < len(boxes.places) < 24
