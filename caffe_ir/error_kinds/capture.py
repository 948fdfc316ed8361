"""Errors while torch.export records what a PyTorch model computes."""

from __future__ import annotations

from caffe_ir.error_kinds.kind import Kind

MODEL_RAISES = Kind(
    code="TC0501",
    title="The model cannot run on these inputs",
    why="PyTorch itself raised an exception while the model ran on the example inputs.",
    remedy="Run `model(*inputs)` in Python with inputs of the same shapes and types; correct `--input`.",
    example="nets.py:11 return self.fc(x): torch cannot run the model on these inputs: a and b must have same "
    "reduction dim, but got [1, 3] X [4, 2]. (RuntimeError, for (1, 3) float32)\n"
    "    -> give the inputs the shapes that the model takes",
)
DATA_DEPENDENT = Kind(
    code="TC0502",
    title="What is computed depends on the numbers in a tensor",
    why="A Caffe net does the same for every input: the program branches on a value, takes a number out of a tensor, "
    "or has a result whose size depends on the numbers.",
    remedy="Decide it before the conversion, or write it as arithmetic: `torch.where`, `clamp`, a product with a mask.",
    example="nets.py:7 if x.sum() > 0: the program asks for the numbers in a tensor to decide what to compute (a "
    "Caffe net does the same for every input)\n"
    "    -> decide before the conversion, or use arithmetic instead of a branch (torch.where, clamp, a "
    "product)",
)
TRAINING_MODE = Kind(
    code="TC0503",
    title="The model is in training mode",
    why="Dropout draws random numbers and batch norm uses the statistics of its batch, so that the result for an image "
    "depends on chance and on its neighbours.",
    remedy="Call `model.eval()` before the model is exported or traced. For a functional call pass "
    "`training=self.training`.",
    example="nets.py:7 dropout: this dropout was captured in training mode (it drops different numbers at every run)\n"
    "    -> call model.eval() before torch.export.export; a functional dropout needs "
    "training=self.training",
)
KEEPS_STATE = Kind(
    code="TC0504",
    title="The model changes a buffer at each run",
    why="A Caffe net keeps nothing from one run to the next, and here the output depends on it.",
    remedy="Take the update out of `forward`, or do not read the buffer in eval mode.",
    example="each run changes the buffer count, and the output depends on it (a Caffe net keeps nothing from one "
    "run to the next)\n    -> take the update of count out of forward, or do not read it in eval mode",
)
TORCHSCRIPT = Kind(
    code="TC0505",
    title="The TorchScript program cannot be read",
    why="Scripted loops and lists have no place in an exported graph, and a hook would be lost.",
    remedy="Save the model with `torch.jit.trace` in eval mode, or better with `torch.export.save`.",
    example="torch cannot read this TorchScript program: TS2EPConverter failed for node prim::Loop (scripted "
    "loops, lists and quantized weights have no place in an exported graph; traced models have none)\n"
    "    -> save it with torch.jit.trace instead of torch.jit.script, or with torch.export.save",
)
IN_PLACE = Kind(
    code="TC0506",
    title="An in-place operation cannot be followed",
    why="What an in-place operation changes may be read under another name. PyTorch could not write the program "
    "without it.",
    remedy="Compute a new tensor: `y = x + 1` for `x += 1`, `torch.where` or `torch.cat` for `x[...] = y`.",
    example="nets.py:12 relu: relu works in place on the result of a dropout, whose input is read later (in eval "
    "mode both are one tensor)\n    -> do not work in place there",
)
UNKNOWN_CONTAINER = Kind(
    code="TC0507",
    title="An input or output is of an unknown class",
    why="torch.export sees through tensors, tuples, lists, dicts and named tuples, not through classes of your own.",
    remedy="Return tensors, tuples or dicts, or register the class with `torch.utils._pytree.register_pytree_node`.",
    example="torch.export does not know the type of an input or an output: one of class Boxes among the outputs\n"
    "    -> return tensors, tuples or dicts, or register the type: "
    "torch.utils._pytree.register_pytree_node",
)
RANDOM = Kind(
    code="TC0508",
    title="The model draws random numbers",
    why="A Caffe net computes the same from the same input.",
    remedy="Leave the noise out in eval mode, or draw it once and keep it in a buffer.",
    example="nets.py:7 randn: randn gives different numbers at every run (a Caffe net computes the same from the "
    "same input)\n    -> leave the noise out in eval mode, or draw it once and keep it in a buffer",
)
BRANCHES = Kind(
    code="TC0509",
    title="The program has branches or loops",
    why="A Caffe net has none: `torch.cond`, `while_loop` and the like run programs within the program.",
    remedy="Decide before the conversion, or write the steps out.",
    example="nets.py:7 cond: cond runs programs within the program (a Caffe net has no branches and no loops)\n"
    "    -> decide before the conversion, or write the steps out",
)
NO_OUTPUT = Kind(
    code="TC0510",
    title="The model returns no tensor that depends on its input",
    why="A net without an output computes nothing.",
    remedy="Return from `forward` what the net should compute.",
    example="the model returns no tensor (a net without an output computes nothing)\n"
    "    -> return what the net should compute from forward",
)
