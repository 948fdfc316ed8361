"""[softmax]: real Darknet is the judge, also for trees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.converters.darknet.judged import CLOSE, blobs_of, converted, farthest, judged, net, refusals
from tests.oracles.darknet import needs_darknet

FIRST = "[convolutional];filters=6;size=3;pad=1;activation=linear\n"

CASES = {
    "of a map": FIRST + "[softmax]",
    "of an average": FIRST + "[avgpool]\n[soft]",
    "of a vector": "[connected];output=7;activation=linear\n[softmax]",
    "groups": "[connected];output=12;activation=linear\n[softmax];groups=3",
    "groups of a map": FIRST + "[softmax];groups=6",
    "temperature": "[connected];output=7;activation=linear\n[softmax];temperature=0.25",
    "twice": "[connected];output=7;activation=linear\n[softmax]\n[softmax];temperature=3",
    "tree": "[connected];output=9;activation=linear\n[softmax];tree=nine.tree",
    "tree of one group": "[connected];output=9;activation=linear\n[softmax];tree=flat.tree",
}
# Groups of 2, 3, 1, 2 and 1: neighbours of one parent (tree.c, read_tree).
NINE = "a -1\nb -1\nc 0\nd 0\ne 0\nf 1\ng 2\nh 2\ni 0\n"
FLAT = "".join(f"n{i} -1\n" for i in range(9))


def with_trees(folder):
    (folder / "nine.tree").write_text(NINE)
    (folder / "flat.tree").write_text(FLAT)
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = with_trees(tmp_path_factory.mktemp("softmax"))
    return judged(folder, {name.replace(" ", "_"): net(sections) for name, sections in CASES.items()})


@needs_darknet
@pytest.mark.parametrize("name", CASES)
def test_as_darknet(results, name):
    assert farthest(results[name.replace(" ", "_")]) < CLOSE


def test_of_an_average_takes_one_layer(tmp_path):
    model = converted(tmp_path, net(FIRST + "[avgpool]\n[softmax]"))
    assert [node.name for node in model.net.nodes] == ["data", "conv_0", "avgpool_1", "softmax_2"]


def test_spatial_is_across_channels(tmp_path):
    model = converted(tmp_path, net(FIRST + "[softmax];spatial=1"))
    x = np.random.default_rng(0).random((1, 4, 12, 14), np.float32)
    values = blobs_of(model, x)
    np.testing.assert_allclose(values["softmax_1"], torch.softmax(torch.from_numpy(values["conv_0"]), 1), atol=1e-6)
    assert any("spatial=1" in note.text and note.kind == "assumed" for note in model.net.notes)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("groups=5", "tiny.cfg:8 [softmax]: groups=5 does not divide 9 values"),
        ("groups=0", "groups=0 is less than 1"),
        ("temperature=0", "temperature=0 divides by zero"),
        ("tree=none.tree", "tiny.cfg:8 [softmax]: the file of tree=none.tree is not found"),
        (f"tree={'9' * 4000}", "999 is not found"),
        ("tree=broken.tree", "broken.tree is not a tree of classes"),
        ("tree=numbers.tree", "numbers.tree is not a tree of classes"),
        ("tree=few.tree", "the tree has 1 leaves, the vector 9 values"),
    ],
)
def test_what_does_not_fit(tmp_path, options, expected):
    (tmp_path / "broken.tree").write_text("a\n")
    (tmp_path / "numbers.tree").write_text(f"a {'9' * 5000}\n")
    (tmp_path / "few.tree").write_text("a -1\n")
    (found,) = refusals(tmp_path, net(f"[connected];output=9\n[softmax];{options}"))
    assert expected in found
