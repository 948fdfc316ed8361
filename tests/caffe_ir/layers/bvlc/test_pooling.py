from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from caffe_ir.errors import ShapeError
from caffe_ir.layers import PlacedPooling, Pooling

rng = np.random.default_rng(2)
pairs = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(pairs, st.data(), st.sampled_from(["MAX", "AVE"]), st.sampled_from(["CEIL", "FLOOR"]))
def test_pooling_is_torchs_where_the_windows_are(sizes, data, pool, round_mode):
    kernel = tuple(data.draw(st.integers(1, 4)) for _ in sizes)
    stride = tuple(data.draw(st.integers(1, 4)) for _ in sizes)
    pad = tuple(data.draw(st.integers(0, taps // 2)) for taps in kernel)
    assume(all(size + 2 * margin >= taps for size, margin, taps in zip(sizes, pad, kernel, strict=True)))
    assume(any(pad) or all(step <= taps for step, taps in zip(stride, kernel, strict=True)))
    layer = Pooling(pool=pool, kernel_size=kernel, stride=stride, pad=pad, round_mode=round_mode)
    bottom = rng.standard_normal((2, 3, *sizes))
    (top,) = layer.forward([bottom], [])
    pooled = F.max_pool2d if pool == "MAX" else F.avg_pool2d
    expected = pooled(torch.tensor(bottom), kernel, stride, pad, ceil_mode=round_mode == "CEIL").numpy()
    np.testing.assert_allclose(top, expected, rtol=1e-12, atol=1e-12)
    assert layer.infer((bottom.shape,)) == (top.shape,)
    assert layer.forward([bottom.astype(np.float32)], [])[0].dtype == np.float32
    assert Pooling.parsed(layer.spelled()) == layer


@pytest.mark.parametrize(
    ("pool", "kernel", "stride", "bottom", "top"),
    [
        ("MAX", 1, 3, [1, 2, 3, 4, 5], [1, 4, -3.4028234663852886e38]),
        ("AVE", 1, 3, [1, 2, 3, 4, 5], [1, 4, -0.0]),
        ("AVE", 1, 2, [1, 2, 3, 4], [1, 3, float("nan")]),
        ("AVE", 3, 2, [1, 2, 3, 4, 5, 6], [2, 4, 5.5]),
    ],
)
@pytest.mark.parametrize("along", [2, 3])
def test_last_windows_without_a_pad(pool, kernel, stride, bottom, top, along):
    """Measured in BVLC Caffe: nothing takes back a window that lies behind the image."""
    shape = (1, 1, -1, 1) if along == 2 else (1, 1, 1, -1)
    kernels, strides = [1, 1], [1, 1]
    kernels[along - 2], strides[along - 2] = kernel, stride
    layer = Pooling(pool=pool, kernel_size=tuple(kernels), stride=tuple(strides))
    (found,) = layer.forward([np.array(bottom, float).reshape(shape)], [])
    np.testing.assert_array_equal(found.ravel(), top)
    np.testing.assert_array_equal(np.signbit(found.ravel()[:2]), [False, False])


def test_average_divides_by_the_declared_padding():
    """Kernel 3, stride 2, pad 1 on 6: windows of 3, 3, 3 and 2 padded cells."""
    layer = Pooling(pool="AVE", kernel_size=(3, 1), stride=(2, 1), pad=(1, 0))
    (top,) = layer.forward([np.full((1, 1, 6, 1), 6.0)], [])
    np.testing.assert_array_equal(top.ravel(), [4, 6, 6, 3])


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_global_pooling(pool):
    layer = Pooling(pool=pool, global_pooling=True)
    bottom = rng.standard_normal((2, 3, 5, 7))
    expected = (F.adaptive_max_pool2d if pool == "MAX" else F.adaptive_avg_pool2d)(torch.tensor(bottom), 1)
    np.testing.assert_allclose(layer.forward([bottom], [])[0], expected.numpy(), rtol=1e-12, atol=1e-12)
    assert layer.infer((bottom.shape,)) == ((2, 3, 1, 1),)
    assert layer.spelled() == {"pool": pool, "global_pooling": True}


@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 5)])
def test_nothing_but_a_greater_number_wins(kernel):
    """Measured in BVLC Caffe: maxima start at -FLT_MAX, so neither NaN nor minus infinity ever wins."""
    layer = Pooling(pool="MAX", kernel_size=kernel)
    nothing = np.full((1, 1, 3, 5), -np.inf)
    nothing[0, 0, :, ::2] = np.nan
    assert set(layer.forward([nothing], [])[0].ravel()) == {-float(np.finfo(np.float32).max)}
    nothing[0, 0, 1, 1] = -7
    (top,) = layer.forward([nothing], [])
    assert top.max() == -7


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({"kernel_size": (2, 2)}, (1, 2, 4)),
        ({"kernel_size": (2, 2)}, (1, 2, 4, 4, 4)),
        ({"kernel_size": (2, 2), "pad": (2, 0)}, (1, 2, 4, 4)),
        ({"kernel_size": (2, 1), "pad": (1, 1)}, (1, 2, 4, 4)),
        ({"kernel_size": (5, 5)}, (1, 2, 4, 4)),
        ({"kernel_size": (5, 5), "stride": (2, 2), "round_mode": "FLOOR"}, (1, 2, 4, 4)),
        ({"kernel_size": (2, 2), "stride": (0, 1)}, (1, 2, 4, 4)),
        ({}, (1, 2, 4, 4)),
        ({"kernel_size": (4, 4), "global_pooling": True}, (1, 2, 4, 4)),
        ({"global_pooling": True, "pad": (1, 1)}, (1, 2, 4, 4)),
        ({"global_pooling": True, "stride": (2, 2)}, (1, 2, 4, 4)),
    ],
)
def test_pooling_refuses_what_caffe_refuses(fields, shape):
    with pytest.raises(ShapeError):
        Pooling(pool="MAX", **fields).infer((shape,))


