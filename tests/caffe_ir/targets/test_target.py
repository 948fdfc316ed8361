from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.layer import Layer
from caffe_ir.layers import (
    Eltwise,
    HalfPixelInterp,
    Input,
    Interp,
    Mish,
    Pooling,
    Power,
    ReLU,
    Slice,
    StrideUpsample,
    Upsample,
)
from caffe_ir.targets.limits import AtMost, Limit, Names, NetLimit, Never, Only, Pair, Spelling
from caffe_ir.targets.target import Target, Verdict
from tests.caffe_ir.build import add, net_of

MAP = (1, 3, 40, 40)
CLIPPED = Never(
    text="no window may be clipped",
    where=lambda layer, bottoms: layer.pool == "AVE" and bottoms[0][2] % layer.stride[0] != 0,
    silent=True,
    source="pool_ave_k3s2p1_ceil",
)
CHIP = Target(
    name="chip",
    title="a chip",
    layers={
        Pooling: (AtMost(field="kernel_size", most=32), Only(field="stride", values=((1, 1), (3, 3))), CLIPPED),
        Power: (AtMost(field="power", most=2.0, source="the manual, 3.4"),),
        Mish: (),
    },
)


def test_within_its_limits_a_layer_is_held() -> None:
    assert CHIP.holds(Pooling(pool="MAX", kernel_size=(32, 3)), (MAP,))
    assert CHIP.holds(Power(power=2.0), (MAP,))


def test_a_target_may_hold_what_no_caffe_holds() -> None:
    assert CHIP.verdict(Mish(), (MAP,)) is None


def test_what_a_target_refuses_is_told_with_every_limit_that_is_passed() -> None:
    assert CHIP.verdict(ReLU(), (MAP,)) == Verdict(why="a chip has no layer ReLU")
    strides = StrideUpsample(stride_h=2, stride_w=2)
    one_spelling = Target(name="one", title="a chip", layers={Upsample: ()})
    assert one_spelling.verdict(strides, (MAP,)) == Verdict(why="a chip has no layer Upsample { stride }")
    verdict = CHIP.verdict(Pooling(pool="AVE", kernel_size=(33, 3), stride=(2, 2)), (MAP,))
    assert verdict is not None
    assert "(33, 3), and 32 is the most" in verdict.why
    assert "stride is (2, 2)" in verdict.why
    power = CHIP.verdict(Power(power=3.0), (MAP,))
    assert power == Verdict(why="power is 3.0, and 2.0 is the most", source="the manual, 3.4")


def test_shapes_decide_and_what_is_read_wrongly_is_told_from_what_is_refused() -> None:
    mean = Pooling(pool="AVE", kernel_size=(3, 3), stride=(3, 3))
    assert CHIP.verdict(mean, ((1, 3, 39, 39),)) is None
    wrong = CHIP.verdict(mean, (MAP,))
    assert wrong == Verdict(why="no window may be clipped", effect="wrong", source="pool_ave_k3s2p1_ceil")
    refused = CHIP.verdict(Pooling(pool="AVE", kernel_size=(33, 33), stride=(3, 3)), (MAP,))
    assert refused is not None
    assert not refused.silent


def test_a_slow_layer_is_not_held_and_no_fault() -> None:
    slow = Never(text="takes ten times what a Scale does", where=lambda layer, bottoms: layer.power == 1, slow=True)
    target = Target(name="slow", title="slow", layers={Power: (slow, AtMost(field="scale", most=4.0))})
    verdict = target.verdict(Power(scale=2.0), (MAP,))
    assert verdict == Verdict(why="takes ten times what a Scale does", effect="slow")
    assert not verdict.is_fault
    refused = target.verdict(Power(scale=5.0), (MAP,))
    assert refused is not None
    assert refused.effect == "refused"


def test_a_limit_is_known_as_its_target_is_unless_it_says_otherwise() -> None:
    limits = (Only(field="power", values=(2.0,)), AtMost(field="scale", most=4.0, evidence="run"))
    target = Target(name="t", title="t", layers={Power: limits}, evidence="document", source="the guide")
    verdicts = [target.verdict(layer, (MAP,)) for layer in (Power(power=3.0), Power(power=2.0, scale=5.0), ReLU())]
    assert [verdict.evidence for verdict in verdicts if verdict] == ["document", "run", "document"]
    assert [limit.title for limit in limits] == ["power other than 2.0", "scale above 4.0"]


def test_the_verdicts_of_a_net_come_with_their_nodes() -> None:
    net = net_of(MAP)
    add(net, "a", Power(power=2.0))
    add(net, "b", ReLU())
    add(net, "c", Power(power=3.0))
    found = [(node.name, verdict.why) for node, verdict in CHIP.verdicts(net)]
    assert found == [
        ("data", "a chip has no layer Input"),
        ("b", "a chip has no layer ReLU"),
        ("c", "power is 3.0, and 2.0 is the most"),
    ]


def test_neighbours_names_whole_nets_and_layers_in_place() -> None:
    net = net_of(MAP)
    add(net, "a", Power(power=2.0))
    add(net, "b", Power(scale=3.0))
    add(net, "c d", ReLU())
    add(net, "e", ReLU(), in_place=True)
    target = Target(
        name="t",
        title="t",
        layers={Input: (), Power: (), ReLU: ()},
        pairs=(Pair(first=Power, second=Power, text="one behind another", silent=True),),
        net=(NetLimit(text="four layers", where=lambda net: net.nodes[4:]),),
        names=Names(blanks=False),
        in_place=(Power,),
    )
    assert [(node.name, verdict.effect, verdict.why) for node, verdict in target.verdicts(net)] == [
        ("b", "wrong", "one behind another"),
        ("c d", "refused", "names with blanks"),
        ("e", "refused", "ReLU in place is not read as it is in Caffe"),
        ("e", "refused", "four layers"),
    ]


