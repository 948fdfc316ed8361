"""OpenCV has both layers, and MNN computed the same maxima."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ShapeError
from caffe_ir.layers import PSROIPooling, ROIPooling
from tests.caffe_ir.layers.forks.test_detection import by_opencv

REGIONS = np.array(
    [[0, 0, 0, 7, 7], [0, 1, 2, 5, 6], [0, 3, 3, 3, 3], [0, 2, 9, 30, 14], [0, 4.5, 2.5, 6.4, 7.5], [0, 9, 9, 2, 2]]
)
X = np.random.default_rng(0).normal(size=(1, 18, 8, 8))


@pytest.mark.parametrize("scale", [0.5, 1.0, 0.0625])
@pytest.mark.parametrize("size", [(2, 3), (7, 7)])
def test_maxima_of_regions_are_opencvs(scale: float, size: tuple[int, int], tmp_path: Path) -> None:
    layer = ROIPooling(pooled_h=size[0], pooled_w=size[1], spatial_scale=scale)
    (found,) = layer.forward([X, REGIONS], [])
    assert layer.infer((X.shape, REGIONS.shape)) == (found.shape,)
    np.testing.assert_allclose(found, by_opencv(tmp_path, layer, X, REGIONS), atol=1e-6)


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_means_of_regions_are_opencvs(scale: float, tmp_path: Path) -> None:
    layer = PSROIPooling(output_dim=2, group_size=3, spatial_scale=scale)
    (found,) = layer.forward([X, REGIONS], [])
    assert layer.infer((X.shape, REGIONS.shape)) == (found.shape,)
    np.testing.assert_allclose(found, by_opencv(tmp_path, layer, X, REGIONS), atol=1e-6)


def test_a_region_is_of_the_image_that_it_names() -> None:
    x = np.stack([np.zeros((1, 4, 4)), np.ones((1, 4, 4))])
    regions = np.array([[1, 0, 0, 3, 3], [0, 0, 0, 3, 3]])
    (found,) = ROIPooling(pooled_h=1, pooled_w=1).forward([x, regions], [])
    assert found.reshape(-1).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("layer", "regions", "why"),
    [
        (ROIPooling(pooled_h=2, pooled_w=2), (3, 4), "a region has 5 numbers"),
        (ROIPooling(), (3, 5), "needs pooled_h and pooled_w"),
        (PSROIPooling(output_dim=2, group_size=2, spatial_scale=1.0), (3, 5), "18 channels, where 8"),
        (PSROIPooling(output_dim=0, group_size=3, spatial_scale=1.0), (3, 5), "needs output_dim"),
    ],
    ids=str,
)
def test_what_does_not_fit(layer, regions, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        layer.infer((X.shape, regions))


@pytest.mark.parametrize("number", [1.0, -1.0])
@pytest.mark.parametrize(
    "layer", [ROIPooling(pooled_h=1, pooled_w=1), PSROIPooling(spatial_scale=1.0, output_dim=1, group_size=2)], ids=str
)
def test_a_region_of_an_image_that_is_not_there_is_refused(layer: ROIPooling | PSROIPooling, number: float) -> None:
    with pytest.raises(ValueError, match=r"a region is of image -?1, and there are 1"):
        layer.forward([np.zeros((1, 4, 6, 6)), np.array([[number, 0, 0, 3, 3]])], [])
