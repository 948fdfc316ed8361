from __future__ import annotations

import click
import pytest

from converters.cli.verify_opened import Asked, Pair, expected, stated
from converters.cli.verify_stated import Stated
from converters.darknet import convert
from converters.options import CaffeOptions, DarknetOptions, PyTorchOptions
from tests.converters.cli.given import TINY, darknet_model


def test_a_net_is_lowered_as_the_files_say_and_the_source_stays(tmp_path) -> None:
    net = convert(*darknet_model(tmp_path, TINY)).net
    before = net.dump()
    made = expected(net, Stated(read=DarknetOptions(), lowering=CaffeOptions(fold_bn=True, head="activated")))
    assert not any(node.layer.type_name() == "BatchNorm" for node in made.nodes)
    assert "yolo_5" in made.values
    assert net.dump() == before


@pytest.mark.parametrize(
    ("reader", "given", "said"),
    [
        (DarknetOptions, {"weights_key": "ema", "bn": "auto"}, "--weights-key: not an option for a Darknet model"),
        (PyTorchOptions, {"bn": "auto", "batch": 2}, "--bn, --batch: not an option for a PyTorch model"),
    ],
)
def test_an_option_of_another_source_is_refused(reader, given, said, tmp_path) -> None:
    pair = Pair(prototxt=tmp_path / "x", caffemodel=tmp_path / "x")
    with pytest.raises(click.UsageError, match=said):
        stated(reader, (), pair, Asked(read=given))


def test_a_copy_can_be_rewritten(tmp_path) -> None:
    net = convert(*darknet_model(tmp_path, TINY)).net
    twin = net.copy()
    twin.remove(twin.nodes[-1])
    twin.values.clear()
    assert len(net.nodes) == len(twin.nodes) + 1
    assert net.values
