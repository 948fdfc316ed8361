"""From cfg and weights to a net: input, outputs, weights that do not fit, options nobody reads, many problems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caffe_ir.errors import ConversionError
from converters.darknet import convert
from converters.darknet.sections import HANDLERS
from tests.converters.darknet.judged import (
    ALEXEYAB,
    converted,
    net,
    notes_of,
    written,
)

CONV = "[convolutional];filters=5;size=3;pad=1;batch_normalize=1;activation=leaky\n"


def test_a_weights_file_that_is_none_and_a_cfg_that_is_none_are_told_together(tmp_path):
    cfg, weights = tmp_path / "a.cfg", tmp_path / "a.weights"
    cfg.write_bytes(b"\0\1")
    weights.write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    assert ["is not a text file" in str(problem) for problem in caught.value.problems] == [True, False]
    assert "zip archive" in str(caught.value)


# ---- What was taken for granted, and what nobody read ----------------------------------------------------------------


def test_assumptions_come_first(tmp_path):
    model = converted(tmp_path, net(CONV))
    assert [note.kind for note in model.net.notes[:2]] == ["assumed", "assumed"]
    assert "the original Darknet: the weights were written by version 0.2.0" in model.net.notes[0].text
    assert "sqrt(variance) + 1e-6" in model.net.notes[1].text
    assert "sqrt(variance + 1e-5)" in converted(tmp_path, net(CONV), header=ALEXEYAB).net.notes[1].text


def test_weights_of_2018_are_alexeyabs_in_all_that_follows(tmp_path):
    """Header 0.1.0 with [yolo]: AlexeyAB's of spring to autumn 2018."""
    cfg, weights = written(tmp_path, net(f"{CONV}[convolutional];filters=6;size=1\n[yolo];num=1;classes=1"))
    data = weights.read_bytes()
    weights.write_bytes(np.array([0, 1, 0, 9], "<i4").tobytes() + data[20:])
    model = convert(cfg, weights)
    assert model.dialect == "alexeyab"
    assert model.facts.preprocessing.fit == "stretch"
    assert (model.batch_norm.form, model.batch_norm.eps) == ("outside", 1e-6)
    assert model.weights.header.size == 16
    weights.write_bytes(np.array([0, 2, 0, 9, 0], "<i4").tobytes() + data[20:])
    assert convert(cfg, weights).facts.preprocessing.fit == "letterbox"


def test_no_image_seen_under_alexeyabs_version_may_be_an_export_from_pytorch(tmp_path):
    cfg, weights = written(tmp_path, net(CONV), header=ALEXEYAB)

    def told(seen: int, **options) -> bool:
        weights.write_bytes(np.array([*ALEXEYAB, seen, 0], "<i4").tobytes() + weights.read_bytes()[20:])
        return any("counts no images" in text for text in notes_of(convert(cfg, weights, **options), "assumed"))

    assert told(0)
    assert not told(64)
    assert not told(0, bn="inside:1e-4")


def test_a_section_to_convert_until(tmp_path):
    cfg, weights = written(tmp_path, net(f"{CONV}[maxpool]\n[route];layers=0\n{CONV}[route];layers=-1"))
    assert convert(cfg, weights, until=2).net.outputs == ["maxpool_1", "conv_0_leaky"]
    assert convert(cfg, weights, until=4).net.dump() == convert(cfg, weights).net.dump()
    for until in (5, -1):
        with pytest.raises(ConversionError, match=f"--until {until}: .* has the sections 0 to 4"):
            convert(cfg, weights, until=until)


def test_heads_are_those_of_the_sections_that_are_converted(tmp_path):
    head = "[convolutional];filters=7;size=1\n[yolo];num=1;classes=2"
    cfg, weights = written(tmp_path, net(f"{CONV}{head}\n[route];layers=0\n{head}"))
    assert [head.name for head in convert(cfg, weights, until=2).heads] == ["yolo_2"]
    assert [head.name for head in convert(cfg, weights, until=3).heads] == ["yolo_2"]
    assert [head.name for head in convert(cfg, weights).heads] == ["yolo_2", "yolo_5"]


def test_no_batch_norm_no_assumption(tmp_path):
    assert len(notes_of(converted(tmp_path, net("[maxpool]")), "assumed")) == 1


# ---- Many problems at once -------------------------------------------------------------------------------------------


KINDS = st.sampled_from([*HANDLERS, "net", "rnn", "zzz"])
KEYS = st.sampled_from(
    [
        *("filters", "size", "stride", "pad", "padding", "groups", "activation"),
        *("from", "layers", "classes", "num", "mask", "anchors", "output"),
        *("batch_normalize", "group_id", "stride_x", "dilation", "scale", "side", "coords"),
        *("crop_height", "crop_width", "extra", "reverse", "temperature", "softmax"),
    ]
)
VALUES = st.one_of(
    st.integers(-3, 9).map(str),
    st.lists(st.integers(-3, 4), min_size=1, max_size=3).map(lambda each: ",".join(map(str, each))),
    st.sampled_from(["linear", "leaky", "mish", "x", "1.5", "=", "99999999999"]),
)
SECTIONS = st.lists(st.tuples(KINDS, st.lists(st.tuples(KEYS, VALUES), max_size=5)), min_size=1, max_size=6)


@settings(max_examples=300)
@given(sections=SECTIONS, dialect=st.sampled_from(["auto", "darknet", "alexeyab"]), lenient=st.booleans())
def test_no_cfg_raises_anything_but_our_own(tmp_path_factory, sections, dialect, lenient):
    lines = [
        line for kind, options in sections for line in (f"[{kind}]", *(f"{key}={value}" for key, value in options))
    ]
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a.cfg").write_text(net("\n".join(lines)))
    (folder / "a.weights").write_bytes(bytes(4096))
    try:
        model = convert(folder / "a.cfg", folder / "a.weights", dialect=dialect, lenient=lenient, allow_trailing=True)
    except ConversionError:
        return
    model.net.check()
    assert model.net.infer() == model.net.shapes
