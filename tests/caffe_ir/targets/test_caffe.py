from __future__ import annotations

from caffe_ir.layers import LAYERS, Clip, Mish, Pooling, ReLU6, Swish
from caffe_ir.layers.source import SOURCE_LAYERS
from caffe_ir.targets import CAFFE, TARGETS

MAP = (1, 3, 8, 8)


def test_tag_1_0_lacks_what_came_a_year_later() -> None:
    """Clip, Swish and round_mode are of 2018; the tag is of April 2017."""
    assert not CAFFE.holds(Clip(min=0.0, max=6.0), (MAP,))
    assert not CAFFE.holds(Swish(), (MAP,))
    assert not CAFFE.holds(Pooling(pool="MAX", kernel_size=(2, 2), round_mode="FLOOR"), (MAP,))
    assert CAFFE.holds(Pooling(pool="MAX", kernel_size=(2, 2)), (MAP,))


def test_every_layer_is_either_held_or_left_out_on_purpose() -> None:
    assert set(LAYERS.values()) - set(CAFFE.layers) == {Clip, Mish, ReLU6, Swish}
    assert set(CAFFE.layers) <= set(LAYERS.values())


def test_no_source_layer_shares_a_name_with_a_layer_of_caffe() -> None:
    assert not {kind.type_name() for kind in SOURCE_LAYERS} & set(LAYERS)


def test_targets_are_known_by_their_names() -> None:
    assert TARGETS["caffe"] is CAFFE
