"""Errors of the command line, of the machine, and of tocaffe itself."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

WRONG_USAGE = Kind(
    code="TC0001",
    title="The command line is not understood",
    why="A command, an option or an argument is unknown, missing, or does not go with the others. Nothing was read.",
    remedy="The message names the option. `convert COMMAND --help` lists what a command takes, with examples.",
    example="yolov3.onnx: tocaffe converts Darknet's and PyTorch's models, not .onnx files.",
)
NO_SUCH_FILE = Kind(
    code="TC0002",
    title="A file does not exist",
    why="All input files of a command are looked for before anything else is done, and every missing one is named.",
    remedy="Check the path. Where a file beside it has a similar name, the message suggests it.",
    example="there is no file yolov3.weight; did you mean yolov3.weights?",
)
NOT_INSTALLED = Kind(
    code="TC0003",
    title="An optional package is not installed",
    why="tocaffe loads PyTorch, OpenCV, h5py, Dask and MNN only for the commands that need them.",
    remedy="Install the extra that the message names, in the environment in which `convert` runs.",
    example="reading a PyTorch model needs PyTorch, which is not installed\n"
    "    -> in your clone of tocaffe: pip install '.[pytorch]'",
)
OPTION_VALUE = Kind(
    code="TC0004",
    title="An option has a value that does not fit",
    why="The value cannot be read, or it contradicts the model or another option. No value is guessed in its place.",
    remedy="The message says what the option takes; see also [commands](../commands.md).",
    example="--bgr, but the input has 1 channel",
)
OUT_OF_MEMORY = Kind(
    code="TC0005",
    title="There is not enough memory",
    why="The model, or a comparison of it, needs more memory than the machine or its limits allow.",
    remedy="Close other programs, convert fewer models at a time (`convert batch --jobs 1`), or use a larger machine.",
    example="there is not enough memory for this model",
)
OUR_FAULT = Kind(
    code="TC0070",
    title="A fault of tocaffe",
    why="A rewrite of the net broke a rule that tocaffe checks itself. Neither your model nor your command is wrong, "
    "and no file was written.",
    remedy="Please report it with the whole message, the command, and the output of `convert --version`.",
    example="This is a fault of tocaffe, not of your model or your command. Please report it with the text "
    "above, the command, and `convert --version`.",
)
