"""In-place calls on views, and buffers that a run changes."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from caffe_ir.errors import ConversionError
from converters.pytorch import convert
from converters.pytorch.capture.aliases import needs_functional
from tests.converters.pytorch.judge import Calls, converted, images, layers


def graph_of(function):
    return torch.export.export(Calls(function), (images(1, 4, 2, 2),), strict=False).graph


def after_its_view(x):
    y = x.relu()
    left = y[:, :2]
    y.mul_(2)
    return left


def of_a_view(x):
    y = x.relu()
    y[:, :2].mul_(2)
    return y


def through_dropout(x):
    y = x.relu()
    z = nn.functional.dropout(y, training=False)
    z.mul_(2)
    return y


def in_a_row(x):
    y = x.relu().mul_(2)
    y += 1
    return y.view(1, -1).relu_()


def before_its_view(x):
    y = x.relu()
    y.mul_(2)
    return y[:, :2]


@pytest.mark.parametrize(
    ("function", "wanted"),
    [(after_its_view, True), (of_a_view, True), (in_a_row, False), (before_its_view, False)],
)
def test_whether_an_in_place_call_is_seen_under_another_name(function, wanted):
    assert needs_functional(graph_of(function)) is wanted


def test_in_place_calls_mean_what_torch_computes():
    converted(Calls(in_a_row), images(1, 4, 2, 2), lowered=False)


def test_what_torchs_schemas_hide_is_refused():
    """torch's own functional form of this program gives other numbers than the module."""
    with pytest.raises(ConversionError, match="works in place on the result of a dropout"):
        convert(Calls(through_dropout), (images(1, 4, 2, 2),))


def test_a_buffer_that_each_run_changes_is_refused_when_it_counts():
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.ones(1))
            self.count: torch.Tensor

        def forward(self, x):
            self.count += 1
            return x * self.count

    module = Counter()
    with pytest.raises(ConversionError, match="each run changes the buffer count"):
        convert(module, (images(1, 2),))
    assert module.count.item() == 1


def test_a_buffer_that_nothing_depends_on_may_change():
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.ones(1))
            self.count: torch.Tensor

        def forward(self, x):
            self.count += 1
            return x.relu()

    assert layers(convert(Counter(), (images(1, 2),))) == ["ReLU"]


def in_place_layers(count: int) -> torch.fx.Graph:
    graph = torch.fx.Graph()
    value = graph.call_function(torch.ops.aten.relu.default, (graph.placeholder("x"),))
    for _ in range(count):
        value = graph.call_function(torch.ops.aten.relu_.default, (value,))
    graph.output(value)
    return graph


def test_many_layers_in_one_memory_are_seen_in_the_time_of_each() -> None:
    def seconds(graph: torch.fx.Graph) -> float:
        begin = time.process_time()
        assert not needs_functional(graph)
        return time.process_time() - begin

    few, many = in_place_layers(500), in_place_layers(4000)
    assert min(seconds(many) for _ in range(3)) < 24 * min(seconds(few) for _ in range(5))  # 64 if each looks at all
