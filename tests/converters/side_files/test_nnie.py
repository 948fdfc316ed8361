from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.side_files.nnie import nnie
from tests.converters.side_files.subjects import KINDS, ordered, picture, subject, wanted

ONE_SCALE = [kind for kind in KINDS if kind != "torchvision's"]


def settings(text: str) -> dict[str, str]:
    lines = [line.split() for line in text.splitlines()]
    assert all(len(line) == 2 and line[0].startswith("[") and line[0].endswith("]") for line in lines)
    return {key.strip("[]"): value for key, value in lines}


@pytest.mark.parametrize("kind", ONE_SCALE)
def test_the_mappers_formula_with_these_numbers(kind: str) -> None:
    """norm_type as the guide's table has it: what is not in it is neither subtracted nor multiplied."""
    of = subject(kind)
    files, image = nnie(of), picture(of)
    cfg = settings(files[".nnie.cfg"])
    kept = {"0": (False, False), "2": (True, False), "3": (False, True), "5": (True, True)}[cfg["norm_type"]]
    mean = np.zeros(of.channels)
    if kept[0]:
        assert cfg["mean_file"] == "./deploy.nnie.mean.txt"
        mean = np.array([float(line) for line in files[".nnie.mean.txt"].splitlines()])
        assert len(mean) == of.channels
    else:
        assert cfg["mean_file"] == "null"
        assert ".nnie.mean.txt" not in files
    if of.channels == 3:
        assert cfg["RGB_order"] == of.description.order
    scale = float(cfg["data_scale"]) if kept[1] else 1
    found = (ordered(of, image) - mean[:, None, None]) * scale
    np.testing.assert_allclose(found, wanted(of, image), atol=2e-6 * 255 * max(of.scale))


def test_what_is_wanted_of_the_mapper() -> None:
    cfg = settings(nnie(subject(name="yolo"))[".nnie.cfg"])
    assert (cfg["prototxt_file"], cfg["caffemodel_file"]) == ("./yolo.prototxt", "./yolo.caffemodel")
    assert (cfg["image_type"], cfg["net_type"], cfg["norm_type"]) == ("1", "0", "3")


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (subject("torchvision's"), "the channels are scaled by 0.0171248, 0.017507, 0.0174292 (it has one scale"),
        (subject(scale=1 / 4096), "a scale of 0.000244141 (the mapper takes scales above 1/4096)"),
        (subject(scale=-1), "a scale of -1"),
        (subject(name="my net"), "blanks in the name 'my net'"),
    ],
)
def test_what_the_mapper_has_not_is_refused(of, told: str) -> None:
    with pytest.raises(ConversionError) as caught:
        nnie(of)
    assert f"--side-files nnie: {told}" in str(caught.value)
