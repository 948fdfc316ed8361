"""What is matched and why, on nets that differ in one thing each; test_transplant.py judges whole nets by values."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.converters.transplant.matches import chain, matched, pairs, same
from tests.converters.transplant.nets import conv, layer


def test_the_only_one_of_a_shape(tmp_path: Path) -> None:
    found = matched(
        tmp_path, conv("a", "data", 6, 1) + conv("b", "a", 4, 1), x=nn.Conv2d(6, 4, 1), y=nn.Conv2d(4, 6, 1)
    )
    assert pairs(found) == {"a": "y", "b": "x"}
    assert set(found.why.values()) == {"the only one of its shape"}


def test_names_go_before_order(tmp_path: Path) -> None:
    found = matched(tmp_path, chain("u_z", "u_x", "u_y"), u=nn.ModuleDict(same("x", "y", "z")), w=nn.Conv2d(4, 9, 1))
    assert pairs(found) == {"u_z": "u.z", "u_x": "u.x", "u_y": "u.y"}
    assert set(found.why.values()) == {"the same name"}


def test_words_against_the_order_leave_it_open(tmp_path: Path) -> None:
    found = matched(
        tmp_path, chain("conv_left", "conv_right"), right=nn.Sequential(nn.Conv2d(4, 4, 1)), left=nn.Conv2d(4, 4, 1)
    )
    assert pairs(found) == {}
    (doubt,) = found.open
    assert doubt.why == "the names of conv_left and conv_right speak for the other order"
    readings = [{own.name: its.name for own, its in reading.items()} for _, reading in doubt.readings]
    assert readings == [{"conv_left": "right.0", "conv_right": "left"}, {"conv_left": "left", "conv_right": "right.0"}]


def test_numbers_that_differ_leave_it_open(tmp_path: Path) -> None:
    found = matched(tmp_path, chain("a", "b"), **same("x", "y", "z"))
    assert pairs(found) == {}
    assert found.open[0].why == "2 layers take such weights, and 3 modules have them"
    assert [module.name for module in found.open[0].modules] == ["x", "y", "z"]


def test_names_settle_numbers_that_differ(tmp_path: Path) -> None:
    assert pairs(matched(tmp_path, chain("z", "y"), **same("x", "y", "z"))) == {"z": "z", "y": "y"}


def test_a_convolution_and_its_transpose_are_told_by_their_outputs(tmp_path: Path) -> None:
    up = layer("Deconvolution", "up", "data", "convolution_param { num_output: 8 kernel_size: 1 }")
    text = up + conv("down", "data", 8, 1).replace("kernel_size: 1", "kernel_size: 1 group: 1")
    parts: dict[str, nn.Module] = {"a": nn.Conv2d(8, 4, 1), "b": nn.ConvTranspose2d(4, 8, 1)}
    text = up + conv("back", "up", 4, 1)
    assert pairs(matched(tmp_path, text, **parts)) == {"up": "b", "back": "a"}


@pytest.mark.parametrize("bias", [True, False])
def test_norms_are_folded_where_no_layer_takes_them(tmp_path: Path, bias: bool) -> None:
    parts = {"conv": nn.Conv2d(4, 4, 1, bias=False), "norm": nn.BatchNorm2d(4)}
    found = matched(tmp_path, conv("a", "data", 4, 1, bias=bias), **parts)
    folded = {own.name: its.name for own, its in found.folded.items()}
    assert folded == ({"a": "norm"} if bias else {})
