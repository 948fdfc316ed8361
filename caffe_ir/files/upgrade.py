"""The old spelling of a net (`layers`, before 2014) in the words of today (`layer`): Caffe's upgrade_proto.cpp."""

from __future__ import annotations

from itertools import zip_longest

from caffe_ir.proto import caffe_pb2

V1_TYPES: dict[str, str] = {
    "NONE": "",
    "ACCURACY": "Accuracy",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DROPOUT": "Dropout",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "POOLING": "Pooling",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "WINDOW_DATA": "WindowData",
    "ELTWISE": "Eltwise",
    "POWER": "Power",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "HINGE_LOSS": "HingeLoss",
    "MEMORY_DATA": "MemoryData",
    "ARGMAX": "ArgMax",
    "THRESHOLD": "Threshold",
    "DUMMY_DATA": "DummyData",
    "SLICE": "Slice",
    "MVN": "MVN",
    "ABSVAL": "AbsVal",
    "SILENCE": "Silence",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "EXP": "Exp",
    "DECONVOLUTION": "Deconvolution",
    "INTERP": "Interp",
}
"""GetV1LayerTypeToString (upgrade_proto.cpp): the names of the old enum and the types of today; INTERP is DeepLab's."""

_SPELLED_OTHERWISE = frozenset({"layer", "type", "blobs_lr", "weight_decay", "param", "blob_share_mode"})


def upgrade(message: caffe_pb2.NetParameter) -> None:
    """Turn the `layers` of a net into `layer`s, in their order; a net without `layers` stays as it is.

    Raises ValueError on what Caffe's own upgrade refuses, and on the oldest form (`layers { layer { } }`).
    """
    if not message.layers:
        return
    if message.layer:
        raise ValueError("the net has `layer` and `layers`, and Caffe refuses the mixture")
    if any(old.HasField("layer") for old in message.layers):
        raise ValueError("the net is written in the oldest form (`layers { layer { } }`)")
    for old in message.layers:
        _upgrade_layer(old, message.layer.add())
    del message.layers[:]


def _upgrade_layer(old: caffe_pb2.V1LayerParameter, new: caffe_pb2.LayerParameter) -> None:
    new.type = V1_TYPES[caffe_pb2.V1LayerParameter.LayerType.Name(old.type)]
    for field, value in old.ListFields():
        if field.name in _SPELLED_OTHERWISE:
            continue
        own = new.DESCRIPTOR.fields_by_name[field.name]
        if field.is_repeated:
            getattr(new, own.name).extend(value)
        elif field.message_type is not None:
            getattr(new, own.name).CopyFrom(value)
        else:
            setattr(new, own.name, value)
    specs = zip_longest(old.param, old.blob_share_mode, old.blobs_lr, old.weight_decay)
    for name, share_mode, lr_mult, decay_mult in specs:
        given = {"name": name, "share_mode": share_mode, "lr_mult": lr_mult, "decay_mult": decay_mult}
        spec = new.param.add()
        for key, value in given.items():
            if value is not None:
                setattr(spec, key, value)
