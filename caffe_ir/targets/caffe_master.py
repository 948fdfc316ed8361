"""BVLC Caffe, the last state of its master branch (9b89154, February 2020): it adds Clip, Swish and round_mode."""

from __future__ import annotations

from caffe_ir.layers import Clip, PlacedPooling, Pooling, Swish
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.stored import CAFFES
from caffe_ir.targets.target import Target

CAFFE_MASTER = Target(
    name="caffe-master",
    title="BVLC Caffe, master",
    shares_memory=True,
    source="9b89154 of February 2020: caffe.proto and trials with a build of it",
    layers={**CAFFE.layers, Clip: (), PlacedPooling: (), Pooling: (), Swish: ()},
    net=CAFFE.net,
    fields=frozenset({"clip_param", "pooling_param.round_mode", "swish_param"}),
    weights=CAFFES,
    hdf5=None,
)
