"""numpy is the judge: a view says which numbers of a flat array stand where, as strides say it to numpy."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

from caffe_ir.views import (
    View,
    order_of,
    permutation,
    plain,
    plain_order,
    refined,
    reshaped,
    resized,
    seen,
    shape_of,
)


def numbers(axes, flat):
    """What numpy sees in a flat array under the dimensions of a view."""
    dims = [dim for axis in axes for dim in axis]
    strides = [stride * flat.itemsize for _, stride in dims]
    return as_strided(flat, [size for size, _ in dims], strides).reshape(shape_of(axes))


@st.composite
def views(draw):
    """A view made by permutations and reshapes, the array behind it, and numpy's own result of the same steps."""
    shape = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 4, 6]), min_size=1, max_size=4)))
    flat = np.arange(prod(shape))
    axes, truth = plain(shape), flat.reshape(shape)
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            order = draw(st.permutations(range(truth.ndim)))
            axes, truth = tuple(axes[axis] for axis in order), truth.transpose(order)
        else:
            left, sizes = truth.size, list[int]()
            while left > 1 and len(sizes) < 4:
                sizes.append(draw(st.sampled_from([size for size in range(1, left + 1) if left % size == 0])))
                left //= sizes[-1]
            made = reshaped(axes, (*sizes, left))
            if made is not None:
                axes, truth = made, truth.reshape(*sizes, left)
    return axes, flat, truth


@settings(max_examples=200)
@given(views())
def test_a_view_is_what_numpy_makes_of_the_same_steps(given_view):
    axes, flat, truth = given_view
    np.testing.assert_array_equal(numbers(axes, flat), truth)
    assert View(blob="x", axes=axes).shape == truth.shape
    assert View(blob="x", axes=axes).is_plain == np.array_equal(truth.ravel(), flat)


@settings(max_examples=200)
@given(views(), st.data())
def test_the_permutation_brings_a_blob_into_an_order(given_view, data):
    axes, flat, truth = given_view
    order = tuple(data.draw(st.permutations(plain_order(truth.shape))))
    found = permutation(axes, order)
    assert found is not None, "whole axes take every cut"
    shape, places = found
    laid = np.ascontiguousarray(flat.reshape(shape).transpose(places)).ravel()
    np.testing.assert_array_equal(numbers(seen(order, truth.ndim), laid), truth)


@settings(max_examples=200)
@given(views())
def test_a_blob_lies_in_its_own_order_already(given_view):
    axes, flat, truth = given_view
    order = order_of(axes)
    if order is None:
        assert any(list(axis) != sorted(axis, key=lambda dim: -dim[1]) for axis in axes)
    else:
        np.testing.assert_array_equal(numbers(seen(order, truth.ndim), flat), truth)
        found = permutation(axes, order)
        assert found is not None
        assert found[1] == tuple(range(len(order)))


def test_what_only_a_copy_has():
    turned = (plain((2, 3))[1], plain((2, 3))[0])
    assert reshaped(turned, (6,)) == (((3, 1), (2, 3)),)
    assert reshaped(turned, (2, 3)) is None
    assert not View(blob="x", axes=turned).is_plain


def test_channels_last_of_a_blob_that_has_them_second():
    n, c, h, w = plain((2, 3, 4, 5))
    assert (n, h, w, c) == (((2, 60),), ((4, 5),), ((5, 1),), ((3, 20),))
    assert order_of((n, h, w, c)) == ((0, 2), (3, 3), (1, 4), (2, 5))
    assert permutation((n, h, w, c), ((0, 2), (1, 4), (2, 5), (3, 3))) == ((2, 3, 4, 5), (0, 2, 3, 1))


@pytest.mark.parametrize(("size", "shape"), [(7, (2, 7, 4)), (1, (2, 1, 4))])
def test_an_axis_gets_another_size(size, shape):
    assert resized(plain((2, 3, 4)), 1, size) == plain(shape)
    last, middle = plain((2, 3, 4))[2], plain((2, 3, 4))[1]
    turned = (plain((2, 3, 4))[0], last, middle)
    wanted = (plain(shape)[0], plain(shape)[2], plain(shape)[1])
    assert resized(turned, 2, size) == wanted


def test_an_order_is_cut_as_finely_as_a_view():
    assert refined(((0, 12),), (((3, 1), (4, 3)),)) == ((0, 3), (0, 4))
    assert refined(((0, 6), (0, 2)), (((3, 1), (4, 3)),)) == ((0, 3), (0, 2), (0, 2))
    assert refined(((0, 4), (0, 3)), (((3, 1), (4, 3)),)) is None
