"""Weights files that do not fit their cfg: what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.darknet import convert
from tests.converters.darknet.judged import (
    net,
    notes_of,
    written,
)

CONV = "[convolutional];filters=5;size=3;pad=1;batch_normalize=1;activation=leaky\n"


def test_weights_that_are_too_short_say_which_layer(tmp_path):
    cfg, weights = written(tmp_path, net(CONV + CONV.replace("5", "6")))
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    (problem,) = caught.value.problems
    assert str(problem).startswith(
        f"{cfg}:11 [convolutional]: tiny.weights ends within the weights of conv_1: 10 bytes"
    )


def test_weights_that_are_too_long(tmp_path):
    cfg, weights = written(tmp_path, net(CONV))
    weights.write_bytes(weights.read_bytes() + bytes(12))
    with pytest.raises(ConversionError, match="12 bytes are left"):
        convert(cfg, weights)
    assert any("12 bytes are left" in text for text in notes_of(convert(cfg, weights, allow_trailing=True), "dropped"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_name_the_layer(tmp_path, value):
    cfg, weights = written(tmp_path, net(CONV + CONV))
    stored = bytearray(weights.read_bytes())
    stored[-4:] = np.array(value, "<f4").tobytes()
    weights.write_bytes(stored)
    assert any(
        "of the weights of conv_1 are NaN or infinite" in text for text in notes_of(convert(cfg, weights), "warning")
    )
    assert notes_of(convert(cfg, weights, check_finite=False), "warning") == []


def test_what_comes_later_says_nothing_of_the_sections_that_are_converted(tmp_path):
    cfg, weights = written(tmp_path, net(CONV))
    cfg.write_text(net(f"{CONV}[nonsense];siz=3;siz=4\n[lstm]\n[route];layers=99"))
    model = convert(cfg, weights, until=0)
    assert notes_of(model, "warning") == []
    assert model.heads == ()
