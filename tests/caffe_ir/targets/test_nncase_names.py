"""The chains of its own tests and of nets that people have, against the names that caffe_importer.h looks for."""

from __future__ import annotations

import pytest

from caffe_ir.layers import BatchNorm, Convolution, ReLU, Scale
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, Options
from caffe_ir.passes.in_place import IN_PLACE
from caffe_ir.targets import TARGETS
from caffe_ir.targets.nncase_names import passed_over
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import rewritten

LAYERS = {"b": BatchNorm(use_global_stats=True, eps=1e-5), "s": Scale(bias_term=True), "m": Scale(), "r": ReLU()}
WEIGHTS = {"b": ([0.0, 0.0], [1.0, 1.0], [1.0]), "s": ([1.0, 2.0], [1.0, 2.0]), "m": ([1.0, 2.0],), "r": ()}
CONVOLUTION = Convolution(num_output=2, kernel_size=(1, 1))


def chain(letters: str, in_place: bool = True) -> Net:
    """A Convolution, layers in place by their letters, small ones apart, and a Convolution."""
    net = net_of((1, 2, 3, 3))
    for place, letter in enumerate(["c", *letters, "c"]):
        if letter == "c":
            add(net, f"{letter}{place}", CONVOLUTION, [[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]], [0.0, 1.0])
        else:
            one = letter.lower()
            add(net, f"{one}{place}", LAYERS[one], *WEIGHTS[one], in_place=in_place and letter.isupper())
    return net


@pytest.mark.parametrize("letters", ["", "R", "B", "S", "M", "BS", "BSR", "BMR", "SR", "BR", "bs", "rb", "rBSR", "sr"])
def test_read_as_in_caffe(letters: str) -> None:
    assert passed_over(chain(letters)) == []


@pytest.mark.parametrize(
    ("letters", "lost"),
    [("RB", "r1 b2"), ("RS", "s2"), ("RR", "r2"), ("SB", "s1 b2"), ("Rb", "r1"), ("SM", "m2"), ("BSRB", "r3 b4")],
)
def test_passed_over(letters: str, lost: str) -> None:
    assert [node.name for node in passed_over(chain(letters))] == lost.split()


def test_the_end_of_the_net_is_no_output_in_place() -> None:
    net = net_of((1, 2, 3, 3))
    add(net, "c", CONVOLUTION, [[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]], [0.0, 1.0])
    relu = add(net, "r", ReLU(), in_place=True)
    assert passed_over(net) == [relu]


def test_a_blob_with_the_name_of_one_in_place_is_taken_for_it() -> None:
    net = chain("")
    convolution = net.nodes[-1]
    add(net, "c0/add", ReLU(), bottoms=("c0",))
    add(net, "last", ReLU(), bottoms=("c0",))
    assert passed_over(net) == [net.producer("c0")]
    assert convolution not in passed_over(net)


@pytest.mark.parametrize(("letters", "in_place"), [("rb", 0), ("rs", 1), ("rr", 1), ("sb", 0), ("bsrb", 2), ("bsr", 3)])
def test_nets_are_written_in_an_order_that_it_reads(letters: str, in_place: int) -> None:
    context = Context(target=TARGETS["nncase"], options=Options())
    net = rewritten(chain(letters, in_place=False), IN_PLACE, context=context)
    assert passed_over(net) == []
    assert sum(node.in_place for node in net.nodes) == in_place
