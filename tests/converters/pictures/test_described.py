from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.pictures.described import described
from converters.pictures.description import description_text


def test_a_letterbox_takes_the_whole_picture() -> None:
    found = described((24, 32), 3, resize="letterbox")
    assert (found.fit, found.fill, found.shorter_side) == ("letterbox", 114, None)
    assert '"fill": 114.0' in description_text(found)
    assert "fill" not in description_text(described((24, 32), 3))
    with pytest.raises(ConversionError, match="a letterbox holds the whole picture"):
        described((24, 32), 3, resize="letterbox", crop="24x32")
    assert "is not a value of a pixel" in replace(found, fill=300).doubt()


@pytest.mark.parametrize(
    ("mean", "std", "what", "hint"),
    [
        (
            "123.675,116.28,103.53", "58.395,57.12,57.375", "is for values from 0 to 255",
            "--mean 123.675,116.28,103.53 --scale 0.0171247538,0.0175070028,0.0174291939",
        ),
        (None, "255", "--std 255 is for values from 0 to 255", "--scale 0.00392156863"),
        ("127.5", "0.5", "is for values from 0 to 255", "give both for values from 0 to 1"),
        ("0.485,0.456,0.406", None, "is for values from 0 to 1", "--mean 0.485,0.456,0.406 --std 1"),
    ],
)  # fmt: skip
def test_numbers_for_the_other_range_of_values_are_refused(
    mean: str | None, std: str | None, what: str, hint: str
) -> None:
    with pytest.raises(ConversionError, match=what) as raised:
        described((24, 32), 3, mean=mean, std=std)
    assert hint in raised.value.problems[0].hint


@pytest.mark.parametrize(
    ("given", "mean", "scale"),
    [
        ({"mean": "0,0,0", "std": "1"}, 0, 1 / 255),
        ({"mean": "0.5", "std": "0.5"}, 127.5, 1 / 127.5),
        ({"mean": "1", "scale": "1"}, 1, 1),
        ({"mean": "104,117,123", "scale": "1"}, 104, 1),
        ({"mean": "-0.5", "std": "1"}, -127.5, 1 / 255),
    ],
)
def test_numbers_that_either_range_has_are_taken_as_given(given: dict[str, str], mean: float, scale: float) -> None:
    found = described((24, 32), 3, **given).preparation()  # type: ignore[arg-type]
    assert (found.mean[0], found.scale[0]) == pytest.approx((mean, scale))
