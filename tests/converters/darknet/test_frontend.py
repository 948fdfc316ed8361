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
    CLOSE,
    Judged,
    blobs_of,
    converted,
    farthest,
    net,
    refusals,
    written,
)
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet

CONV = "[convolutional];filters=5;size=3;pad=1;batch_normalize=1;activation=leaky\n"


def texts(model, kind: str) -> list[str]:
    return [note.text for note in model.net.notes if note.kind == kind]


# ---- The input -------------------------------------------------------------------------------------------------------


def test_the_input_is_the_nets_size(tmp_path):
    model = converted(tmp_path, net("[maxpool]", height=6, width=8, channels=2), batch=3)
    assert model.net.nodes[0].name == "data"
    assert model.net.shapes["data"] == (3, 2, 6, 8)
    assert model.net.name == "tiny"
    model.net.check()


def test_another_input_size(tmp_path):
    text = net("[convolutional];filters=2;size=3;pad=1;stride=2\n[avgpool]\n[connected];output=3")
    model = converted(tmp_path, text, input_size=(20, 31))
    assert model.net.shapes["data"] == (1, 4, 20, 31)
    assert model.net.shapes["conv_0"] == (1, 2, 10, 16)


def test_another_input_size_that_does_not_fit_the_weights(tmp_path):
    files = written(tmp_path, net("[connected];output=3"))
    with pytest.raises(ConversionError, match=r"bytes are missing(.|\n)*are for the cfg's own input size"):
        convert(*files, input_size=(20, 31))


def test_an_input_that_is_a_vector(tmp_path):
    cfg, weights = tmp_path / "flat.cfg", tmp_path / "flat.weights"
    cfg.write_text("[net]\ninputs=3\n[connected]\noutput=2\nactivation=linear\n")
    weights.write_bytes(np.array([0, 2, 0, 0, 0], "<i4").tobytes() + np.arange(8, dtype="<f4").tobytes())
    model = convert(cfg, weights)
    values = blobs_of(model, np.array([[1, 10, 100]], np.float32))
    assert values["connected_0"].tolist() == [[432, 766]]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            "width=3",
            "my.cfg:1 [net]: height=0 width=3 channels=0 for 1 at once is no size of an input\n    -> [net] says",
        ),
        ("width=-3\nheight=-2\nchannels=1", "height=-2 width=-3"),
        ("width=3\nheight=2\nchannels=1\ninputs=7", "inputs=7"),
    ],
)
def test_an_input_of_no_size(tmp_path, head, expected):
    cfg, weights = tmp_path / "my.cfg", tmp_path / "my.weights"
    cfg.write_text(f"[net]\n{head}\n[maxpool]\n[nothing]\n")
    weights.write_bytes(bytes(20))
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    assert expected in str(caught.value)
    assert "[nothing] is an unknown section" in str(caught.value)


# ---- The outputs -----------------------------------------------------------------------------------------------------


def test_what_nobody_reads_is_an_output(tmp_path):
    sections = f"{CONV}[maxpool]\n[route];layers=0\n[softmax]"
    assert converted(tmp_path, net(sections)).net.outputs == ["maxpool_1", "softmax_3"]


def test_the_last_value_is_an_output_though_others_read_it(tmp_path):
    sections = f"{CONV}[maxpool]\n[route];layers=0"
    assert converted(tmp_path, net(sections)).net.outputs == ["maxpool_1", "conv_0_leaky"]


def test_the_input_is_an_output_only_where_there_is_nothing_else(tmp_path):
    assert converted(tmp_path, net("[implicit];filters=3"), header=ALEXEYAB).net.outputs == ["implicit_0"]
    assert converted(tmp_path, net("[dropout]")).net.outputs == ["data"]


