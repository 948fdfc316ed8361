"""BVLC Caffe, tag 1.0 (2017-04-15): the vanilla that every promise is made for.

It has neither Clip nor Swish, which came a year later, and its Pooling has no round_mode (caffe.proto of the tag).
"""

from __future__ import annotations

from caffe_ir.targets.target import Only, Target

CAFFE = Target(
    name="caffe",
    title="BVLC Caffe 1.0",
    layers={
        "AbsVal": (),
        "ArgMax": (),
        "BNLL": (),
        "BatchNorm": (),
        "Bias": (),
        "Concat": (),
        "Convolution": (),
        "Crop": (),
        "Deconvolution": (),
        "Dropout": (),
        "DummyData": (),
        "ELU": (),
        "Eltwise": (),
        "Embed": (),
        "Exp": (),
        "Flatten": (),
        "Im2col": (),
        "InnerProduct": (),
        "Input": (),
        "LRN": (),
        "LSTM": (),
        "Log": (),
        "MVN": (),
        "PReLU": (),
        "Parameter": (),
        "Pooling": (Only(field="round_mode", values=("CEIL",)),),
        "Power": (),
        "RNN": (),
        "ReLU": (),
        "Reduction": (),
        "Reshape": (),
        "Scale": (),
        "Sigmoid": (),
        "Silence": (),
        "Slice": (),
        "Softmax": (),
        "Split": (),
        "TanH": (),
        "Threshold": (),
        "Tile": (),
    },
)
