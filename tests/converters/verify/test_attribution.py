from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from converters.verify import EMBEDDED, Engine
from tests.converters.verify.planting import converted, engine, parameter, verified, weights


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


def test_an_engines_first_wrong_layer_is_run_alone(tmp_path, net) -> None:
    wrong = engine(lambda name, array: array + 1 if name == "maxpool_6" else array)
    found = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, wrong])
    (fault,) = found.trials[-1].faults
    assert fault.layer == "maxpool_6"
    assert "run alone on the right input it is off by" in fault.text


def test_an_engine_that_is_right_alone_has_only_grown_wrong(tmp_path, net) -> None:
    def blobs(files, wanted, feeds) -> Iterator[np.ndarray]:
        whole = len(files.net.nodes) > 20
        for name, array in zip(wanted, EMBEDDED.blobs(files, wanted, feeds), strict=True):
            yield np.array(array) + (1 if whole and name == "maxpool_6" else 0)

    other = Engine(name="other", missing=lambda: "", title=lambda: "", blobs=blobs)
    (fault,) = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, other]).trials[-1].faults
    assert fault.layer == "maxpool_6"
    assert "on its own: rounding that has grown" in fault.text


def test_not_a_number_in_an_engine_is_a_difference(tmp_path, net) -> None:
    wrong = engine(lambda name, array: array * np.float32(np.nan) if name == "maxpool_6" else array)
    found = verified(tmp_path, net.source, net.made, engines=[EMBEDDED, wrong], asked=["other"])
    assert found.verdict == "differs"
    assert "no number (NaN or infinity)" in found.trials[-1].faults[0].text
