from __future__ import annotations

import numpy as np
import pytest
import torch

from caffe_ir.errors import ShapeError
from caffe_ir.layers import Concat, Crop, Eltwise, Slice, Split

rng = np.random.default_rng(6)
A, B, C = rng.standard_normal((3, 2, 3, 4))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Eltwise(operation="SUM"), A + B + C),
        (Eltwise(operation="SUM", coeff=(1.0, 1.0, 1.0)), A + B + C),
        (Eltwise(operation="SUM", coeff=(1.0, -1.0, 0.5)), A - B + C / 2),
        (Eltwise(operation="PROD"), A * B * C),
        (Eltwise(operation="MAX"), torch.tensor(np.stack([A, B, C])).amax(0).numpy()),
        (Eltwise(operation="MAX", coeff=(5.0, 6.0, 7.0)), torch.tensor(np.stack([A, B, C])).amax(0).numpy()),
    ],
    ids=str,
)
def test_eltwise(layer, expected):
    before = [A.copy(), B.copy(), C.copy()]
    (top,) = layer.forward([A, B, C], [])
    np.testing.assert_allclose(top, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal([A, B, C], before)
    assert layer.infer((A.shape,) * 3) == (A.shape,)
    single = [each.astype(np.float32) for each in (A, B, C)]
    assert layer.forward(single, [])[0].dtype == np.float32


def test_eltwise_of_the_same_blob_twice():
    np.testing.assert_array_equal(Eltwise(operation="SUM").forward([A, A], [])[0], 2 * A)


def test_maximum_with_nan_compares_as_caffe_does():
    """a > b ? a : b for the first two, then b > top ? b : top (eltwise_layer.cpp)."""
    first, second, third = np.array([np.nan, 1, 1]), np.array([1, np.nan, 1]), np.array([0, 5, np.nan])
    np.testing.assert_array_equal(Eltwise(operation="MAX").forward([first, second, third], [])[0], [1, np.nan, 1])


@pytest.mark.parametrize(
    ("fields", "shapes"),
    [
        ({"operation": "SUM"}, ((1, 2), (1, 3))),
        ({"operation": "SUM"}, ((1, 2), (1, 2, 1))),
        ({"operation": "SUM", "coeff": (1.0,)}, ((1, 2), (1, 2))),
        ({"operation": "PROD", "coeff": (1.0, 1.0)}, ((1, 2), (1, 2))),
    ],
)
def test_eltwise_refuses_what_caffe_refuses(fields, shapes):
    with pytest.raises(ShapeError):
        Eltwise(**fields).infer(shapes)


def test_eltwise_spellings():
    assert Eltwise.parsed({"stable_prod_grad": False}) == Eltwise(operation="SUM")
    layer = Eltwise(operation="SUM", coeff=(1.0, -1.0))
    assert Eltwise.parsed({"operation": "SUM", "coeff": [1.0, -1.0]}) == layer
    assert Eltwise.bottoms[0] == 2


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concat_is_torchs(axis):
    expected = torch.cat([torch.tensor(A), torch.tensor(B)], axis).numpy()
    (top,) = Concat(axis=axis).forward([A, B], [])
    np.testing.assert_array_equal(top, expected)
    assert Concat(axis=axis).infer((A.shape, B.shape)) == (top.shape,)


@pytest.mark.parametrize("shapes", [((2, 3), (3, 3)), ((2, 3), (2, 3, 1)), ((2, 3, 1), (2, 3))])
def test_concat_refuses_what_caffe_refuses(shapes):
    with pytest.raises(ShapeError):
        Concat().infer(shapes)


@pytest.mark.parametrize(("axis", "points"), [(1, (1,)), (2, (1, 3)), (-1, (2,)), (0, ())])
def test_slice_is_torchs(axis, points):
    tops = Slice(axis=axis, slice_point=points).forward([A], [])
    expected = torch.tensor_split(torch.tensor(A), points, axis)
    assert len(tops) == len(expected)
    for top, wanted in zip(tops, expected, strict=True):
        np.testing.assert_array_equal(top, wanted.numpy())
    assert Slice(axis=axis, slice_point=points).infer((A.shape,)) == tuple(top.shape for top in tops)


@pytest.mark.parametrize("points", [(0,), (2, 2), (2, 1), (3,), (4,)])
def test_slice_refuses_points_that_do_not_rise_inside(points):
    with pytest.raises(ShapeError):
        Slice(slice_point=points).infer(((1, 3),))


def test_old_names_of_axis():
    assert Concat.parsed({"concat_dim": 2}) == Concat(axis=2)
    assert Slice.parsed({"slice_dim": 0, "slice_point": [1]}) == Slice(axis=0, slice_point=(1,))
    with pytest.raises(ValueError):
        Slice.parsed({"slice_dim": 1, "axis": 1})


def test_split_is_the_same_blob_again():
    layer = Split(copies=3)
    assert layer.infer((A.shape,)) == (A.shape,) * 3
    assert all(top is A for top in layer.forward([A], []))
    assert layer.spelled() == {}


@pytest.mark.parametrize(
    ("axis", "offset", "place"),
    [
        (2, (), np.s_[:, :, :2, :3]),
        (2, (1,), np.s_[:, :, 1:3, 1:4]),
        (2, (3, 0), np.s_[:, :, 3:5, :3]),
        (-1, (2,), np.s_[:, :, :, 2:5]),
        (1, (1, 0, 2), np.s_[:, 1:2, :2, 2:5]),
    ],
)
def test_crop(axis, offset, place):
    bottom = rng.standard_normal((2, 3, 5, 6))
    reference = np.zeros((7, 1, 2, 3))
    layer = Crop(axis=axis, offset=offset)
    (top,) = layer.forward([bottom, reference], [])
    np.testing.assert_array_equal(top, bottom[place])
    assert layer.infer((bottom.shape, reference.shape)) == (top.shape,)


@pytest.mark.parametrize(
    ("axis", "offset", "reference"),
    [
        (2, (4,), (1, 1, 2, 3)),
        (2, (0, 4), (1, 1, 2, 3)),
        (2, (0, 0, 0), (1, 1, 2, 3)),
        (2, (), (1, 1, 6, 3)),
        (2, (), (1, 1, 2)),
        (4, (), (1, 1, 2, 3)),
    ],
)
def test_crop_refuses_what_caffe_refuses(axis, offset, reference):
    with pytest.raises(ShapeError):
        Crop(axis=axis, offset=offset).infer(((2, 3, 5, 6), reference))
