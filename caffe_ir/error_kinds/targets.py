"""Errors about the engine that a net is written for."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

NO_EXACT_FORM = Kind(
    code="TC0801",
    title="A layer has no exact form for this engine",
    why="Every known way to write the layer needs something that the engine refuses or computes wrongly. The message "
    "has each way with its reason.",
    remedy="`convert targets NAME` lists the limits of an engine, `convert check` what another engine would say. "
    "Choose another `--target`, change the layer in the model, or end the net before it.",
    example="nets.py:7 argmax: argmax_place (ArgMax(axis=1)) cannot be written for ncnn (ncnn has no layer ArgMax)",
)
TARGET_REFUSES = Kind(
    code="TC0802",
    title="The engine does not take the layer",
    why="The finished net is checked against the limits of the engine once more before a file is written.",
    remedy="`convert check NET.prototxt --target NAME` lists such layers and whether another form exists; "
    "`convert caffe` writes that form.",
    example="deploy.prototxt:46 ReLU6: relu6 (ReLU6()) (BVLC Caffe 1.0 has no layer ReLU6): the file says that "
    "it is for caffe",
)
UNKNOWN_HEAD = Kind(
    code="TC0803",
    title="The detection head is not known",
    why="The last section belongs to no Darknet that tocaffe knows.",
    remedy="`--head raw` ends the net at the map before it, and you decode the boxes yourself.",
    example="net.cfg:11 [yolo]: what [yolo] computes is unknown (its 3 boxes of 7 values are of no Darknet that "
    "is known here)\n    -> the map before it can be converted: --head raw",
)
FOLDED_INPUT = Kind(
    code="TC0804",
    title="The preprocessing cannot go into the net",
    why="`--input-is` needs to know what a picture's bytes go through before they are the input, and one input of 1 or "
    "3 channels.",
    remedy="For a PyTorch model give `--mean`, `--std`, `--scale`, `--bgr`.",
    example="--input-is u8-rgb: it is not known how a picture becomes the input\n"
    "    -> for a PyTorch model give --mean, --std, --scale, --bgr; for a Caffe net put "
    "STEM.input.json beside it",
)
