"""Errors about files that are read or written, whatever is in them."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

CANNOT_READ = Kind(
    code="TC0101",
    title="A file cannot be read",
    why="The operating system refused to open or read the file: it is a pipe, its permissions forbid it, the disk "
    "fails, or it is larger than any file of its kind.",
    remedy="The reason is in brackets. Check the path, and that the user who runs `convert` may read the file.",
    example="deploy.caffemodel: cannot read deploy.caffemodel "
    "(it is a pipe or a device, and models and weights are read from files only)",
)
CANNOT_WRITE = Kind(
    code="TC0102",
    title="A file cannot be written",
    why="A file stands where the folder should be, the folder is read-only, or the disk is full. Files appear "
    "whole or not at all, so that the ones which were there before are unchanged.",
    remedy="Make room, or choose another folder with `-o`.",
    example="cannot write to out (/models/out is not a folder, but a file)\n    -> write to another place",
)
CHANGED_WHILE_READ = Kind(
    code="TC0103",
    title="A file became shorter while it was read",
    why="Weights are read when they are needed. Another program shortened or replaced the file in the meantime.",
    remedy="Start again when nothing writes to the file: a training run, a download, a synchronised folder.",
    example="yolov3.weights became shorter while it was read\n    -> start again when nothing writes to it",
)
OUTPUT_EXISTS = Kind(
    code="TC0104",
    title="An output file exists already",
    why="tocaffe replaces only files that it wrote itself and that nobody edited since.",
    remedy="Choose another name with `-o`, remove the file, or give `--force` (in Python `force=True`) to replace it.",
    example="deploy.prototxt already exists (it does not begin with tocaffe's comment)\n"
    "    -> --force (in Python force=True) replaces it; or write to another place",
)
SAME_FILE = Kind(
    code="TC0105",
    title="One file is named for two purposes",
    why="An output would replace a file that is read, or two outputs have the same name.",
    remedy="Give each output a name of its own.",
    example="deploy.prototxt is read, and cannot be written too\n    -> write to another place",
)
SEVERAL_WEIGHTS = Kind(
    code="TC0106",
    title="A net has two weights files",
    why="Beside the prototxt lie both a `.caffemodel` and a `.caffemodel.h5`, and they may hold different weights.",
    remedy="Name the one that you mean, or remove the other.",
    example="there are both deploy.caffemodel.h5 and deploy.caffemodel (they may differ)\n"
    "    -> name the one that you mean",
)
CAFFEMODEL_TOO_LARGE = Kind(
    code="TC0107",
    title="The caffemodel would be larger than Caffe can read",
    why="Caffe reads a caffemodel with protobuf, which ends at 2 GiB.",
    remedy="`--hdf5` (in Python `hdf5=True`) writes a `.caffemodel.h5`, which Caffe reads at any length.",
    example="the caffemodel would have 3,600,120,080 bytes (Caffe's reader gives up beyond 2,147,483,647)\n"
    "    -> --hdf5 (in Python hdf5=True) writes a .caffemodel.h5, which Caffe reads at any length",
)
