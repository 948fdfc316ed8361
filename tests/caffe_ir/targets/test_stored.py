"""What Caffe takes for a blob (net.cpp, blob.cpp), and that each case is seen where it is and nowhere else."""

from __future__ import annotations

import pytest

from caffe_ir.blob import Shape
from caffe_ir.layer import Layer
from caffe_ir.layers import BatchNorm, Convolution, InnerProduct, PReLU
from caffe_ir.targets import CAFFE, TARGETS
from caffe_ir.targets.stored import (
    DOUBLE,
    FEWER,
    LEGACY,
    MORE,
    NO_BLOBS,
    NO_FACTOR,
    NO_LAYER,
    NO_SCALE,
    NO_SHAPE,
    OTHER_AXES,
    OTHER_COUNT,
    OTHER_TYPE,
    PADDED_AXES,
    TWICE,
    Stored,
    StoredBlob,
    WeightsCase,
    refused,
)

CONVOLUTION = Convolution(num_output=4, kernel_size=(3, 3))
NORM = BatchNorm.parsed({})
KERNEL: Shape = (4, 4, 3, 3)
GOOD = (StoredBlob(shape=KERNEL, count=144), StoredBlob(shape=(4,), count=4))
STATISTICS = (StoredBlob(shape=(4,), count=4), StoredBlob(shape=(4,), count=4))
ONE = StoredBlob(shape=(1,), count=1, alone=1.0)


def held(*blobs: StoredBlob, layer: Layer = CONVOLUTION, wanted: tuple[Shape, ...] = (KERNEL, (4,))) -> Stored:
    return Stored(layer=layer, wanted=wanted, blobs=blobs, type_name=layer.type_name())


def norm(*blobs: StoredBlob) -> Stored:
    return held(*blobs, layer=NORM, wanted=((4,), (4,), (1,)))


WHOLE = (held(*GOOD), norm(*STATISTICS, ONE), held(layer=PReLU(channel_shared=True), wanted=()))
SEEN: dict[str, tuple[WeightsCase, Stored]] = {
    "no layer": (NO_LAYER, Stored(layer=CONVOLUTION, wanted=(KERNEL, (4,)), blobs=None)),
    "no blobs": (NO_BLOBS, held()),
    "no bias": (FEWER, held(GOOD[0])),
    "no factor": (NO_FACTOR, norm(*STATISTICS)),
    "a factor of zero": (NO_SCALE, norm(*STATISTICS, StoredBlob(shape=(1,), count=1, alone=0.0))),
    "three blobs": (MORE, held(*GOOD, GOOD[1])),
    "flat": (OTHER_AXES, held(StoredBlob(shape=(4, 36), count=144), GOOD[1])),
    "a bias of four axes": (PADDED_AXES, held(GOOD[0], StoredBlob(shape=(1, 1, 1, 4), count=4))),
    "short": (OTHER_COUNT, held(StoredBlob(shape=KERNEL, count=72), GOOD[1])),
    "no shape": (NO_SHAPE, held(StoredBlob(shape=None, count=144), GOOD[1])),
    "double": (DOUBLE, held(StoredBlob(shape=KERNEL, count=144, numbers="double"), GOOD[1])),
    "legacy": (LEGACY, held(GOOD[0], StoredBlob(shape=(1, 1, 1, 4), count=4, legacy=True))),
    "twice": (TWICE, Stored(layer=CONVOLUTION, wanted=(KERNEL, (4,)), blobs=GOOD, times=2)),
    "another type": (OTHER_TYPE, Stored(layer=CONVOLUTION, wanted=(KERNEL, (4,)), blobs=GOOD, type_name="")),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_case_is_seen_where_it_is_and_not_in_whole_weights(name: str) -> None:
    case, stored = SEEN[name]
    assert case.where(stored)
    assert not any(case.where(whole) for whole in WHOLE)


@pytest.mark.parametrize(
    ("shape", "legacy", "wanted", "fits"),
    [
        ((1, 1, 1, 4), True, (4,), True),
        ((1, 1, 5, 4), True, (5, 4), True),
        ((5, 4, 1, 1), True, (5, 4), False),
        ((1, 1, 1, 4), False, (4,), False),
        ((4,), False, (4,), True),
        (None, False, (), True),
        ((), False, (), True),
        ((1,), False, (), False),
        ((1, 1, 1, 1), True, (), True),
        ((1, 1, 1, 1), True, (1, 1, 1, 1, 1), False),
    ],
)
def test_a_shape_fits_as_in_blob_cpp(shape: Shape | None, legacy: bool, wanted: Shape, fits: bool) -> None:
    """ShapeEquals: each of these was run in Caffe."""
    assert StoredBlob(shape=shape, count=1, legacy=legacy).fits(wanted) == fits


def test_a_case_of_some_types_is_none_of_others() -> None:
    missing = Stored(layer=InnerProduct(num_output=4), wanted=((4, 8),), blobs=None)
    assert NO_LAYER.of(InnerProduct).where(missing)
    assert not NO_LAYER.of(Convolution).where(missing)
    assert not NO_LAYER.but(InnerProduct).where(missing)
    assert NO_LAYER.but(Convolution).where(missing)


def test_a_refusal_counts_before_what_is_wrong() -> None:
    (limit,) = refused(NO_LAYER, source="a trial")
    assert limit.effect == "refused"
    verdict = CAFFE.weights_verdict(SEEN["no layer"][1])
    assert verdict is not None
    assert verdict.effect == "wrong"  # it runs on its fillers
    both = CAFFE.weights_verdict(held(StoredBlob(shape=(4, 36), count=144), GOOD[1], GOOD[1]))
    assert both is not None
    assert both.effect == "refused"


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_weights_as_caffe_writes_them_are_right_everywhere(target: str) -> None:
    assert [TARGETS[target].weights_verdict(whole) for whole in WHOLE] == [None, None, None]
