"""Weights that several layers have in common: one tensor in torch, one `param { name }` in Caffe."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from msgspec.structs import replace

from caffe_ir.blob import Blob
from caffe_ir.layers.source import ConvTranspose, SourceBatchNorm
from caffe_ir.net import Net

Key = tuple[object, ...]
COMPUTED = (ConvTranspose, SourceBatchNorm)
"""Layers whose weights are written as other numbers than these."""


def share_weights(net: Net, tensors: Mapping[Blob, torch.Tensor]) -> None:
    """Name the weights where a tensor stands in more than one place; `tensors` are the blobs'.

    Each blob of such a layer has a name then, as Caffe counts them; that of the first place is the shared one.
    """
    held: dict[str, list[Key | None]] = {}
    places: dict[Key, list[str]] = {}
    for node in net.nodes:
        if isinstance(node.layer, COMPUTED):
            continue
        held[node.name] = [_identity(tensors[blob]) if blob in tensors else None for blob in node.blobs]
        for place, key in enumerate(held[node.name]):
            if key is not None:
                places.setdefault(key, []).append(f"{node.name}_{place}")
    shared: dict[Key | None, str] = {key: names[0] for key, names in places.items() if len(names) > 1}
    for node in list(net.nodes):
        keys = held.get(node.name, [])
        if any(key in shared for key in keys):
            names = (shared.get(key, f"{node.name}_{place}") for place, key in enumerate(keys))
            net.update(node, replace(node, param_names=tuple(names)))


def _identity(tensor: torch.Tensor) -> Key:
    """Equal for two tensors that are the same numbers in the same memory."""
    return (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
