"""Errors while a checkpoint is put into a prototxt of yours (`convert pytorch --prototxt`)."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

NOT_FILLED = Kind(
    code="TC0901",
    title="No module of the checkpoint fits a layer",
    why="The layer needs weights of a shape that no unused module has.",
    remedy="Compare the prototxt with the model. A map (`--map FILE.toml`) says by name what belongs together.",
    example="deploy.prototxt:30: no module fills conv5 (64 x 128 x 3 x 3)",
)
NOT_USED = Kind(
    code="TC0902",
    title="No layer takes a module of the checkpoint",
    why="Every key of the checkpoint must be used or be named as unused: a forgotten one is a wrong net.",
    remedy="Add the layer, or list the keys under `unused` in the map.",
    example="no layer takes fc (1000 x 512)",
)
SEVERAL_WAYS = Kind(
    code="TC0903",
    title="Layers and modules can be matched in several ways",
    why="Names, shapes and order leave more than one possibility, and they give different nets.",
    remedy="Copy the lines that the message suggests into a map: `--map FILE.toml`.",
    example="2 modules fit 2 layers: conv1, conv2",
)
MAP = Kind(
    code="TC0904",
    title="The map is wrong",
    why="It names a layer, a module or a key that does not exist, or puts weights where they do not fit.",
    remedy="A map has `unused = [...]` and a table `[layers]`: see "
    "[a checkpoint into a prototxt](../../how-to/checkpoint.md).",
    example="the map names a layer conv9, which takes no weights here",
)
EPSILON = Kind(
    code="TC0905",
    title="The epsilon of a batch norm is not certain",
    why="A state_dict does not say it, and the prototxt has another value than PyTorch's default.",
    remedy="`--eps NUMBER` or `--eps prototxt` says which one is right.",
    example="deploy.prototxt:18: bn1 says eps 0.001, and the module's is taken for 1e-05",
)
NO_PLACE_FOR_BIAS = Kind(
    code="TC0906",
    title="A bias has no place in the layer",
    why="The module has a bias, or a batch norm that is folded gives one, and the layer says `bias_term: false`.",
    remedy="Take `bias_term: false` out of the prototxt.",
    example="deploy.prototxt:12: conv1 has no bias, bn1 needs one",
)
NOT_REFILLABLE = Kind(
    code="TC0907",
    title="A prototxt of tocaffe cannot be filled again",
    why="Its weights were computed from the checkpoint in a way that the prototxt does not describe, or a key is "
    "missing.",
    remedy="Convert the model again.",
    example="conv1 is filled by features.0.weight, which is not there",
)
SHARED_WEIGHTS = Kind(
    code="TC0908",
    title="A layer shares only some of its weights",
    why="The checkpoint has one module for each layer.",
    remedy="Share all of a layer's weights (`param { name: ... }`), or none.",
    example="deploy.prototxt:30: conv2 shares only some of its weights with conv1 (w)",
)
DIFFERS_FROM_MODEL = Kind(
    code="TC0909",
    title="The filled net differs from the model",
    why="The module that was given for comparison computes other values than the prototxt with the same weights.",
    remedy="Look at the layer that the message names: its line in the mapping, its eps, and the layers before it.",
    example="3 of 20 values differ from nets.py:resnet, first layer1.0",
)
