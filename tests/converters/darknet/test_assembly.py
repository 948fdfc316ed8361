"""The input, the outputs, and weights that a section does not load."""

from __future__ import annotations

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.darknet import convert
from tests.converters.darknet.judged import (
    ALEXEYAB,
    blobs_of,
    converted,
    net,
    refusals,
    written,
)

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
            "my.cfg:1 [net]: height=0 width=3 channels=0 for 1 at once is not the size of an input\n    -> set height=",
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


@pytest.mark.parametrize("option", ["dontload=1", "dontloadscales=1", "numload=3"])
def test_weights_that_are_not_in_the_file(tmp_path, option):
    (found,) = refusals(tmp_path, net(CONV.replace("size=3", f"size=3;{option}")))
    assert found.startswith(f"tiny.cfg:8 [convolutional]: {option[:-2]} leaves weights of this section out")


def test_dontload_where_there_are_none(tmp_path):
    assert texts(converted(tmp_path, net("[maxpool];dontload=1")), "warning") == []
