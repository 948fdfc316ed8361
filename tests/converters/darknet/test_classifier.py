"""Which nets are classifiers, and what their facts are; real Darknet's own results: tests/end_to_end."""

from __future__ import annotations

import pytest

from tests.converters.darknet.test_heads import facts

SCORES = "[convolutional];filters=6;size=3;activation=linear\n[avgpool]\n"


@pytest.mark.parametrize("behind", ["", "[cost]", "[dropout]\n[cost];type=sse"])
def test_a_net_that_ends_in_a_softmax_is_a_classifier(tmp_path, behind):
    found = facts(tmp_path, f"{SCORES}[softmax]\n{behind}", lowered="raw")
    assert found["heads"] == []
    classifier = found["classifier"]
    assert {key: classifier[key] for key in ("name", "classes", "blob", "raw_blob", "groups", "top")} == {
        "name": "softmax_2",
        "classes": 6,
        "blob": "softmax_2",
        "raw_blob": "avgpool_1",
        "groups": 1,
        "top": 1,
    }
    assert classifier["activation"] == "softmax, computed by the net"


def test_groups_and_temperature(tmp_path):
    classifier = facts(tmp_path, f"{SCORES}[softmax];groups=2;temperature=4")["classifier"]
    assert (classifier["groups"], classifier["temperature"]) == (2, 4)


def test_a_tree(tmp_path):
    (tmp_path / "some.tree").write_text("a -1\nb -1\nc 0\nd 0\ne 1\nf 1\n")
    classifier = facts(tmp_path, f"{SCORES}[softmax];tree=some.tree")["classifier"]
    assert (classifier["tree"], classifier["parents"]) == ([2, 2, 2], [-1, -1, 0, 0, 1, 1])
    assert "its parent" in classifier["to_do"]


@pytest.mark.parametrize(
    "sections",
    [
        SCORES,
        f"{SCORES}[softmax]\n[connected];output=3",
        "[convolutional];filters=6;size=1;activation=linear\n[softmax]\n[route];layers=0\n[yolo];num=1;classes=1",
    ],
)
def test_other_nets_are_none(tmp_path, sections):
    assert "classifier" not in facts(tmp_path, sections)
