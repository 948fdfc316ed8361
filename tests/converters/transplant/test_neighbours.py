from __future__ import annotations

from collections.abc import Iterable

from caffe_ir.errors import Origin
from caffe_ir.layers import ReLU
from caffe_ir.node import Node
from converters.transplant.modules import Module, ModuleKind
from converters.transplant.neighbours import known_by_neighbours
from converters.transplant.receivers import Receiver, ReceiverKind


def receiver(
    place: int, kind: ReceiverKind = "filter", behind: int | None = None, feeder: int | None = None
) -> Receiver:
    node = Node(name=f"r{place}", layer=ReLU(), origin=Origin(layer=""))
    return Receiver(kind=kind, place=place, nodes=(node,), before=frozenset(), behind=behind, feeder=feeder)


def modules(*names: str, kind: ModuleKind = "filter") -> list[Module]:
    return [Module(name=name, kind=kind, place=place, tensors={}, keys=()) for place, name in enumerate(names)]


def told(receivers: list[Receiver], given: list[Module], settled: dict, norm_of: dict) -> dict[str, str]:
    return named(known_by_neighbours(receivers, given, settled, norm_of).items())


def named(pairs: Iterable[tuple[Receiver, Module]]) -> dict[str, str]:
    return {own.name: its.name for own, its in pairs}


def test_a_norm_behind_a_settled_convolution_and_the_other_way() -> None:
    convs, norms = modules("a", "b"), modules("na", "nb", kind="batchnorm")
    first, second = receiver(0), receiver(1)
    behind = [receiver(2, "norm", behind=1), receiver(3, "norm", behind=0)]
    norm_of = dict(zip(convs, norms, strict=True))
    assert told(behind, norms, dict(zip((first, second), convs, strict=True)), norm_of) == {"r2": "nb", "r3": "na"}
    assert told([first, second], convs, dict(zip(behind, norms, strict=True)), norm_of) == {"r0": "b", "r1": "a"}


def test_the_last_pair_is_what_remains_and_two_are_not() -> None:
    convs, norms = modules("a", "b", "c"), modules("na", "nb", "nc", kind="batchnorm")
    norm_of = dict(zip(convs, norms, strict=True))
    behind = [receiver(10 + place, "norm", behind=place) for place in range(3)]
    settled = {receiver(0): convs[2], receiver(1): convs[0]}
    assert told(behind, norms, settled, norm_of) == {"r10": "nc", "r11": "na", "r12": "nb"}
    settled.popitem()
    assert told(behind, norms, settled, norm_of) == {"r10": "nc"}


def run(*, conv1_feeds: bool = True, other: str = "down.0", second_reader: bool = False) -> dict[str, str]:
    conv1, conv2, conv3, last = modules("x.conv1", "x.conv2", "x.conv3", other)
    one, two = receiver(0), receiver(1, feeder=0 if conv1_feeds else None)
    side, end = receiver(2, feeder=1 if second_reader else None), receiver(3, feeder=1)
    return told([side, end], [conv3, last], {one: conv1, two: conv2}, {})


def test_the_next_of_a_numbered_run_stands_behind_the_one_before() -> None:
    assert run() == {"r3": "x.conv3", "r2": "down.0"}


def test_a_run_says_nothing_where_it_could_be_another() -> None:
    assert run(conv1_feeds=False) == {}
    assert run(other="x.conv4") == {}
    assert run(second_reader=True) == {}


def test_neighbours_that_disagree_say_nothing() -> None:
    convs, norms = modules("a", "b"), modules("na", "nb", kind="batchnorm")
    behind = [receiver(2, "norm", behind=0), receiver(3, "norm", behind=1)]
    settled = {receiver(0): convs[0], receiver(1): convs[0]}
    assert told(behind, norms, settled, dict(zip(convs, norms, strict=True))) == {}
