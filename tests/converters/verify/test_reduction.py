from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from caffe_ir import reference
from caffe_ir.files.writer import write, write_weights
from caffe_ir.layers import Convolution, Input
from caffe_ir.net import Net
from caffe_ir.node import Node
from caffe_ir.targets import CAFFE
from converters.caffe import convert
from converters.verify import CaffeFiles, Engine, EngineFailed, caffe_files
from converters.verify.inputs import noise
from converters.verify.reduction import MOST_RUNS, first_wrong, reduced
from converters.verify.source import inputs_of
from tests.caffe_ir.run_time_weights import RUN_TIME
from tests.converters.verify.planting import converted

Rule = Callable[[Net, Node], bool]


class Counted:
    """The embedded engine in float64, which refuses a net with a layer of one kind, or gets such layers wrong."""

    def __init__(self, rule: Rule, *, refuses: bool) -> None:
        self.rule, self.refuses, self.runs = rule, refuses, 0

    def engine(self) -> Engine:
        return Engine(name="other", missing=lambda: "", title=lambda: "another engine", blobs=self.blobs)

    def blobs(self, files: CaffeFiles, wanted: Sequence[str], feeds) -> Iterator[np.ndarray]:
        self.runs += 1
        broken = {node.name for node in files.net.nodes if self.rule(files.net, node)}
        if broken and self.refuses:
            raise EngineFailed("one layer is not supported")
        found = dict[str, np.ndarray]()
        for node, tops in reference.walk(files.net, feeds, np.float64):
            if node.name in broken:
                tops[0] = tops[0] + np.linspace(1, 3, tops[0].size).reshape(tops[0].shape) * (np.abs(tops[0]).max() + 1)
            found.update(zip(node.tops, tops, strict=True))
        yield from (found[blob] for blob in wanted)


def of_kind(planted: Node) -> Rule:
    return lambda net, node: node.layer == planted.layer and len(node.blobs) == len(planted.blobs)


def behind_another(first: Node, second: Node) -> Rule:
    """A pair of neighbours, as engines that join layers get them wrong."""

    def broken(net: Net, node: Node) -> bool:
        if node.layer != second.layer:
            return False
        return any(net.producer(bottom).layer == first.layer for bottom in node.bottoms)

    return broken


def three(first: Node, second: Node, third: Node) -> Rule:
    pair = behind_another(first, second)

    def broken(net: Net, node: Node) -> bool:
        return node.layer == third.layer and any(pair(net, net.producer(bottom)) for bottom in node.bottoms)

    return broken


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> CaffeFiles:
    folder = tmp_path_factory.mktemp("net")
    write(converted(folder).made, folder / "net", CAFFE)
    return caffe_files(folder / "net.prototxt", folder / "net.caffemodel")


def layers(net: Net) -> list[Node]:
    return [node for node in net.nodes if not isinstance(node.layer, Input)]


def rules(net: Net) -> Iterator[tuple[Rule, int]]:
    """Every layer, every pair and every chain of three of the net, and how many layers are left of each."""
    for node in layers(net):
        yield of_kind(node), 1
        for before in [net.producer(bottom) for bottom in node.bottoms]:
            if isinstance(before.layer, Input):
                continue
            yield behind_another(before, node), 2
            for first in [net.producer(bottom) for bottom in before.bottoms]:
                if not isinstance(first.layer, Input):
                    yield three(first, before, node), 3