def test_a_kernel_larger_than_the_image_is_one_window_when_rounding_up():
    assert Pooling(pool="MAX", kernel_size=(5, 5), stride=(2, 2)).infer(((1, 2, 4, 4),)) == ((1, 2, 1, 1),)


def test_spellings():
    layer = Pooling(pool="AVE", kernel_size=(3, 3), stride=(2, 2), round_mode="FLOOR")
    assert layer.spelled() == {"pool": "AVE", "kernel_size": 3, "stride": 2, "round_mode": "FLOOR"}
    uneven = Pooling(pool="MAX", kernel_size=(3, 1), stride=(1, 2), pad=(1, 0))
    assert uneven.spelled() == {
        "pool": "MAX",
        "kernel_h": 3,
        "kernel_w": 1,
        "stride_h": 1,
        "stride_w": 2,
        "pad_h": 1,
        "pad_w": 0,
    }
    assert Pooling.parsed({"kernel_size": 2, "engine": "CAFFE"}) == Pooling(pool="MAX", kernel_size=(2, 2))
    explicit = {"pool": "AVE", "global_pooling": True, "pad": 0, "stride": 1}
    assert Pooling.parsed(explicit) == Pooling(pool="AVE", global_pooling=True)


@pytest.mark.parametrize(
    "spelled",
    [
        {"pool": "STOCHASTIC", "kernel_size": 2},
        {"pool": "MAX"},
        {"pool": "MAX", "kernel_h": 2},
        {"pool": "MAX", "kernel_size": 2, "global_pooling": True},
        {"pool": "MAX", "kernel_size": 2, "stride_h": 2},
        {"pool": "MAX", "kernel_size": 2, "ceil_mode": True},
    ],
)
def test_spellings_that_caffe_refuses(spelled):
    with pytest.raises(ValueError):
        Pooling.parsed(spelled)


@pytest.mark.parametrize("kind", ["noise", "ties", "one value"])
@pytest.mark.parametrize("size", [(8, 8), (9, 7)], ids=str)
@pytest.mark.parametrize(("kernel", "stride", "pad"), [(2, 2, 0), (3, 2, 0), (3, 2, 1), (3, 1, 1), (5, 3, 2)])
@pytest.mark.parametrize("ceil", [False, True])
def test_places_are_torchs(kernel, stride, pad, size, kind, ceil) -> None:
    """Of equal ones the first, row by row; beyond the map and in the padding there is none."""
    random = np.random.default_rng(3)
    shape = (2, 3, *size)
    x = {
        "noise": random.normal(size=shape) - 3,
        "ties": random.integers(-4, 0, size=shape).astype(np.float64),
        "one value": np.full(shape, -1.0),
    }[kind]
    pooling = PlacedPooling(
        kernel_size=(kernel, kernel),
        stride=(stride, stride),
        pad=(pad, pad),
        round_mode="CEIL" if ceil else "FLOOR",
    )
    found = pooling.forward([x], [])
    wanted = torch.nn.functional.max_pool2d(
        torch.from_numpy(x), kernel, stride, pad, ceil_mode=ceil, return_indices=True
    )
    for ours, theirs in zip(found, wanted, strict=True):
        assert np.array_equal(ours, theirs.numpy())


def test_a_window_of_nothing_above_the_lowest_float_has_no_place() -> None:
    """pooling_layer.cpp begins with -FLT_MAX and -1, and takes what is larger."""
    lowest = np.finfo(np.float32).min
    x = np.array([lowest, -np.inf, np.nan, 1.0], np.float32).reshape(1, 1, 4, 1)
    maxima, places = PlacedPooling(kernel_size=(1, 1)).forward([x], [])
    assert maxima.ravel().tolist() == [lowest, lowest, lowest, 1.0]
    assert places.ravel().tolist() == [-1, -1, -1, 3]
