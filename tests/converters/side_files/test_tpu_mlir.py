from __future__ import annotations

import argparse
import shlex

import numpy as np
import pytest

from converters.side_files.tpu_mlir import tpu_mlir
from tests.converters.side_files.subjects import KINDS, picture, subject, wanted


def words(text: str) -> argparse.Namespace:
    """The options of model_transform, of those that its parser knows."""
    first, *others = text.splitlines()
    assert first == "#!/bin/sh"
    command = shlex.split("\n".join(line for line in others if not line.startswith("#")).replace("\\\n", " "))
    assert command[0] == "model_transform"
    parser = argparse.ArgumentParser()
    for name in ("model_name", "model_def", "model_data", "input_shapes", "mean", "scale", "mlir"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--pixel_format", choices=["rgb", "bgr", "gray", "rgba"], required=True)
    parser.add_argument("--keep_aspect_ratio", action="store_true")
    parser.add_argument("--pad_value", type=int, default=0)
    return parser.parse_args(command[1:])


@pytest.mark.parametrize("kind", KINDS)
def test_the_formula_with_these_numbers(kind: str) -> None:
    """For grey its parser wants three numbers all the same, and takes the first."""
    of = subject(kind)
    given, image = words(tpu_mlir(of)[".tpu-mlir.sh"]), picture(of)
    mean, scale = (np.array([float(one) for one in text.split(",")]) for text in (given.mean, given.scale))
    assert len(mean) == len(scale) == 3
    fed = image[::-1] if given.pixel_format == "bgr" else image
    mean, scale = (numbers[: of.channels, None, None] for numbers in (mean, scale))
    np.testing.assert_allclose((fed - mean) * scale, wanted(of, image), atol=2e-6 * 255 * max(of.scale))
    assert (given.pixel_format == "gray") == (of.channels == 1)
    assert given.input_shapes == f"[[1,{of.channels},24,36]]"
    assert given.keep_aspect_ratio == (of.description.fit == "letterbox")


@pytest.mark.parametrize(("kind", "fill"), [("Darknet's", "127"), ("ultralytics'", "114")])
def test_a_field_is_as_grey_as_the_net_takes_it(kind: str, fill: str) -> None:
    text = tpu_mlir(subject(kind))[".tpu-mlir.sh"]
    assert f"--pad_value {fill} " in text
    assert ("stands for 127.5" in text) == (fill == "127")


def test_any_name_is_one_word() -> None:
    given = words(tpu_mlir(subject(name="a b;'c$(d)"))[".tpu-mlir.sh"])
    assert (given.model_def, given.mlir) == ("a b;'c$(d).prototxt", "a b;'c$(d).mlir")
    assert given.model_name.isidentifier()
