from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError
from tests.converters.side_files.subjects import subject


def test_a_number_for_all_channels_is_one_for_each() -> None:
    assert subject("one scale").mean == [127.5, 127.5, 127.5]
    assert subject().scale == [1 / 255] * 3
    assert subject("grey").mean == [33.25]


def test_scales_that_differ_are_none_for_all_channels() -> None:
    assert subject("one scale").one_scale("nnie") == 1 / 127.5
    with pytest.raises(ConversionError, match="--input-is u8-rgb"):
        subject("torchvision's").one_scale("nnie")


def test_names() -> None:
    odd = subject(name='3 nets"""*/ \\\n')
    assert odd.identifier.isidentifier()
    assert odd.title == "3 nets____/ __"
    assert subject(name="yolov3-tiny").identifier == "yolov3_tiny"


def test_the_fit_in_words() -> None:
    assert subject().fit == "36 wide and 24 high: proportions kept, in the middle of a field of 127.5"
    assert subject("ultralytics'").fit.endswith("in the middle of a field of 114")
    assert subject("Caffe's").fit == "36 wide and 24 high: stretched"
    assert subject("torchvision's").fit == "36 wide and 24 high: the middle, after the shorter side became 40"
