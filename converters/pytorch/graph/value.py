"""What an operation takes and gives: a tensor that inputs lead to, a constant, or a result that Caffe cannot hold."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from msgspec import Struct

from caffe_ir.blob import Shape


class Value(Struct, frozen=True, kw_only=True):
    """A tensor that depends on the net's inputs: the blob that holds it, its shape, its type in torch."""

    blob: str
    shape: Shape
    dtype: torch.dtype = torch.float32


class Missing(Struct, frozen=True, kw_only=True):
    """A result that Caffe cannot hold, such as the indices of a maximum; reported only if somebody reads it."""

    what: str
    why: str = ""
    hint: str = ""


Operand = Value | torch.Tensor | float | int | bool
Result = Value | Missing | Sequence[Value | Missing]
