"""Sections that are unknown, and options that nobody read."""

from __future__ import annotations

import numpy as np
import pytest

from converters.darknet import convert
from tests.converters.darknet.judged import (
    CLOSE,
    Judged,
    converted,
    farthest,
    net,
    refusals,
    written,
)
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet


def texts(model, kind: str) -> list[str]:
    return [note.text for note in model.net.notes if note.kind == kind]


def test_options_nobody_read(tmp_path):
    text = net("[convolutional];activation=linear;strid_y=2;pading=1;learning_rate=.1\n[maxpool];dilation=3")
    text = text.replace("[net]", "[net]\nangle=7\nheigth=3")
    model = converted(tmp_path, text)
    found = [str(note) for note in model.net.notes if note.kind == "warning"]
    assert [line.partition("tiny.cfg:")[2] for line in found] == [
        "3 [net]: the option heigth=3 is unknown and does nothing; did you mean height?",
        "9 [convolutional]: the option strid_y=2 is unknown and does nothing; did you mean stride_y?",
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


def test_the_first_section_that_cannot_be_made_says_how_far_the_others_go(tmp_path):
    found = refusals(tmp_path, net("[maxpool]\n[maxpool]\n[lstm]\n[nonsense]"))
    assert ["--until" in problem for problem in found] == [True, False]
    assert found[0].endswith("-> --until 1 converts what comes before it")
    (told,) = refusals(tmp_path, net("[maxpool]\n[maxpol]"))
    assert told.endswith("-> did you mean [maxpool]? --until 0 converts what comes before it")
    (told,) = refusals(tmp_path, net("[qqq]"))
    assert "--until" not in told
