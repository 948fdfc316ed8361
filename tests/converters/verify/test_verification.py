from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from caffe_ir.layers import Input, Power, Scale
from converters.verify import EMBEDDED, Engine, EngineFailed, Reference, ReferenceFailed, source_of
from converters.verify.inputs import noise
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.planting import converted, engine, parameter, verified

LEAKY = "conv_0_leaky: ReLU"


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    return converted(tmp_path_factory.mktemp("net"))


def test_folded_layers_are_matched_to_the_value_that_they_really_hold(tmp_path) -> None:
    folded = converted(tmp_path, fold=True)
    assert not any(node.layer.type_name() == "BatchNorm" for node in folded.made.nodes)
    found = verified(tmp_path, folded.source, folded.made)
    assert found.verdict == "agrees"
    assert found.values == [name for name in folded.model.net.values if name != "data"]
    assert [layer.partition("(")[0] for layer in found.sides["conv_0"].caffe] == ["conv_0: Convolution", LEAKY]


def test_meaning_and_rounding_are_kept_apart(tmp_path, net) -> None:
    found = verified(tmp_path, net.source, net.made)
    meaning, rounding = found.trials
    assert meaning.worst is not None
    assert rounding.worst is not None
    assert meaning.worst[0].relative < 1e-7 < rounding.worst[0].relative < 1e-4
    assert [each.heading for each in verified(tmp_path, net.source, net.made, rounding=False).trials] == [
        "meaning, embedded"
    ]


def test_float32_alone_is_held_against_the_source(tmp_path, net) -> None:
    assert verified(tmp_path, net.source, net.made, meaning=False, asked=["embedded"]).verdict == "agrees"
    spoilt = dataclasses.replace(net.made, nodes=list(net.made.nodes))
    parameter("maxpool_6", pool="AVE")(spoilt)
    found = verified(tmp_path, net.source, spoilt, meaning=False, asked=["embedded"])
    assert found.verdict == "differs"
    assert found.trials[0].wrong[0].value == "maxpool_6"


def test_an_error_too_small_for_float32_is_still_an_error_of_meaning(tmp_path, net) -> None:
    spoilt = dataclasses.replace(net.made, nodes=list(net.made.nodes))
    parameter("conv_0_bn", eps=1.3e-5)(spoilt)
    found = verified(tmp_path, net.source, spoilt)
    assert found.verdict == "differs"
    assert found.trials[1].verdict == "agrees"
    assert [fault.layer for fault in found.faults] == ["conv_0_bn"]


def test_an_engine_that_differs_does_not_make_the_net_wrong_unless_it_was_asked_for(tmp_path, net) -> None:
    wrong = engine(lambda name, array: array + 1 if name >= "conv_5" else array)
    free = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, wrong], asked=["embedded"])
    assert (free.verdict, free.trials[-1].verdict) == ("agrees", "differs")
    assert verified(tmp_path, net.source, net.made, engines=[EMBEDDED, wrong], asked=["other"]).verdict == "differs"


def test_an_engine_that_cannot_run_leaves_the_others_alone(tmp_path, net) -> None:
    def blobs(files, wanted, feeds) -> Iterator[np.ndarray]:
        raise EngineFailed("it cannot run conv_5")
        yield

    broken = Engine(name="broken", missing=lambda: "", title=lambda: "", blobs=blobs)
    absent = Engine(name="absent", missing=lambda: "install it", title=lambda: "", blobs=blobs)
    found = verified(tmp_path, net.source, net.made, engines=[broken, absent, EMBEDDED], asked=["embedded"])
    assert found.verdict == "agrees"
    assert [trial.stopped for trial in found.trials] == ["", "it cannot run conv_5", "install it", ""]
    found = verified(tmp_path, net.source, net.made, engines=[broken, EMBEDDED], asked=["broken"])
    assert found.verdict == "not compared"


