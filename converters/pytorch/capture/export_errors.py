"""What torch.export raises, as a problem: the line of the user's own Python, and what to do about it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence
from torch.utils._pytree import tree_leaves

from caffe_ir.error_kinds.capture import DATA_DEPENDENT, MODEL_RAISES, UNKNOWN_CONTAINER
from caffe_ir.errors import Origin, Problem
from converters.pytorch.capture.unfit import quantized_told
from converters.pytorch.graph.names import is_the_users, seen_from_here

OPEN = ("DataDependent", "DynamicOutputShape", "UnbackedSymbol")
"""Parts of the names of the exceptions that say: the numbers in a tensor would decide."""
UNPACKED = "let forward give the padded sequences to the layer itself, and read each result at its own length"
HINTS = (
    (r"same device|device type|(?i:cuda)", "make every tensor on the device of the input: device=x.device"),
    (r"inference tensor", "make the model outside of torch.inference_mode()"),
    (r"\.numpy\(\)", "compute with torch's own functions: what numpy computes is not seen"),
    (
        r"scalar type|dtype|Input type|data type",
        "give each input the type that the model takes, as --input 1x16:int64; left out, it is that of the weights",
    ),
    (
        r"Guard failed|out of bounds|\dD|size|shape|dimension|same reduction dim|channels",
        "give the inputs the shapes that the model takes",
    ),
)
"""What helps, by what torch says; the first that fits."""


def explained(error: BaseException, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Problem:
    """The problem that an exception of torch.export stands for, for inputs of these shapes and types."""
    kind, text = type(error).__name__, str(error)
    origin = user_frame(error)
    if needs_numbers(error):
        return Problem(
            kind=DATA_DEPENDENT,
            what="the program asks for the numbers in a tensor to decide what to compute",
            why="a Caffe net does the same for every input",
            hint="decide before the conversion, or use arithmetic instead of a branch (torch.where, clamp, a product)",
            origin=origin,
        )
    if "PackedParams" in text:
        return quantized_told("the model is")
    if _packs(error):
        return Problem(
            kind=DATA_DEPENDENT,
            what="the model packs sequences (pack_padded_sequence)",
            why="how many steps a sequence takes would depend on the input's numbers; a Caffe net takes them all",
            hint=UNPACKED,
            origin=origin,
        )
    unknown = re.search(r"<class '([^']+)'> in (output|input)", text)
    if unknown or "unknown type" in text.lower():
        told = f"one of class {unknown[1].rpartition('.')[2]} among the {unknown[2]}s" if unknown else first_line(error)
        return Problem(
            kind=UNKNOWN_CONTAINER,
            what=f"torch.export does not know the type of an input or an output: {told}",
            hint="return tensors, tuples or dicts, or register the type: torch.utils._pytree.register_pytree_node",
            origin=origin,
        )
    own = _raised_by_the_user(error)
    return Problem(
        kind=MODEL_RAISES,
        what=f"torch cannot run the model on these inputs: {text.strip() or kind if own else first_line(error)}",
        why=f"{kind}, for {inputs_told(args, kwargs)}",
        hint="" if own else next((hint for pattern, hint in HINTS if re.search(pattern, text)), ""),
        origin=origin,
    )


def needs_numbers(error: BaseException) -> bool:
    """Whether the export stopped because the numbers in a tensor are not known to it."""
    kind = type(error).__name__
    return any(part in kind for part in OPEN) or "data-dependent" in str(error) or "nbacked symbol" in str(error)


def first_line(error: BaseException) -> str:
    """torch puts what happened first, and the story behind it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def user_frame(error: BaseException) -> Origin | None:
    """The innermost frame of the user's own code that an exception came through."""
    for one in _chain(error):
        for frame in reversed(traceback.extract_tb(one.__traceback__)):
            if is_the_users(frame.filename):
                what = (frame.line or frame.name).strip().rstrip(":")
                return Origin(layer=frame.name, what=what, file=seen_from_here(frame.filename), line=frame.lineno)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _raised_by_the_user(error: BaseException) -> bool:
    """Whether the user's own code raised it: then each line of the message is his."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and is_the_users(frames[-1].filename) and "raise " in (frames[-1].line or "")


def _packs(error: BaseException) -> bool:
    """Whether a packed sequence was at hand where it happened."""
    places = (place for one in _chain(error) for place in _walk(one.__traceback__))
    return any(isinstance(held, PackedSequence) for place in places for held in place.tb_frame.f_locals.values())


def _walk(place: TracebackType | None) -> Iterator[TracebackType]:
    while place is not None:
        yield place
        place = place.tb_next


def inputs_told(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """`(1, 3, 8, 8) float32, mask (1, 8) int64`."""
    named = [("", value) for value in args] + [(f"{name} ", value) for name, value in kwargs.items()]
    tensors = [(name, leaf) for name, value in named for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]
    shown = [f"{name}{tuple(leaf.shape)} {str(leaf.dtype).removeprefix('torch.')}" for name, leaf in tensors]
    return ", ".join(shown) or "no input"
