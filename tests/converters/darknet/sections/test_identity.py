"""[dropout], [cost], [empty], [contrastive]: real Darknet where it has them."""

from __future__ import annotations

import pytest

from tests.converters.darknet.judged import ALEXEYAB, CLOSE, converted, farthest, judged, net, refusals
from tests.oracles.darknet import needs_darknet

FIRST = "[convolutional];filters=6;size=3;pad=1;activation=linear\n"


@needs_darknet
def test_dropout_is_the_identity(tmp_path):
    sections = FIRST + "[dropout];probability=.9\n[convolutional]\n[route];layers=1\n[dropout]\n[cost]"
    assert farthest(judged(tmp_path, {"dropout": net(sections)})["dropout"]) < CLOSE


def test_dropout_makes_no_layer(tmp_path):
    model = converted(tmp_path, net(FIRST + "[dropout]\n[maxpool]"))
    assert [node.name for node in model.net.nodes] == ["data", "conv_0", "maxpool_2"]
    assert model.net.values["dropout_1"] == "conv_0"
    assert [(note.kind, note.origin and note.origin.layer) for note in model.net.notes if "dropout" in note.text] == [
        ("dropped", "dropout_1")
    ]


def test_the_net_ends_before_its_cost(tmp_path):
    model = converted(tmp_path, net(FIRST + "[maxpool]\n[cost];type=sse"))
    assert model.net.outputs == ["maxpool_1"]
    assert any(note.kind == "dropped" and "[cost]" in note.text for note in model.net.notes)


@pytest.mark.parametrize("kind", ["empty", "silence"])
def test_empty(tmp_path, kind):
    model = converted(tmp_path, net(f"{FIRST}[{kind}]\n[maxpool]"), header=ALEXEYAB)
    assert model.net.values["empty_1"] == "conv_0"


def test_contrastive_is_left_out_and_what_it_reads_is_an_output(tmp_path):
    sections = (
        FIRST + "[yolo];num=1;classes=1;anchors=1,2\n[route];layers=0\n[maxpool]\n[contrastive];classes=3;yolo_layer=1"
    )
    model = converted(tmp_path, net(sections), header=ALEXEYAB)
    assert model.net.outputs == ["yolo_1", "maxpool_3"]
    assert not any(note.kind == "warning" for note in model.net.notes)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        (FIRST + "[cost]\n[route];layers=1", "a section follows [cost]"),
        (FIRST + "[cost]\n[maxpool]", "a section follows [cost]"),
    ],
)
def test_nothing_reads_a_cost(tmp_path, sections, expected):
    (found,) = refusals(tmp_path, net(sections))
    assert expected in found
