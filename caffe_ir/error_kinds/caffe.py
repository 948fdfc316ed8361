"""Errors in the files of a Caffe net."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

NOT_A_CAFFEMODEL = Kind(
    code="TC0701",
    title="The caffemodel is damaged or is another file",
    why="It is not what protobuf, or HDF5, writes for a Caffe net: cut off, empty, or of another format.",
    remedy="Compare its size with the original's. A caffemodel is the binary file, not the prototxt.",
    example="deploy.caffemodel: this is not a caffemodel, or it is cut off (it is empty)\n"
    "    -> compare its size with the original's; a caffemodel is the binary file, not the prototxt",
)
PROTOTXT_SYNTAX = Kind(
    code="TC0702",
    title="The prototxt cannot be parsed",
    why="A line is not valid, or a field is not known to Caffe. Caffe refuses the whole file for it.",
    remedy="Correct the line that the message names. A very old file is upgraded with Caffe's own "
    "`upgrade_net_proto_text`. With `--target` the fields of that fork are read.",
    example="deploy.prototxt:2: LayerParameter has no field convolution_parm (Caffe refuses the whole file for "
    "it)\n    -> did you mean convolution_param?",
)
UNKNOWN_LAYER = Kind(
    code="TC0703",
    title="The layer type is not known",
    why="It is a layer of a fork, or of a program of your own. What it computes is not in the files.",
    remedy="Check the spelling. [Layers and engines](../../supported/engines.md) lists the types that are read.",
    example="deploy.prototxt:2 Convolutoin: layer type 'Convolutoin' is not known here\n"
    "    -> did you mean Convolution?",
)
LAYER_REFUSED = Kind(
    code="TC0704",
    title="Caffe would refuse the layer",
    why="Its parameters and the shapes of its bottoms do not fit: Caffe ends with a failed check there.",
    remedy="Correct the layer, or the ones before it; the message has the shapes.",
    example="deploy.prototxt:2 Convolution: conv1 (Convolution): the result would be of shape (1, 4, -2, -2)",
)
BLOB_NAMES = Kind(
    code="TC0705",
    title="Names of layers or blobs are wrong",
    why="A layer reads a blob that nothing before it writes, or a name is given twice.",
    remedy="Correct `bottom:` and `top:`, or the name, near that line.",
    example="deploy.prototxt:2 ReLU: relu1 reads conv1 (nothing before it writes it)\n"
    '    -> if the net is fed with it, that stands in front: layer { name: "conv1" type: "Input" top: "conv1" '
    "input_param { shape { dim: 1 dim: 3 dim: 224 dim: 224 } } }",
)
NO_INPUT_SIZE = Kind(
    code="TC0706",
    title="The Caffe net has no input of a known size",
    why="A net for training takes its size from a database, or `--input` does not name an input of this net.",
    remedy="Give it: `--input data=1x3x224x224`.",
    example="train.prototxt:1 Data: data has no size in the file (it has the size of its records)\n"
    "    -> give it: --input data=1x3x224x224",
)
BLOBS_DO_NOT_FIT = Kind(
    code="TC0707",
    title="The caffemodel does not fit the prototxt",
    why="A layer's weights are missing, or of other shapes than the prototxt needs.",
    remedy="Give the caffemodel that was trained with this prototxt. `convert dump` lists its arrays.",
    example="deploy.prototxt:2 Convolution: conv1 takes weights 4x3x5x5, 4; the caffemodel has 4x3x3x3, 4",
)
NO_FILLER = Kind(
    code="TC0708",
    title="A layer cannot be filled",
    why="Its filler is unknown, or the layer has none and Caffe's default is not defined.",
    remedy="Correct `weight_filler` or `bias_filler` in the prototxt.",
    example="deploy.prototxt:2 Convolution: conv1 cannot be filled: 'gausian' is not one of Caffe's fillers, which "
    "are constant, uniform, gaussian, positive_unitball, xavier, msra, bilinear",
)
HDF5_NAME = Kind(
    code="TC0709",
    title="A layer's name cannot be kept in HDF5",
    why="A slash divides groups in HDF5, and Caffe would leave the layer without weights and without a message.",
    remedy="Leave `--hdf5` out, or name the layers without slashes.",
    example="deploy.prototxt:2 Convolution: inception/1x1 cannot be the name of a layer in HDF5 (a slash divides "
    "groups in HDF5, and Caffe would leave the layer without weights and say nothing)",
)
