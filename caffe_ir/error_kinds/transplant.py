"""Errors while a checkpoint is put into a prototxt of yours (`convert pytorch --prototxt`)."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

NOT_FILLED = Kind(
    code="TC0901",
    title="No module of the checkpoint fits a layer",
    why="The layer needs weights of a shape that no unused module has.",
    remedy="Compare the prototxt with the model. A map (`--map FILE.toml`) says by name what belongs together.",
    example="deploy.prototxt:3 Convolution: no module fills conv2 (Convolution, [4, 4, 3, 3])\n"
    "    -> --partial leaves it to its filler",
)
NOT_USED = Kind(
    code="TC0902",
    title="No layer takes a module of the checkpoint",
    why="Every key of the checkpoint must be used or be named as unused: a forgotten one is a wrong net.",
    remedy="Add the layer, or list the keys under `unused` in the map.",
    example="no layer takes fc (weight[10, 4] bias[10])\n"
    '    -> if it is left out on purpose, put unused = ["fc*"] into MAP, or give --partial',
)
SEVERAL_WAYS = Kind(
    code="TC0903",
    title="Layers and modules can be matched in several ways",
    why="Names, shapes and order leave more than one possibility, and they give different nets.",
    remedy="Copy the lines that the message suggests into a map: `--map FILE.toml`.",
    example="deploy.prototxt:2 Convolution: which module fills left, right is open (left, right do not depend on "
    "each other in one order, and no name tells them apart)\n"
    "    -> candidates: a (weight[4, 3, 3, 3] bias[4]), b (weight[4, 3, 3, 3] bias[4])\n"
    "       reading 1, in the order of both files: put into MAP under [layers]\n"
    '           "left" = "a"\n           "right" = "b"\n'
    '       reading 2, the other way round: put into MAP under [layers]\n           "left" = "b"\n'
    '           "right" = "a"',
)
MAP = Kind(
    code="TC0904",
    title="The map is wrong",
    why="It names a layer, a module or a key that does not exist, or puts weights where they do not fit.",
    remedy="A map has `unused = [...]` and a table `[layers]`: see "
    "[a checkpoint into a prototxt](../../how-to/checkpoint.md).",
    example="the map names a layer conv9, which takes no weights here\n    -> did you mean conv1?",
)
EPSILON = Kind(
    code="TC0905",
    title="The epsilon of a batch norm is not certain",
    why="A state_dict does not say it, and the prototxt has another value than PyTorch's default.",
    remedy="`--eps NUMBER` or `--eps prototxt` says which one is right.",
    example="deploy.prototxt:2 BatchNorm: bn1 has eps 0.001, and for the module 1e-05 is assumed (a state_dict "
    "does not say it)\n"
    "    -> give --eps 0.001 or --eps prototxt if the prototxt is right; else write eps: 1e-05 into it",
)
NO_PLACE_FOR_BIAS = Kind(
    code="TC0906",
    title="A bias has no place in the layer",
    why="The module has a bias, or a batch norm that is folded gives one, and the layer says `bias_term: false`.",
    remedy="Take `bias_term: false` out of the prototxt.",
    example="deploy.prototxt:2 Convolution: bn1 cannot be folded into conv1 (conv1 says bias_term: false)\n"
    "    -> take bias_term: false out",
)
NOT_REFILLABLE = Kind(
    code="TC0907",
    title="A prototxt of tocaffe cannot be filled again",
    why="Its weights were computed from the checkpoint in a way that the prototxt does not describe, or a key is "
    "missing.",
    remedy="Convert the model again.",
    example="deploy.prototxt:25 Convolution: conv1 is filled by conv1.weight, which is not there",
)
SHARED_WEIGHTS = Kind(
    code="TC0908",
    title="A layer shares only some of its weights",
    why="The checkpoint has one module for each layer.",
    remedy="Share all of a layer's weights (`param { name: ... }`), or none.",
    example="deploy.prototxt:3 Convolution: conv2 shares only some of its weights with conv1 (w)\n"
    "    -> share all of a layer's weights, or none",
)
DIFFERS_FROM_MODEL = Kind(
    code="TC0909",
    title="The filled net differs from the model",
    why="The module that was given for comparison computes other values than the prototxt with the same weights.",
    remedy="Look at the layer that the message names: its line in the mapping, its eps, and the layers before it.",
    example="1 of 2 values differ from nets.py:net, first relu1 <- output 1 (by 9.1e-01 of the largest value)\n"
    "    -> look at its line in the mapping, at its eps, and at the layers between it and the one before",
)
