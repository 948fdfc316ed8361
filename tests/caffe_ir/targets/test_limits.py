from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.layers import Pooling, Power
from caffe_ir.targets.limits import AtMost, Limit, Names, Never, OfImages, Only

SQUARE = Pooling(pool="MAX", kernel_size=(3, 3), stride=(2, 2))
SHAPES = ((1, 3, 8, 8),)
NO_MAPS_OF_8 = Never(text="a map of 8 rows", where=lambda layer, bottoms: bottoms[0][2] == 8)


@pytest.mark.parametrize(
    ("limit", "layer", "why"),
    [
        (Only(field="pool", values=("MAX",)), SQUARE, ""),
        (Only(field="pool", values=("AVE",)), SQUARE, "pool is MAX, where only ['AVE'] is known"),
        (AtMost(field="kernel_size", most=3), SQUARE, ""),
        (AtMost(field="kernel_size", most=2), SQUARE, "kernel_size is (3, 3), and 2 is the most"),
        (AtMost(field="power", most=1.0), Power(power=2.0), "power is 2.0, and 1.0 is the most"),
        (NO_MAPS_OF_8, SQUARE, "a map of 8 rows"),
    ],
)
def test_what_breaks_a_limit(limit: Limit, layer, why: str) -> None:
    assert limit.broken(layer, SHAPES, 1) == why


def test_the_number_of_images_decides_some_cases() -> None:
    limit = OfImages(text="a row for each image", where=lambda layer, bottoms, images: bottoms[0][0] != images)
    assert [limit.broken(SQUARE, SHAPES, images) for images in (1, 2)] == ["", "a row for each image"]
    assert limit.title == "a row for each image"


def test_what_a_limit_is_called() -> None:
    limits = (Only(field="pool", values=("MAX", "AVE")), AtMost(field="kernel_size", most=32), NO_MAPS_OF_8)
    assert [limit.title for limit in limits] == ["pool other than MAX, AVE", "kernel_size above 32", "a map of 8 rows"]


def test_the_worst_that_happens_beyond_a_limit() -> None:
    pool = Only(field="pool", values=())
    effects = [
        limit.effect
        for limit in (pool, replace(pool, silent=True), replace(pool, other_form=True), replace(pool, slow=True))
    ]
    assert effects == ["refused", "wrong", "other form", "slow"]


@pytest.mark.parametrize(
    ("names", "broken", "kept"),
    [
        (Names(most=3), "abcd", "abc"),
        (Names(plain=True), "a.b", "a_b"),
        (Names(plain=True), "1a", "a1"),
        (Names(plain=True), "In", "into"),
        (Names(plain=True, joined="/-"), "a.b", "a/b-c"),
        (Names(blanks=False), "a b", "a.b"),
    ],
)
def test_names(names: Names, broken: str, kept: str) -> None:
    assert names.broken(broken)
    assert not names.broken(kept)
