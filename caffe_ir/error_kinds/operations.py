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
    example="nets.py:17 fft_rfft: fft_rfft is not supported",
)
UNSUPPORTED_CASE = Kind(
    code="TC0602",
    title="The operation is not supported with these arguments",
    why="Other cases of the operation have an exact form in Caffe, this one has none.",
    remedy="The message says what stands against it. Change the argument, or rewrite the line.",
    example="nets.py:17 cdist: distances of order 3",
)
ARGUMENT_NOT_READ = Kind(
    code="TC0603",
    title="An argument of the operation is not handled",
    why="The handler of this operation does not read the argument, and it is not at its default. It would be ignored "
    "without a message.",
    remedy="Leave the argument at its default, or give a handler of your own with `handlers=` or `--plugin`.",
    example="nets.py:21 conv2d: padding_mode is not understood",
)
DEPENDS_ON_INPUT = Kind(
    code="TC0604",
    title="Weights or indices depend on the net's input",
    why="A Caffe layer keeps its weights in the caffemodel and reads the same cells at every run.",
    remedy="Make them a parameter or a buffer, choose by a mask, or end the net before the operation.",
    example="nets.py:25 index: its indices depend on the net's input",
)
NOT_FLOATING = Kind(
    code="TC0605",
    title="The operation computes with integers, bits or complex numbers",
    why="Caffe computes in floating point, which rounds differently and has no bits and no complex numbers.",
    remedy="Convert to float before (`.float()`), or give real and imaginary parts as channels (`torch.view_as_real`).",
    example="nets.py:25 bitwise_and: it works on the bits of integers (Caffe computes in floating point)",
)
NOT_FINITE = Kind(
    code="TC0606",
    title="The operation chooses between finite and infinite numbers",
    why="In Caffe a choice is a product with 0 and 1, and 0 times infinity is not a number.",
    remedy="Use a large finite number in the place of infinity, for example `-1e4`.",
    example="nets.py:25 where: it chooses an infinite number (0 times infinity is not a number)",
)
EMPTY = Kind(
    code="TC0607",
    title="A tensor without numbers",
    why="Caffe has no blob of size 0.",
    remedy="Leave the empty part out.",
    example="nets.py:30 split: one of its pieces is empty (Caffe has no blob without numbers)",
)
HANDLER = Kind(
    code="TC0608",
    title="The handler of an operation failed",
    why="The function that writes this operation raised an exception, or made something of another shape than "
    "PyTorch. No file was written.",
    remedy="Where it is a handler of your plugin, the message says its line. Otherwise it is a fault of tocaffe: "
    "please report it.",
    example="nets.py:30 my_op: its handler made the shape (1, 3) where torch has (1, 4) (a fault of the handler)",
)
