"""The SSD fork (weiliu89/caffe, branch ssd, 4817bf8 of 2017), with the layers of its detection heads."""

from __future__ import annotations

from caffe_ir.layers import DetectionOutput, Normalize, Permute, PriorBox
from caffe_ir.targets.caffe import CAFFE
from caffe_ir.targets.stored import CAFFES
from caffe_ir.targets.target import Target

SSD = Target(
    name="ssd",
    title="Caffe of the SSD fork",
    shares_memory=True,
    source="weiliu89/caffe, branch ssd, 4817bf8: caffe.proto and trials with a build of it",
    layers={**CAFFE.layers, DetectionOutput: (), Normalize: (), Permute: (), PriorBox: ()},
    net=CAFFE.net,
    weights=CAFFES,
    hdf5=None,
)
