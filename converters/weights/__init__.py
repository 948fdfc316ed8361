"""Weights by name in the files of PyTorch, NumPy and safetensors, read without torch and without running anything."""

from __future__ import annotations

from converters.weights.checkpoint import Checkpoint
from converters.weights.sets import only_set
from converters.weights.tensors import Nested, Tensor
from converters.weights.weights_file import open_weights

__all__ = ["Checkpoint", "Nested", "Tensor", "only_set", "open_weights"]
