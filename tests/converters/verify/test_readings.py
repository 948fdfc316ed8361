from __future__ import annotations

from pathlib import Path

import pytest

from caffe_ir.layers import Power, ReLU
from caffe_ir.net import Net
from converters.verify import Comparison, source_of, verify
from converters.verify.readings import Reading, explained
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.engine_nets import files_of


def shifted(*shifts: float, slope: float = 0.5) -> Net:
    net = net_of((1, 4))
    for number, shift in enumerate(shifts):
        add(net, f"shift_{number}", Power(shift=shift))
    add(net, "relu", ReLU(negative_slope=slope))
    return net


def comparison(folder, source: Net, net: Net) -> Comparison:
    return verify(source_of("a net", source, source), files_of(folder, net))


def reading(net: Net) -> Reading:
    return Reading(expected=net, chosen="shift by 2", instead="1 belongs", hint="choose again")


SOURCE, OTHER, THIRD = shifted(1, 1, 1, 1), shifted(2, 2, 2, 2), shifted(3, 3, 3, 3)


def test_layers_that_one_reading_explains_are_one_fault(tmp_path) -> None:
    found = comparison(tmp_path, SOURCE, OTHER)
    assert len(found.faults) == 4
    (fault,) = explained(found, SOURCE, OTHER, [reading(THIRD), reading(OTHER)]).faults
    assert fault.text == "4 layers shift by 2, where 1 belongs: choose again"
    assert str(fault).startswith("4 layers shift by 2")
    path, _, line = fault.written.rpartition(":")
    assert 'name: "shift_0"' in Path(path).read_text().splitlines()[int(line)]


def test_what_is_at_fault_besides_stays(tmp_path) -> None:
    net = shifted(2, 2, 2, 2, slope=0.25)
    one, other = explained(comparison(tmp_path, SOURCE, net), SOURCE, net, [reading(OTHER)]).faults
    assert one.text.startswith("4 layers shift by 2")
    assert other.layer == "relu"


@pytest.mark.parametrize("net", [shifted(1, 1, 1, 1), shifted(2, 1, 1, 1), shifted(2, 2, 3, 3), shifted(4, 4, 4, 4)])
def test_what_no_reading_explains_stays_as_it_is(tmp_path, net) -> None:
    found = comparison(tmp_path, SOURCE, net)
    assert explained(found, SOURCE, net, [reading(OTHER), reading(THIRD)]) is found


def test_the_readings_are_asked_for_only_where_several_layers_are_at_fault(tmp_path) -> None:
    def readings():
        pytest.fail("nobody has to read anything")
        yield

    for net in (SOURCE, shifted(1, 1, 1, 7)):
        found = comparison(tmp_path, SOURCE, net)
        assert explained(found, SOURCE, net, readings()) is found
