"""A net in a notebook: a row for each layer, and names that are not obeyed."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np

from caffe_ir.layers import Convolution, Slice
from tests.caffe_ir.build import add, net_of


class Cells(HTMLParser):
    """The texts of the cells, and every tag met."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_net_is_a_table() -> None:
    net = net_of((1, 3, 4, 4))
    add(net, "<script>a", Convolution(num_output=2, kernel_size=(1, 1), bias_term=False), np.zeros((2, 3, 1, 1)))
    cells = Cells()
    cells.feed(net._repr_html_())
    assert cells.tags == {"style", "p", "div", "table", "thead", "tbody", "tr", "th", "td"}
    assert "Net tiny: 2 layers, data 1x3x4x4 -> <script>a 1x2x4x4" in cells.texts[1]
    assert cells.texts[-5:] == ["<script>a", "Convolution", "data", "1x2x4x4", "2x3x1x1"]


def test_blobs_of_other_names_have_theirs() -> None:
    net = net_of((1, 4, 2, 2))
    add(net, "cut", Slice(axis=1, slice_point=(2,)), tops=("cut", "rest"))
    cells = Cells()
    cells.feed(net._repr_html_())
    assert cells.texts[-4:] == ["cut", "Slice", "data", "1x2x2x2, rest 1x2x2x2"]