def test_an_engine_that_shows_only_some_blobs_is_compared_in_those(tmp_path, net) -> None:
    shy = engine(lambda name, array: array if name.startswith("maxpool") else None)
    found = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, shy])
    assert [row.value for row in found.trials[-1].rows] == ["maxpool_1", "maxpool_6", "maxpool_9"]
    assert found.trials[-1].verdict == "agrees"


def test_a_judge_that_cannot_judge_is_told_and_another_decides(tmp_path, net) -> None:
    def values(feeds):
        raise ReferenceFailed("no such library")
        yield

    reference = Reference(name="gone", title="", values=values, tolerance=1e-4, precision="float32", required=False)
    source = replace(net.source, references=(*net.source.references, reference))
    found = verified(tmp_path, source, net.made)
    assert found.verdict == "agrees"
    assert found.trials[1].stopped == "no such library"


def test_of_several_inputs_the_worst_is_kept(tmp_path, net) -> None:
    shapes = {"data": (1, 3, 24, 32)}
    one, two = noise(shapes, 1), {"data": 50 * noise(shapes, 2)["data"]}
    rows = [
        verified(tmp_path, net.source, net.made, feeds=feeds).trials[1].rows for feeds in ([one], [two], [one, two])
    ]
    for first, second, both in zip(*rows, strict=True):
        assert both.relative == max(first.relative, second.relative)


def test_a_net_for_other_inputs_is_refused(tmp_path, net) -> None:
    other = dataclasses.replace(net.made, nodes=list(net.made.nodes[:1]))
    other.nodes[0] = replace(other.nodes[0], layer=Input(shape=(1, 3, 24, 40)))
    with pytest.raises(ConversionError, match="takes data 1x3x24x40, the source data 1x3x24x32"):
        verified(tmp_path, net.source, other)


def test_progress_is_told_of_every_value(tmp_path, net) -> None:
    seen = []
    verified(tmp_path, net.source, net.made, progress=lambda *step: seen.append(step))
    count = len(net.model.net.values) - 1
    assert len(seen) == 2 * count
    assert seen[0] == ("meaning, embedded", "conv_0", 1, count)
    assert seen[-1] == ("rounding, embedded", "softmax_18", count, count)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_no_number_anywhere_on_both_sides_is_no_agreement(tmp_path, number) -> None:
    net = net_of((1, 4))
    add(net, "scale", Scale(bias_term=False), np.full(4, number))
    add(net, "shifted", Power(shift=1.0))
    found = verified(tmp_path, source_of("no numbers", net, net), net, asked=["embedded"])
    assert found.verdict == "not compared"
    assert [row.value for row in found.trials[0].blank] == ["scale", "shifted"]


def test_what_is_no_number_at_some_places_is_a_warning(tmp_path) -> None:
    net = net_of((1, 4))
    add(net, "scale", Scale(bias_term=False), np.array([1, np.nan, 2, 3]))
    found = verified(tmp_path, source_of("no number", net, net), net, asked=["embedded"])
    assert found.verdict == "agrees"
    assert [warning.text for warning in found.warnings] == [
        "1 of 4 numbers are NaN or infinite on both sides: they prove nothing"
    ]


def test_an_output_that_is_the_same_number_everywhere_says_little(tmp_path) -> None:
    net = net_of((1, 4))
    add(net, "nothing", Power(scale=0.0, shift=3.0))
    found = verified(tmp_path, source_of("a constant", net, net), net)
    assert found.verdict == "agrees"
    assert [warning.layer for warning in found.warnings] == ["nothing"]
    assert "all 4 numbers of the output nothing are the same on this input" in found.warnings[0].text


def test_nothing_compared_is_no_agreement(tmp_path, net) -> None:
    assert verified(tmp_path, net.source, net.made, meaning=False, rounding=False).verdict == "not compared"
    mute = Reference(name="mute", title="", values=lambda feeds: iter(()), tolerance=1e-6, precision="float64")
    empty = replace(net.source, references=(mute,))
    assert verified(tmp_path, empty, net.made).verdict == "not compared"
