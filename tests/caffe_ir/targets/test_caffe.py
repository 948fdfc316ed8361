from __future__ import annotations

from pathlib import Path

from caffe_ir.layers import LAYERS, Clip, PlacedPooling, Pooling, Swish
from caffe_ir.layers.source import SOURCE_LAYERS
from caffe_ir.targets import CAFFE, TARGETS
from tests.caffe_ir.targets.hand_made import differences

MAP = (1, 3, 8, 8)


def test_tag_1_0_lacks_what_came_a_year_later() -> None:
    """Clip, Swish and round_mode are of 2018; the tag is of April 2017."""
    assert not CAFFE.holds(Clip(min=0.0, max=6.0), (MAP,))
    assert not CAFFE.holds(Swish(), (MAP,))
    assert not CAFFE.holds(Pooling(pool="MAX", kernel_size=(2, 2), round_mode="FLOOR"), (MAP,))
    assert CAFFE.holds(Pooling(pool="MAX", kernel_size=(2, 2)), (MAP,))


def test_bvlcs_layers_are_held_but_for_what_came_later_and_those_of_forks_are_not() -> None:
    forks = {kind for kind in LAYERS.values() if kind.__module__.startswith("caffe_ir.layers.forks.")}
    assert set(LAYERS.values()) - set(CAFFE.layers) == {Clip, Swish} | forks
    assert set(CAFFE.layers) <= {*LAYERS.values(), PlacedPooling}


def test_a_name_that_a_source_layer_shares_with_a_layer_of_files_is_that_layer() -> None:
    assert [kind for kind in SOURCE_LAYERS if LAYERS.get(kind.type_name(), kind) is not kind] == []


def test_targets_are_known_by_their_names() -> None:
    assert TARGETS["caffe"] is CAFFE


def test_check_says_what_caffe_did(tmp_path: Path) -> None:
    """The tag 1.0 as scripts/bvlc_caffe builds it ran each of these nets, or refused it."""
    assert differences("caffe", CAFFE, tmp_path) == {}
