"""The net under construction: names, views, references."""

from __future__ import annotations

import pytest

from caffe_ir.layers import Power
from converters.darknet import convert
from tests.converters.darknet.judged import converted, net, refusals, written

# The short names of the brief: everything else is called as its section.
NAMES = {
    "[convolutional]": "conv_0",
    "[conv]": "conv_0",
    "[deconvolutional]": "deconv_0",
    "[connected]": "connected_0",
    "[max]": "maxpool_0",
    "[avg]": "avgpool_0",
    "[lrn]": "normalization_0",
    "[upsample]": "upsample_0",
    "[reorg]": "reorg_0",
    "[crop]": "crop_0",
}


@pytest.mark.parametrize("section", NAMES)
def test_the_name_of_a_sections_first_layer(tmp_path, section):
    model = converted(tmp_path, net(section))
    first = model.net.nodes[1]
    assert first.name == first.top == first.origin.layer == NAMES[section]


def test_every_section_has_a_value_under_its_name(tmp_path):
    sections = "[convolutional];batch_normalize=1\n[dropout]\n[route];layers=-1\n[maxpool]\n[activation]\n[cost]"
    model = converted(tmp_path, net(sections))
    assert model.net.values == {
        "data": "data",
        "conv_0": "conv_0_logistic",
        "dropout_1": "conv_0_logistic",
        "route_2": "conv_0_logistic",
        "maxpool_3": "maxpool_3",
        "activation_4": "maxpool_3",
        "cost_5": "maxpool_3",
    }


def test_a_vector_is_viewed_once(tmp_path):
    sections = "[convolutional];filters=2\n[route];layers=0\n[softmax]\n[route];layers=0\n[softmax];temperature=2"
    model = converted(tmp_path, net(sections))
    assert [node.name for node in model.net.nodes if node.layer.type_name() == "Flatten"] == ["softmax_2_flat"]


def test_views_of_one_section_have_names_of_their_own(tmp_path):
    model = converted(tmp_path, net("[reorg];flatten=1", height=3, width=5, channels=2))
    assert [(node.name, model.net.shapes[node.top]) for node in model.net.nodes[1:]] == [
        ("reorg_0_view", (1, 2, 15, 1)),
        ("reorg_0_turn", (1, 1, 15, 2)),
        ("reorg_0_view_2", (1, 2, 3, 5)),
    ]


def test_negative_and_absolute_references(tmp_path):
    sections = "[convolutional];filters=2\n[convolutional];filters=3\n[route];layers=-1,0"
    assert converted(tmp_path, net(sections)).net.node("route_2").bottoms == ("conv_1_logistic", "conv_0_logistic")


def test_a_reference_says_its_own_line(tmp_path):
    (found,) = refusals(tmp_path, net("[convolutional]\n[shortcut]\nactivation=linear\nfrom=9"))
    assert found.startswith("tiny.cfg:8 [shortcut]: from=9 points behind this section, number 1")


def test_a_section_that_reads_a_lost_value_adds_no_noise(tmp_path):
    sections = "[maxpool];stride=0\n[convolutional]\n[maxpool]\n[route];layers=0,1\n[connected]\n[upsample];stride=0"
    (found,) = refusals(tmp_path, net(sections))
    assert "tiny.cfg:6 [maxpool]" in found


def test_a_wrong_reference_is_told_also_behind_a_lost_value(tmp_path):
    found = refusals(tmp_path, net("[maxpool];stride=0\n[route];layers=5\n[maxpool]\n[shortcut];from=-9"))
    assert [problem.split(" ")[0] for problem in found] == ["tiny.cfg:6", "tiny.cfg:8", "tiny.cfg:11"]


def test_a_handler_of_the_users_own(tmp_path):
    def negative(section, build):
        y = build.add(Power(scale=-section.float("factor", 1)), build.image(build.previous))
        return build.result(build.activated(y))

    files = written(tmp_path, net("[maxpool]"))
    files[0].write_text(net("[negative];factor=2;activation=leaky;more=1"))
    model = convert(*files, handlers={"negative": negative})
    assert [node.name for node in model.net.nodes] == ["data", "negative_0", "negative_0_leaky"]
    assert model.net.node("negative_0").layer == Power(scale=-2.0)
    assert ["more=1" in note.text for note in model.net.notes if note.kind == "warning"] == [True]


def test_two_handlers_for_one_section(tmp_path):
    files = written(tmp_path, net("[maxpool]"))
    with pytest.raises(ValueError, match=r"two handlers for \[maxpool\]"):
        convert(*files, handlers={"maxpool": lambda section, build: build.previous})
