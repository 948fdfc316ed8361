"""Errors about single operations of a PyTorch program."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

UNSUPPORTED_OPERATION = Kind(
    code="TC0601",
    title="The operation is not supported",
    why="tocaffe has no exact form of it in Caffe, and PyTorch does not compose it of operations that have one. "
    "[The list of operations](../../supported/pytorch.md) has all that are supported.",
    remedy="Rewrite the line with supported operations, end the net before it, or give a handler: "
    "[an operation of your own](../../how-to/plugin.md).",
    example="nets.py:7 linalg_det: aten.linalg_det.default on (1, 3, 8, 8) is not supported\n"
    '    -> write it with other operations, or give a function for it: {"aten::linalg_det": function} as '
    "handlers=, or as HANDLERS in a --plugin FILE.py",
)
UNSUPPORTED_CASE = Kind(
    code="TC0602",
    title="The operation is not supported with these arguments",
    why="Other cases of the operation have an exact form in Caffe, this one has none.",
    remedy="The message says why. Change the argument, or rewrite the line.",
    example="nets.py:7 cdist: distances of order inf are not sums\n    -> write (x[:, None] - y[None]).abs().amax(-1)",
)
ARGUMENT_NOT_READ = Kind(
    code="TC0603",
    title="An argument of the operation is not handled",
    why="The handler of this operation does not read the argument, and it is not at its default. It would be ignored "
    "without a message.",
    remedy="Leave the argument at its default, or give a handler of your own with `handlers=` or `--plugin`.",
    example="nets.py:7 leaky_relu: negative_slope=0.2 is not understood\n"
    "    -> give a handler that reads it: handlers= in Python, --plugin FILE.py on the command line",
)
DEPENDS_ON_INPUT = Kind(
    code="TC0604",
    title="Weights or indices depend on the net's input",
    why="A Caffe layer keeps its weights in the caffemodel and reads the same cells at every run.",
    remedy="Make them a parameter or a buffer, choose by a mask, or end the net before the operation.",
    example="nets.py:7 index: its indices depend on the net's input (a Caffe net reads the same cells every time)",
)
NOT_FLOATING = Kind(
    code="TC0605",
    title="The operation computes with integers, bits or complex numbers",
    why="Caffe computes in floating point, which rounds differently and has no bits and no complex numbers.",
    remedy="Convert to float before (`.float()`), or give real and imaginary parts as channels (`torch.view_as_real`).",
    example="nets.py:7 to: it turns float32 into int32 (Caffe has no rounding and no other types)",
)
NOT_FINITE = Kind(
    code="TC0606",
    title="The operation chooses between finite and infinite numbers",
    why="In Caffe a choice is a product with 0 and 1, and 0 times infinity is not a number.",
    remedy="Use a large finite number in place of infinity, for example `-1e4`.",
    example="nets.py:7 where: it chooses an infinite number (0 times infinity is not a number)\n"
    "    -> choose a finite one, such as 1e4",
)
EMPTY = Kind(
    code="TC0607",
    title="A tensor is empty",
    why="Caffe has no blob of size 0.",
    remedy="Leave the empty part out.",
    example="nets.py:7 split_with_sizes: one of its pieces is empty (Caffe has no blob without numbers)",
)
HANDLER = Kind(
    code="TC0608",
    title="The handler of an operation failed",
    why="The function that writes this operation raised an exception, or made something of another shape than "
    "PyTorch. No file was written.",
    remedy="Where it is a handler of your plugin, the message says its line. Otherwise it is a fault of tocaffe: "
    "please report it.",
    example="nets.py:7 relu: its handler made the shape (1, 192) where torch has (1, 3, 8, 8) (a fault of the handler)",
)
