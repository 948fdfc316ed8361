from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from caffe_ir.errors import ShapeError
from caffe_ir.layers import HalfPixelInterp, Interp, ReferencedInterp, StrideUpsample, Upsample

X = np.random.default_rng(0).normal(size=(2, 3, 4, 6))


def resized(**how: object) -> np.ndarray:
    return functional.interpolate(torch.from_numpy(X), **how).numpy()  # type: ignore[arg-type]


def test_nearest_neighbours_are_torchs() -> None:
    assert np.array_equal(Upsample(scale=3).forward([X], [])[0], resized(scale_factor=3, mode="nearest"))
    (found,) = StrideUpsample(stride_h=2, stride_w=3, scale=0.5).forward([X], [])
    assert np.array_equal(found, 0.5 * resized(scale_factor=(2, 3), mode="nearest"))


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (Interp(height=9, width=7), (9, 7)),
        (Interp(height=1, width=6), (1, 6)),
        (Interp(height=3, width=2), (3, 2)),
        (Interp(zoom_factor=3), (10, 16)),
        (Interp(shrink_factor=2), (2, 3)),
        (Interp(shrink_factor=2, zoom_factor=4), (5, 9)),
    ],
)
def test_bilinear_with_the_corners_on_the_corners_is_torchs(layer: Interp, size: tuple[int, int]) -> None:
    (found,) = layer.forward([X], [])
    assert layer.infer((X.shape,)) == (found.shape,)
    np.testing.assert_allclose(found, resized(size=size, mode="bilinear", align_corners=True), atol=1e-14)


def test_a_second_blob_says_the_size() -> None:
    layer = Interp().placed((X.shape, (5, 7, 9, 8)), 1)
    assert isinstance(layer, ReferencedInterp)
    (found,) = layer.forward([X, np.zeros((5, 7, 9, 8))], [])
    assert layer.infer((X.shape, (5, 7, 9, 8))) == (found.shape,)
    np.testing.assert_allclose(found, resized(size=(9, 8), mode="bilinear", align_corners=True), atol=1e-14)
    assert Interp(pad_beg=-1).placed((X.shape, X.shape), 1) == ReferencedInterp(pad_beg=-1)
    with pytest.raises(ShapeError, match="a second blob says the size, and fields do"):
        Interp(zoom_factor=2).placed((X.shape, X.shape), 1)
    with pytest.raises(ShapeError, match="no map"):
        layer.infer((X.shape, (5, 7)))


def test_negative_pads_crop_the_map_first() -> None:
    layer = Interp(height=5, width=7, pad_beg=-1, pad_end=-1)
    (found,) = layer.forward([X], [])
    part = torch.from_numpy(X[:, :, 1:-1, 1:-1])
    wanted = functional.interpolate(part, size=(5, 7), mode="bilinear", align_corners=True).numpy()
    assert layer.infer((X.shape,)) == (found.shape,)
    np.testing.assert_allclose(found, wanted, atol=1e-14)
    assert Interp(pad_beg=-1, shrink_factor=2).infer((X.shape,)) == ((2, 3, 2, 3),)


def test_two_spellings_of_upsample() -> None:
    assert StrideUpsample.parsed({"scale": 1.0, "stride": 2}) == StrideUpsample(stride_h=2, stride_w=2)
    assert StrideUpsample(stride_h=2, stride_w=2).spelled() == {"scale": 1.0, "stride": 2}
    assert StrideUpsample(stride_h=2, stride_w=3).spelled() == {"scale": 1.0, "stride_h": 2, "stride_w": 3}
    assert Upsample.parsed({"scale": 2.0}) == Upsample(scale=2)
    with pytest.raises(ValueError, match="needs a scale, or a stride"):
        StrideUpsample.parsed({"scale": 2.0})
    with pytest.raises(ValueError, match="not a whole number"):
        Upsample.parsed({"scale": 1.5})


def test_fields_that_change_nothing_may_be_written() -> None:
    assert Interp.parsed({"height": 4, "width": 5, "pad_beg": 0, "shrink_factor": 1}) == Interp(height=4, width=5)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Interp(height=4), "height and width, or a factor"),
        (Interp(height=4, width=5, shrink_factor=2), "height and width, or a factor"),
        (Interp(height=4, width=5, pad_beg=1), "none is positive"),
        (Interp(height=4, width=5, pad_end=-4), "nothing is left"),
        (Interp(shrink_factor=0), "a factor of"),
    ],
    ids=str,
)
def test_what_deeplab_refuses(layer: Interp, reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        layer.infer((X.shape,))


@pytest.mark.parametrize("size", [(9, 7), (1, 6), (3, 2), (8, 12)], ids=str)
def test_what_ncnn_makes_of_interp_is_torchs_bilinear(size: tuple[int, int]) -> None:
    layer = HalfPixelInterp(height=size[0], width=size[1])
    (found,) = layer.forward([X], [])
    assert layer.infer((X.shape,)) == (found.shape,)
    np.testing.assert_allclose(found, resized(size=size, mode="bilinear"), atol=1e-14)
    with pytest.raises(ShapeError, match="height and width"):
        HalfPixelInterp(height=0, width=4).infer((X.shape,))
