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
    example="nets.py:9 sort: sort (TopK) cannot be written for BVLC Caffe 1.0",
)
TARGET_REFUSES = Kind(
    code="TC0802",
    title="The engine does not take the layer",
    why="The finished net is checked against the limits of the engine once more before a file is written.",
    remedy="`convert check NET.prototxt --target NAME` lists such layers and whether another form exists; "
    "`convert caffe` writes that form.",
    example="deploy.prototxt:12: conv1 (Convolution(num_output=8, kernel_size=[3], dilation=[2])) cannot be written",
)
UNKNOWN_HEAD = Kind(
    code="TC0803",
    title="The detection head is not known",
    why="What the last section computes belongs to no Darknet that is known here.",
    remedy="`--head raw` ends the net at the map before it, and you decode the boxes yourself.",
    example="net.cfg:60 [yolo]: what yolo_20 computes is unknown",
)
FOLDED_INPUT = Kind(
    code="TC0804",
    title="The preprocessing cannot go into the net",
    why="`--input-is` needs to know what a picture's bytes go through before they are the input, and one input of 1 or "
    "3 channels.",
    remedy="For a PyTorch model say it with `--mean`, `--std`, `--scale`, `--bgr`.",
    example="--input-is u8-rgb: it is not known what a picture goes through before it is the input",
)