@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize("every", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_what_an_engine_gets_wrong_is_cut_out(every: int, refuses: bool, files: CaffeFiles) -> None:
    feeds = noise(inputs_of(files.net), 0, frozenset())
    planted = list(rules(files.net))
    assert len(planted) > 100
    for rule, size in planted[::every]:
        other = Counted(rule, refuses=refuses)
        small = reduced(files, other.engine(), feeds, 1e-6)
        assert small is not None
        assert len(small.layers) <= size, small.net.dump()
        assert any(rule(small.net, node) for node in small.net.nodes)
        assert small.runs == other.runs <= MOST_RUNS
        assert small.symptom
        assert small.inputs.keys() == inputs_of(small.net).keys()


def test_the_outputs_are_what_the_whole_net_has_there(files: CaffeFiles) -> None:
    feeds = noise(inputs_of(files.net), 0, frozenset())
    planted = files.net.node("maxpool_6")
    small = reduced(files, Counted(of_kind(planted), refuses=False).engine(), feeds)
    assert small is not None
    (top,) = small.outputs.values()
    whole = {node.name: tops[0] for node, tops in reference.walk(files.net, feeds, np.float64)}
    np.testing.assert_allclose(top, whole["maxpool_6"], rtol=1e-5, atol=1e-5)


def test_a_right_engine_leaves_nothing(files: CaffeFiles) -> None:
    feeds = noise(inputs_of(files.net), 0, frozenset())
    other = Counted(lambda net, node: False, refuses=True)
    assert reduced(files, other.engine(), feeds) is None
    assert other.runs == 1
    assert not first_wrong(files, other.engine(), feeds)


def test_an_engine_that_needs_the_whole_net_to_be_wrong_is_run_to_the_limit_only(files: CaffeFiles) -> None:
    """Of a net with more than so many layers nothing small is left; what is left shows it all the same."""
    feeds = noise(inputs_of(files.net), 0, frozenset())
    most = len(files.net.nodes) - 4
    other = Counted(lambda net, node: len(net.nodes) > most, refuses=True)
    small = reduced(files, other.engine(), feeds)
    assert small is not None
    assert len(small.net.nodes) > most
    assert other.runs <= MOST_RUNS


def test_the_first_wrong_layer_of_an_engine_that_shows_outputs(files: CaffeFiles) -> None:
    feeds = noise(inputs_of(files.net), 0, frozenset())
    planted = files.net.node("maxpool_6")
    begin = first_wrong(files, Counted(of_kind(planted), refuses=False).engine(), feeds)
    assert begin[-1].name == "maxpool_6"


def test_weights_that_a_layer_outside_writes_become_weights_of_the_part(tmp_path: Path) -> None:
    """The product of two activations, as attention has it: an engine that fails at the convolution needs that alone."""
    path = tmp_path / "net.prototxt"
    path.write_text(RUN_TIME, encoding="utf-8")
    net = convert(path)
    write_weights(net, tmp_path / "net.caffemodel")
    files = caffe_files(path, tmp_path / "net.caffemodel")
    feeds = noise(inputs_of(files.net), 0, frozenset())
    other = Counted(lambda net, node: node.name == "y", refuses=True)
    small = reduced(files, other.engine(), feeds)
    assert small is not None
    (node,) = small.layers
    np.testing.assert_array_equal(node.blobs[0].load(), feeds["x"])
    (y,) = small.outputs.values()
    x, data = (feeds[name].astype(np.float64) for name in ("x", "data"))
    np.testing.assert_allclose(y, np.einsum("oc,nchw->nohw", x[:, :, 0, 0], data), rtol=1e-6)


def test_what_writes_weights_stays_where_it_is_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(RUN_TIME, encoding="utf-8")
    write_weights(convert(path), tmp_path / "net.caffemodel")
    files = caffe_files(path, tmp_path / "net.caffemodel")

    def without_numbers(net: Net, node: Node) -> bool:
        return isinstance(node.layer, Convolution) and not node.blobs

    small = reduced(files, Counted(without_numbers, refuses=True).engine(), noise(inputs_of(files.net), 0, frozenset()))
    assert small is not None
    assert [node.name for node in small.layers] == ["w", "write", "y"]


def test_a_part_is_spelled_as_the_file_is(tmp_path: Path) -> None:
    """An engine that refuses `kernel_h` where `kernel_size` would do."""
    path = tmp_path / "net.prototxt"
    path.write_text(SPELLED, encoding="utf-8")
    write_weights(convert(path), tmp_path / "net.caffemodel")
    files = caffe_files(path, tmp_path / "net.caffemodel")

    def run(files: CaffeFiles, wanted: Sequence[str], feeds) -> Iterator[np.ndarray]:
        if "kernel_h" in files.prototxt.read_text():
            raise EngineFailed("kernel_h")
        blobs = reference.run(files.net, feeds, np.float64)
        yield from (blobs[blob] for blob in wanted)

    engine = Engine(name="other", missing=lambda: "", title=lambda: "another engine", blobs=run)
    small = reduced(files, engine, noise(inputs_of(files.net), 0, frozenset()))
    assert small is not None
    assert [node.name for node in small.layers] == ["pool"]
    assert "kernel_h: 2" in small.text


SPELLED = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }
layer { name: "a" type: "TanH" bottom: "data" top: "a" }
layer {
  name: "pool" type: "Pooling" bottom: "a" top: "pool"
  pooling_param { kernel_h: 2 kernel_w: 2 stride_h: 2 stride_w: 2 }
}
layer { name: "z" type: "ReLU" bottom: "pool" top: "z" }
"""
