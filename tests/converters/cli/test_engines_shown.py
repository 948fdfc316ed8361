from __future__ import annotations

from caffe_ir.layers import LRN, MVN, Power, ReLU, Swish
from caffe_ir.net import Net
from caffe_ir.targets import CAFFE, TARGETS
from converters.cli.engines_shown import engine_lines, engine_results
from tests.caffe_ir.build import add, net_of


def several() -> Net:
    net = net_of((1, 4, 8, 8))
    for number in range(4):
        add(net, f"lrn{number}", LRN(local_size=3, beta=0.5, k=2.0))
    return net


def line(lines: list[str], name: str) -> str:
    """The line that speaks of an engine."""
    (found,) = (one for one in lines if name in one.partition(":")[0].replace(",", "").split())
    return found


def test_every_engine_is_in_one_line() -> None:
    net = several()
    add(net, "mvn", MVN())
    add(net, "swish", Swish())
    lines = list(engine_lines(net, CAFFE))
    assert all(line(lines, name) for name in TARGETS)


def test_right_is_told_apart_by_how_it_is_known() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "relu", ReLU())
    run, source, document, unknown = engine_lines(net, CAFFE)
    assert run.startswith("right in caffe, caffe-master, ssd, opencv, mnn, ncnn, openvino, rknn2")
    assert source == "right by source code only, not run by us: tensorrt, tpu-mlir, nncase, mace, tvm"
    assert document.startswith("right by documentation only, not run by us: ascend, nnie, svp, rknn1")
    assert unknown == "unknown in acuity, ambarella, novatek: no public list of layers"


def test_wrong_and_refused_name_the_layers_and_the_reason() -> None:
    net = several()
    lines = list(engine_lines(net, CAFFE))
    assert line(lines, "opencv").startswith("WRONG in opencv")
    assert line(lines, "opencv").endswith(": lrn0, lrn1 and 2 more: k is ignored")
    assert line(lines, "opencv") == line(lines, "ncnn"), "engines of one reason share a line"
    assert line(lines, "mace") == "refused by nncase, mace, sigmastar: lrn0, lrn1 and 2 more: has no layer LRN"
    assert line(lines, "caffe").startswith("right in ")


def test_slow_is_said_too() -> None:
    net = net_of((1, 4, 8, 8))
    add(net, "half", Power(scale=0.5))
    lines = list(engine_lines(net, CAFFE))
    assert line(lines, "ncnn") == "slow in ncnn: half: a linear Power takes about ten times what a Scale does"
    assert line(lines, "mnn") == "slow in mnn: half: a linear Power takes sixty times what a Scale does"
    assert line(lines, "portable").startswith("slow in portable: half: a linear Power takes")


def test_verbose_names_every_layer_and_every_reason() -> None:
    net = several()
    add(net, "half", Power(scale=0.5))
    add(net, "swish", Swish())
    short, long = (line(list(engine_lines(net, CAFFE, verbose=shown)), "mace") for shown in (False, True))
    assert short.endswith(": swish: has no layer Swish; other reasons with -v")
    assert "half" not in short
    assert "lrn0, lrn1, lrn2, lrn3: has no layer LRN" in long
    assert "swish: has no layer Swish" in long


def test_engines_that_refuse_are_joined_by_what_most_of_them_say() -> None:
    """Swish, which most lack, though LRN is refused more often where both are."""
    net = several()
    add(net, "swish", Swish())
    lines = list(engine_lines(net, CAFFE))
    lacking = {name for name, target in TARGETS.items() if target.listed and Swish not in target.layers}
    refusing = [one for one in lines if one.startswith("refused by ")]
    (joined,) = (one for one in refusing if "swish: has no layer Swish" in one)
    named = set(joined.removeprefix("refused by ").partition(":")[0].split(", "))
    assert {"nncase", "mace"} <= named <= lacking
    assert joined.endswith("; other reasons with -v")


def test_the_same_as_data() -> None:
    found = engine_results(several(), CAFFE)
    assert set(found) == set(TARGETS)
    assert found["caffe"] == {"result": "right", "evidence": "run"}
    assert found["opencv"] == {"result": "wrong", "evidence": "run", "why": "lrn0, lrn1 and 2 more: k is ignored"}
    assert found["novatek"] == {"result": "unknown", "evidence": "document"}
    assert found["mace"]["result"] == "refused"
