from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.errors import Origin
from caffe_ir.files.writer import write
from caffe_ir.layers import Bias, ReLU, Silence
from caffe_ir.node import Node
from caffe_ir.targets import CAFFE
from converters.verify import caffe_files, verify
from tests.converters.verify.planting import converted, dropped, parameter, verified, weights


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    return converted(tmp_path_factory.mktemp("net"))


def test_two_faults_are_both_named_in_the_order_of_the_net(tmp_path, net) -> None:
    spoilt = dataclasses.replace(net.made, nodes=list(net.made.nodes))
    weights("connected_17", 1, lambda bias: bias + 1)(spoilt)
    parameter("maxpool_6", pool="AVE")(spoilt)
    found = verified(tmp_path, net.source, spoilt)
    assert [fault.layer for fault in found.faults] == ["maxpool_6", "connected_17"]
    assert [row.value for row in found.trials[0].wrong] == ["maxpool_6", "connected_17"]


def test_both_places_are_named(tmp_path, net) -> None:
    spoilt = dataclasses.replace(net.made, nodes=list(net.made.nodes))
    parameter("maxpool_6", pool="AVE")(spoilt)
    fault = verified(tmp_path, net.source, spoilt).faults[0]
    text = (tmp_path / "pair.prototxt").read_text().splitlines()
    assert text[int(fault.written.rpartition(":")[2])].strip() == 'name: "maxpool_6"'
    assert fault.source.endswith("[maxpool]")
    assert "pool is AVE where MAX belongs" in str(fault)


def test_what_the_converter_itself_gets_wrong_is_told_as_such(tmp_path, net) -> None:
    spoilt = dataclasses.replace(net.made, nodes=list(net.made.nodes))
    parameter("maxpool_6", pool="AVE")(spoilt)
    source = replace(net.source, expected=spoilt)
    fault = verified(tmp_path, source, spoilt).faults[0]
    assert (fault.layer, fault.kind) == ("maxpool_6", "meaning")
    assert "a fault of the converter" in fault.text
    assert "WindowPool" in fault.text


NUMBERS = {
    "one weight that is 1e-5 off": (
        "conv_11",
        weights("conv_11", 0, lambda w: w + 1e-5 * (np.arange(w.size) == 77).reshape(w.shape)),
        "weights 0 (12x48x3x3) differ in 1 of 5184 numbers, by up to 1e-05",
    ),
    "a mean that is a thousandth off": (
        "conv_0_bn",
        weights("conv_0_bn", 0, lambda m: m * np.where(np.arange(m.size) == 2, 1.001, 1)),
        "weights 0 (8) differ in 1 of 8 numbers, by up to",
    ),
    "an eps that no input shows": ("conv_2_bn", parameter("conv_2_bn", eps=1e-6), "eps is 1e-06 where 1e-12 belongs"),
    "a slope in its last digits": (
        "shortcut_8_leaky",
        parameter("shortcut_8_leaky", negative_slope=0.1000001),
        "negative_slope is 0.1000001 where 0.1 belongs",
    ),
}


@pytest.mark.parametrize("what", NUMBERS)
def test_a_number_that_is_not_the_sources_is_a_fault_also_where_no_value_shows_it(what, tmp_path, net) -> None:
    layer, plant, said = NUMBERS[what]
    spoilt = net.made.copy()
    plant(spoilt)
    found = verified(tmp_path, net.source, spoilt)
    assert found.verdict == "differs"
    assert [fault.layer for fault in found.faults] == [layer]
    assert found.faults[0].text.startswith(said), found.faults[0].text


def test_layers_that_somebody_merged_by_hand_are_a_warning_where_they_compute_the_same(tmp_path, net) -> None:
    """A Scale taken into the BatchNorm's neighbour: other numbers than the converter's, and the same values."""
    merged = net.made.copy()
    gamma, beta = (np.array(blob.load(), np.float64) for blob in merged.node("conv_0_scale").blobs)
    mean, variance, factor = (np.array(blob.load(), np.float64) for blob in merged.node("conv_0_bn").blobs)
    gain = gamma / np.sqrt(variance / factor + 1e-12)
    weights("conv_0", 0, lambda w: w * gain[:, None, None, None])(merged)
    node = merged.node("conv_0_bn")
    shift = replace(node, layer=Bias(), blobs=(Blob.of(np.float32(beta - mean / factor * gain)),))
    merged.nodes = [shift if each is node else each for each in merged.nodes]
    dropped("conv_0_scale")(merged)
    found = verified(tmp_path, net.source, merged)
    assert found.trials[0].wrong == ()
    assert found.verdict == "agrees", found.faults
    assert {warning.layer for warning in found.warnings} == {"conv_0", "conv_0_bn", "conv_0_scale", "conv_0_leaky"}
    assert all(warning.text.endswith("the values are the same") for warning in found.warnings)


def test_a_limit_that_noise_does_not_reach_is_reached_by_larger_inputs(tmp_path, net) -> None:
    write(net.made, tmp_path / "pair", CAFFE)
    path, clip = tmp_path / "pair.prototxt", "clip_param { min: -50 max: 50 }"
    limit = f'layer {{ name: "surplus" type: "Clip" bottom: "conv_0" top: "conv_0" {clip} }}\n'
    pool = 'layer {\n  name: "maxpool_1"'
    path.write_text(path.read_text().replace(pool, limit + pool))
    found = verify(net.source, caffe_files(path, tmp_path / "pair.caffemodel"))
    assert found.verdict == "differs"
    assert found.faults[0].layer == "surplus"


def test_a_layer_on_which_nothing_depends_is_a_warning(tmp_path, net) -> None:
    longer = net.made.copy()
    longer.append(
        Node(
            name="loose", layer=ReLU(), bottoms=(net.made.nodes[0].top,), tops=("loose",), origin=Origin(layer="loose")
        )
    )
    longer.append(Node(name="hush", layer=Silence(), bottoms=("loose",), origin=Origin(layer="hush")))
    found = verified(tmp_path, net.source, longer)
    assert found.verdict == "agrees"
    assert [warning.layer for warning in found.warnings] == ["loose", "hush"]
