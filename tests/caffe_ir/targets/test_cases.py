from __future__ import annotations

from caffe_ir.layers import LRN, Concat, Crop, Eltwise, Reshape, Scale, Softmax
from caffe_ir.targets import cases

MAP = (1, 4, 6, 7)


def test_axes_are_counted_from_both_ends() -> None:
    assert cases.over_the_batch(Concat(axis=0), (MAP, MAP))
    assert cases.over_the_batch(Softmax(axis=-4), (MAP,))
    assert not cases.over_the_batch(Softmax(axis=-1), (MAP,))
    assert cases.negative_axis(Softmax(axis=-1), (MAP,))


def test_coefficients_of_a_sum_and_of_a_difference_are_whole() -> None:
    assert not any(
        cases.fractional_coefficients(Eltwise(operation="SUM", coeff=coeff), (MAP, MAP))
        for coeff in ((), (1.0, 1.0), (1.0, -1.0))
    )
    assert cases.fractional_coefficients(Eltwise(operation="SUM", coeff=(-1.0, 1.0)), (MAP, MAP))


def test_a_batch_is_another_where_its_size_changes() -> None:
    assert not cases.other_batch(Reshape(shape=(0, -1)), (MAP,))
    assert not cases.other_batch(Reshape(shape=(1, 168)), (MAP,))
    assert cases.other_batch(Reshape(shape=(4, 42)), (MAP,))


def test_only_factors_by_image_and_channel_are_read_everywhere() -> None:
    assert not cases.factors_without_channels(Scale(axis=0), (MAP, (1, 4)))
    assert cases.factors_without_channels(Scale(axis=0), (MAP, (1,)))
    assert cases.factors_without_channels(Scale(axis=1), (MAP, (4,)))


def test_weights_of_rows_may_be_as_many_as_channels() -> None:
    assert cases.factors_of_rows(Scale(axis=2), (MAP,))
    assert cases.factors_like_channels(Scale(axis=2), ((1, 6, 6, 7),))
    assert not cases.factors_of_rows(Scale(), (MAP,))
    assert not cases.factors_of_rows(Scale(axis=2), ((1, 4, 1, 7),))
    assert cases.factors_like_channels(Scale(axis=2, num_axes=2), ((1, 4, 1, 4),))
    assert cases.factors_of_rows(Scale(axis=-2), (MAP,))
    assert cases.factors_of_rows(Scale(axis=0), ((2, 4, 6, 7),))
    assert not cases.factors_of_rows(Scale(axis=0), (MAP,))
    assert cases.factors_like_channels(Scale(axis=0), ((4, 4, 6, 7),))
    assert not cases.factors_like_channels(Scale(axis=0, num_axes=2), (MAP,))
    assert not cases.factors_like_channels(Scale(axis=-3), (MAP,))
    assert cases.factors_of_rows(Scale(axis=0), ((5,),))
    assert not cases.factors_like_channels(Scale(axis=0), ((5,),))


def test_one_factor_has_no_axis() -> None:
    assert cases.factors_from_behind(Scale(axis=-3), (MAP,))
    assert not cases.factors_from_behind(Scale(axis=-3, num_axes=0), (MAP,))
    assert not cases.factors_from_behind(Scale(axis=-4), (MAP,))
    assert cases.factors_from_behind(Scale(axis=-4), (MAP, (1, 4)))
    assert not cases.factors_from_behind(Scale(axis=-4), (MAP, (1,)))


def test_crops_by_a_blob_of_other_channels() -> None:
    assert cases.other_channels(Crop(axis=2, offset=(0, 0)), (MAP, (1, 3, 5, 5)))
    assert not cases.other_channels(Crop(axis=1, offset=(0, 0, 0)), (MAP, (1, 3, 5, 5)))


def test_regions_of_one_cell_are_the_same_and_caffe_looks_at_k_across_channels_alone() -> None:
    assert cases.within_channels(LRN(norm_region="WITHIN_CHANNEL"), (MAP,))
    assert not cases.within_channels(LRN(norm_region="WITHIN_CHANNEL", local_size=1), (MAP,))
    across, within = LRN(k=2.0), LRN(k=2.0, norm_region="WITHIN_CHANNEL")
    assert [cases.constant_in_lrn(one, (MAP,)) for one in (across, within)] == [True, False]
    assert [cases.constant_within_channels(one, (MAP,)) for one in (across, within)] == [False, True]


def test_five_axes_are_not_too_many() -> None:
    layer = Eltwise(operation="SUM")
    assert not cases.more_than_five_axes(layer, ((1, 2, 3, 4, 5),) * 2)
    assert cases.more_than_five_axes(layer, ((1, 2, 3, 4, 5, 6),) * 2)
