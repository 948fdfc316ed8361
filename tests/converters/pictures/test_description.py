from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.pictures.description import InputDescription, read_description

PLAIN: dict[str, Any] = {"size": [6, 8], "order": "RGB", "fit": "stretch"}


def test_numbers_stand_in_three_ways() -> None:
    def numbers(**options: Any) -> tuple[Any, Any]:
        made = InputDescription(size=(6, 8), order="BGR", fit="crop", **options).preparation()
        assert (made.bgr, made.fit) == (True, "crop")
        return made.mean, made.scale

    assert numbers() == ((0.0,), (1 / 255,))
    assert numbers(mean=(104, 117.5, 123), scale=1) == ((104.0, 117.5, 123.0), (1.0,))
    assert numbers(scale="0.0078125") == ((0.0,), (0.0078125,))
    assert np.float32(numbers()[1][0]) == np.float32(1) / np.float32(255)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": [0, 8]}, "size 0 x 8 is that of no input"),
        ({"size": [10**5, 10**5]}, "is that of no input"),
        ({"order": "4 channels"}, "order '4 channels' is that of no picture"),
        ({"layout": "NHWC"}, "layout 'NHWC' is not that of a Caffe net"),
        ({"scale": "1/0"}, "scale '1/0' is not a number"),
        ({"scale": "a third"}, "scale 'a third' is not a number"),
        ({"mean": [1, 2]}, "mean and scale are not for 3 channels"),
        ({"order": "grey", "mean": [1, 2, 3]}, "mean and scale are not for 1 channels"),
    ],
)
def test_what_nothing_can_be_prepared_by_has_its_reason(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    (tmp_path / "x.input.json").write_text(json.dumps({**PLAIN, **change}))
    assert told in read_description(tmp_path / "x.input.json").doubt()


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({**PLAIN, "fit": "tile"}), '{"size": [1e99, 2]}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.input.json").write_text(text)
    with pytest.raises(ConversionError, match="does not describe an input"):
        read_description(tmp_path / "x.input.json")
    with pytest.raises(ConversionError):
        read_description(tmp_path / "missing.input.json")
