from __future__ import annotations

from caffe_ir.layers import ReLU, Sigmoid, TanH
from converters.verify import source_of
from converters.verify.matching import Makers, matches
from converters.verify.pair import pair_of
from converters.verify.work import Work
from tests.caffe_ir.build import add, net_of
from tests.converters.verify.engine_nets import files_of


def work(folder, expected, net) -> Work:
    return Work(
        source=source_of("a net", expected, expected),
        files=(files := files_of(folder, net)),
        pair=pair_of(files),
        matched=matches(expected, net),
        differences={},
        makers=Makers(files.net),
        due=Makers(expected),
        known=frozenset((*matches(expected, net).held, "data")),
        feeds=[],
        progress=lambda *step: None,
    )


def test_the_layers_of_a_value_begin_at_values_that_are_known(tmp_path) -> None:
    expected, net = net_of((1, 2)), net_of((1, 2))
    for one in (expected, net):
        add(one, "first", Sigmoid())
        add(one, "second", TanH(), in_place=True)
    del expected.values["first"]
    add(net, "third", ReLU(), in_place=True)
    both = work(tmp_path, expected, net)
    assert [node.name for node in both.theirs("second")] == ["first", "second"]
    assert [node.name for node in both.ours("second")] == ["first", "second"]
    assert not both.behind("second")
    assert both.behind("third")
    assert [node.name for node in both.ours("third")] == ["third"]
    assert both.place("second") == "tiny.cfg:2"