def test_a_layer_that_is_not_read_is_refused_once() -> None:
    """Of a lacking type, in place, and behind another in place: what the last two say of it is said by the first."""
    net = net_of(MAP)
    add(net, "a", ReLU(), in_place=True)
    add(net, "b", Mish(), in_place=True)
    add(net, "c", Power(power=2.0), in_place=True)
    target = Target(
        name="t",
        title="t",
        layers={Input: (), Power: (), ReLU: ()},
        net=(NetLimit(text="passed over", where=lambda net: net.nodes[1:], silent=True),),
        in_place=(ReLU,),
    )
    assert [(node.name, verdict.effect, verdict.why) for node, verdict in target.verdicts(net)] == [
        ("b", "refused", "t has no layer Mish"),
        ("c", "refused", "Power in place is not read as it is in Caffe"),
        ("a", "wrong", "passed over"),
    ]


def test_what_a_view_keeps_apart() -> None:
    net = net_of((1, 2, 3, 4))
    add(net, "a", Power(power=2.0))
    add(net, "b", Power(scale=2.0))
    add(net, "c", ReLU())
    pair = Pair(first=Power, second=Power, text="one behind another", apart=True)
    limit = NetLimit(text="a ReLU", where=lambda net: [node for node in net.nodes if node.name == "c"], apart=True)
    layers: dict[type[Layer], tuple[Limit, ...]] = {Input: (), Power: (), ReLU: ()}
    target = Target(name="t", title="t", layers=layers, pairs=(pair,), net=(limit,))
    assert target.joined(net) == {"b": {0}, "c": {0}}
    assert target.mistaken(net) == frozenset()
    without = replace(target, net=(replace(limit, apart=False),))
    assert without.joined(net) == {"b": {0}}
    assert without.mistaken(net) == {"c"}


def test_which_bottoms_want_a_view() -> None:
    net = net_of((1, 2, 3, 4))
    add(net, "a", Eltwise(operation="SUM"), bottoms=("data", "data"))
    limit = NetLimit(
        text="a sum", where=lambda net: [net.node("a")], apart=True, places=lambda net, node: (len(node.bottoms) - 1,)
    )
    assert Target(name="t", title="t", layers={}, net=(limit,)).joined(net) == {"a": {1}}


def test_names_of_layers_may_count_alone() -> None:
    net = net_of(MAP)
    add(net, "parts", Slice(slice_point=(1,)), tops=("a.b", "b"))
    add(net, "c.d", Slice(slice_point=(1,)), bottoms=["data"], tops=("c", "d"))
    target = Target(name="t", title="t", layers={Input: (), Slice: ()}, names=Names(plain=True, layers_only=True))
    assert [node.name for node, _ in target.verdicts(net)] == ["c.d"]


def test_a_limit_may_not_hold_in_every_net() -> None:
    limit = Only(field="power", values=(1.0,), unless=lambda net, node: net.is_output(node.top))
    target = Target(name="t", title="t", layers={Input: (), Power: (limit,)})
    net = net_of(MAP)
    add(net, "a", Power(power=2.0))
    assert list(target.verdicts(net)) == []
    assert not target.holds(Power(power=2.0), (MAP,))
    add(net, "b", Power())
    assert [node.name for node, _ in target.verdicts(net)] == ["a"]


def test_a_spelling_is_looked_at_by_its_fields() -> None:
    spelling = Spelling(type_name="Pooling", text="a stride", where=lambda fields: "stride" in fields)
    target = Target(name="t", title="t", layers={}, spellings=(spelling,))
    assert [verdict.why for verdict in target.misspelled("Pooling", {"stride": 1})] == ["a stride"]
    assert not list(target.misspelled("Pooling", {}))
    assert not list(target.misspelled("Convolution", {"stride": 1}))


def test_a_type_that_it_takes_for_another_layer_is_wrong_and_not_refused() -> None:
    corners = Target(name="corners", title="a chip", layers={Interp: ()})
    edges = Target(name="edges", title="a chip", layers={Interp: (), HalfPixelInterp: ()})
    layer = HalfPixelInterp(height=80, width=80)
    verdict = Verdict(why="a chip takes Interp for another layer", effect="wrong")
    assert corners.verdict(layer, (MAP,)) == verdict
    assert edges.verdict(layer, (MAP,)) is None
    assert CHIP.verdict(layer, (MAP,)) == Verdict(why="a chip has no layer Interp")
    assert (corners.meaning("Interp"), edges.meaning("Interp")) == (None, HalfPixelInterp)


def test_a_type_that_it_does_not_have_may_be_left_out_without_a_message() -> None:
    target = Target(name="t", title="t", layers={Input: ()}, leaves_out=lambda net, node: net.is_output(node.top))
    net = net_of(MAP)
    add(net, "a", Power(power=2.0))
    add(net, "b", ReLU())
    assert [(node.name, verdict.effect, verdict.why) for node, verdict in target.verdicts(net)] == [
        ("a", "refused", "t has no layer Power"),
        ("b", "wrong", "t has no layer ReLU, and leaves it out without a message"),
    ]
    assert target.verdict(ReLU(), (MAP,)) == Verdict(why="t has no layer ReLU")
