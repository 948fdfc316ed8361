from __future__ import annotations

import pytest
from msgspec.structs import replace

from caffe_ir.errors import Origin
from caffe_ir.layers import ReLU
from caffe_ir.node import Node
from converters.transplant.modules import Module
from converters.transplant.names import (
    by_words,
    same_names,
    speak_against,
    without_common_prefix,
    without_counters,
    words,
)
from converters.transplant.receivers import Receiver


def receiver(*names: str) -> Receiver:
    nodes = tuple(Node(name=name, layer=ReLU(), origin=Origin(layer=name)) for name in names)
    return Receiver(kind="filter", place=0, nodes=nodes, before=frozenset(), behind=None, feeder=None)


def module(name: str) -> Module:
    return Module(name=name, kind="filter", place=0, tensors={}, keys=())


def paired(receivers: list[str], modules: list[str]) -> dict[str, str] | None:
    found = by_words([receiver(name) for name in receivers], [module(name) for name in modules])
    return None if found is None else {own.name: its.name for own, its in found.items()}


@pytest.mark.parametrize(
    ("layer", "name"),
    [("layer1_0_conv1", "layer1.0.conv1"), ("Layer1/0-Conv1", "layer1.0.conv1"), ("conv1", "conv1")],
)
def test_the_same_name_however_it_is_joined(layer: str, name: str) -> None:
    own, its = receiver(layer, f"{layer}_scale"), module(name)
    assert same_names([own], {its: name}) == {own: its}


def test_other_names_and_names_of_two_are_not_the_same() -> None:
    assert same_names([receiver("conv1")], {module("conv10"): "conv10"}) == {}
    assert same_names([receiver("a.b")], {module("a.b"): "a.b", module("a_b"): "a_b"}) == {}
    assert same_names([receiver("a.b"), receiver("a_b")], {module("a.b"): "a.b"}) == {}


def numbered(layers: list[str], modules: list[str]) -> list[str]:
    """The names that say something, of layers and modules of the same names, each in the order given."""
    given = {name: replace(module(name), place=place) for place, name in enumerate(modules)}
    same = {replace(receiver(name), place=place): given[name] for place, name in enumerate(layers)}
    return [own.name for own in without_counters(same, {its: name for name, its in given.items()})]


def test_what_both_sides_only_count_says_nothing() -> None:
    assert numbered(["conv1", "conv2", "left"], ["conv1", "left", "conv2"]) == ["left"]
    assert numbered(["3", "7"], ["3", "7"]) == []


def test_numbers_that_one_side_did_not_count_in_order_are_meant() -> None:
    assert numbered(["conv2", "conv1"], ["conv1", "conv2"]) == ["conv2", "conv1"]
    assert numbered(["block1.conv1", "block1.conv2"], ["block1.conv1", "block1.conv2"]) != []


def test_what_all_names_begin_with_says_nothing() -> None:
    found = without_common_prefix([module("net.body.a"), module("net.body.b.c")])
    assert list(found.values()) == ["a", "b.c"]
    assert list(without_common_prefix([module("a"), module("a.b")]).values()) == ["a", "a.b"]


def test_words_that_tell() -> None:
    assert words("left_conv1") == {"left"}
    assert words("res2a_branch2b", "layer1.0.conv3", "features.12") == frozenset()
    assert words("rgb.stream2.fc") == {"rgb", "stream2"}


@pytest.mark.parametrize(
    ("receivers", "modules", "found"),
    [
        (["conv_right", "conv_left"], ["left.0", "right.0"], {"conv_right": "right.0", "conv_left": "left.0"}),
        (["left", "other"], ["left.0", "main.0"], {"left": "left.0", "other": "main.0"}),
        (["conv4", "conv3"], ["conv3", "downsample.0"], None),
        (["upper", "lower"], ["one", "two"], None),
        (["left_x", "left_y"], ["left.0", "left.1"], None),
        (["left_right", "right"], ["left", "right"], {"left_right": "left", "right": "right"}),
        (["one", "u", "v"], ["one", "s", "t"], None),
    ],
)
def test_words_pair_only_where_they_leave_no_doubt(
    receivers: list[str], modules: list[str], found: dict | None
) -> None:
    assert paired(receivers, modules) == found


def test_words_against_a_reading() -> None:
    left, right = receiver("left"), receiver("right")
    assert speak_against({left: module("left.0"), right: module("right.0")}) is None
    assert speak_against({left: module("right.0"), right: module("left.0")}) == (left, right)
    assert speak_against({receiver("conv1"): module("conv2"), receiver("conv2"): module("conv1")}) is None