# ---- Weights ---------------------------------------------------------------------------------------------------------


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
    assert any("12 bytes are left" in text for text in texts(convert(cfg, weights, allow_trailing=True), "dropped"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_name_the_layer(tmp_path, value):
    cfg, weights = written(tmp_path, net(CONV + CONV))
    stored = bytearray(weights.read_bytes())
    stored[-4:] = np.array(value, "<f4").tobytes()
    weights.write_bytes(stored)
    assert any(
        "of the weights of conv_1 are NaN or infinite" in text for text in texts(convert(cfg, weights), "warning")
    )
    assert texts(convert(cfg, weights, check_finite=False), "warning") == []


def test_a_weights_file_that_is_none_and_a_cfg_that_is_none_are_told_together(tmp_path):
    cfg, weights = tmp_path / "a.cfg", tmp_path / "a.weights"
    cfg.write_bytes(b"\0\1")
    weights.write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    assert ["is no text file" in str(problem) for problem in caught.value.problems] == [True, False]
    assert "zip archive" in str(caught.value)


@pytest.mark.parametrize("option", ["dontload=1", "dontloadscales=1", "numload=3"])
def test_weights_that_are_not_in_the_file(tmp_path, option):
    (found,) = refusals(tmp_path, net(CONV.replace("size=3", f"size=3;{option}")))
    assert found.startswith(f"tiny.cfg:8 [convolutional]: {option[:-2]} leaves weights of this section out")


def test_dontload_where_there_are_none(tmp_path):
    assert texts(converted(tmp_path, net("[maxpool];dontload=1")), "warning") == []


# ---- What was taken for granted, and what nobody read ----------------------------------------------------------------


def test_assumptions_come_first(tmp_path):
    model = converted(tmp_path, net(CONV))
    assert [note.kind for note in model.net.notes[:2]] == ["assumed", "assumed"]
    assert "the original Darknet: the weights were written by version 0.2.0" in model.net.notes[0].text
    assert "sqrt(variance) + 1e-6" in model.net.notes[1].text
    assert "sqrt(variance + 1e-5)" in converted(tmp_path, net(CONV), header=ALEXEYAB).net.notes[1].text


def test_no_batch_norm_no_assumption(tmp_path):
    assert len(texts(converted(tmp_path, net("[maxpool]")), "assumed")) == 1


def test_options_nobody_read(tmp_path):
    text = net("[convolutional];activation=linear;stride_z=2;pading=1;learning_rate=.1\n[maxpool];dilation=3")
    text = text.replace("[net]", "[net]\nangle=7\nheigth=3")
    model = converted(tmp_path, text)
    found = [str(note) for note in model.net.notes if note.kind == "warning"]
    assert [line.partition("tiny.cfg:")[2] for line in found] == [
        "3 [net]: the option heigth=3 is unknown and does nothing; did you mean height?",
        "9 [convolutional]: the option stride_z=2 is unknown and does nothing; did you mean stride_y?",
        "10 [convolutional]: the option pading=1 is unknown and does nothing; did you mean padding?",
        "13 [maxpool]: the option dilation=3 is unknown and does nothing",
    ]


@needs_darknet
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("filters=5", "filters=5 # 输出通道".encode("gbk")),
        ("size=3", "size=3 ; größe".encode("latin-1")),
        ("layers=-1,0", b"layers=-1, 0 ###S5"),
        ("layers=-1,0", "layers=-1\u3000, 0\u3000".encode()),
        ("stride=2", b"stride=2\nstrideW=1"),
    ],
)
def test_what_darknet_passes_over_in_a_line_is_passed_over(tmp_path, old, new):
    """Real Darknet runs the cfg with the odd line, and gives the numbers that ours has."""
    text = net("[convolutional];filters=5;size=3;pad=1;stride=2\n[maxpool];size=3;stride=1\n[route];layers=-1,0")
    cfg, weights = written(tmp_path, text)
    assert old in text
    cfg.write_bytes(text.encode().replace(old.encode(), new, 1))
    model = convert(cfg, weights)
    x = np.random.default_rng(0).random(model.net.shapes["data"], np.float32)
    outputs = layer_outputs_of([Job(cfg=cfg, weights=weights, input=x)])[0]
    assert farthest(Judged(model=model, input=x, outputs=outputs)) <= CLOSE
    assert len(texts(model, "warning")) == 1


def test_options_of_the_other_dialect_are_options_nobody_read(tmp_path):
    model = converted(tmp_path, net("[maxpool];size=2;stride_x=2"), dialect="darknet")
    assert any("stride_x=2 is unknown" in text for text in texts(model, "warning"))


def test_odd_numbers_are_told(tmp_path):
    model = converted(tmp_path, net("[maxpool];size=2.9;stride=2"))
    assert any("Darknet reads 2" in text for text in texts(model, "warning"))


# ---- Many problems at once -------------------------------------------------------------------------------------------


def test_all_problems_at_once(tmp_path):
    sections = """[convolutional];filters=6;groups=4
    [rnn]
    [nonsense]
    [convolutional];activation=lekey
    [route];layers=40
    [l2norm]"""
    found = refusals(tmp_path, net(sections), dialect="alexeyab")
    assert [problem.partition(": ")[0] for problem in found] == [
        "tiny.cfg:7 [convolutional]",
        "tiny.cfg:8 [rnn]",
        "tiny.cfg:9 [nonsense]",
        "tiny.cfg:11 [convolutional]",
        "tiny.cfg:13 [route]",
        "tiny.cfg:14 [l2norm]",
    ]


@pytest.mark.parametrize(("kind", "dialect"), [("sam", "darknet"), ("reorg3d", "darknet"), ("l2norm", "alexeyab")])
def test_a_section_of_the_other_dialect(tmp_path, kind, dialect):
    found = refusals(tmp_path, net(f"[{kind}];from=-1"), dialect=dialect)
    assert f"[{kind}] is unknown to" in found[0]
    assert "--dialect" in found[0]


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


@settings(deadline=None, max_examples=300)
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
