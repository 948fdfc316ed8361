"""Checkpoints as they come out of files: torch writes them, into memory, and our own reader reads them."""

from __future__ import annotations

import io
from typing import Any

import torch

from converters.weights import Nested
from converters.weights.checkpoint import checkpoint_of
from converters.weights.torch_files import of_pickle


def stored(checkpoint: Any) -> Nested:
    """The tensors of torch.save(checkpoint)."""
    file = io.BytesIO()
    torch.save(checkpoint, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    return checkpoint_of(of_pickle(file, len(file.getvalue()), None)).tensors
