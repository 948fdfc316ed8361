"""Hand-made nets with layers that write into their bottom: what readers do with each."""

from __future__ import annotations

_FIRST = "c = Convolution data | num_output: 4 kernel_size: 1\nd = Sigmoid data\nq : c = "
_LAST = "\ny = TanH c\nz = TanH d"
WRITTEN = {
    "absval": "AbsVal c",
    "concat": "Concat c d",
    "conv_k3": "Convolution c | num_output: 4 kernel_size: 3 pad: 1",
    "conv_k3s2": "Convolution c | num_output: 4 kernel_size: 3 stride: 2",
    "deconv": "Deconvolution c | num_output: 4 kernel_size: 2 stride: 2",
    "flatten": "Flatten c",
    "lrn": "LRN c | local_size: 3 alpha: 0.5",
    "lrn_within": "LRN c | local_size: 3 alpha: 0.5 norm_region: WITHIN_CHANNEL",
    "maximum": "Eltwise c d | operation: MAX",
    "mvn": "MVN c | across_channels: true",
    "pool": "Pooling c | kernel_size: 3 pad: 1",
    "pool_k2s2": "Pooling c | kernel_size: 2 stride: 2",
    "product": "Eltwise c d | operation: PROD",
    "reshape": "Reshape c | shape { dim: 0 dim: -1 }",
    "sum": "Eltwise c d",
}
DID = {
    "caffe": "- WRONG ok WRONG WRONG - WRONG ok WRONG ok WRONG WRONG ok - WRONG",
    "caffe2onnx": "- - ok ok ok ok ok WRONG - - ok ok - ok -",
    "mnn": "ok WRONG ok ok ok ok ok ok WRONG WRONG ok ok WRONG ok WRONG",
    "ncnn": "ok - ok ok ok ok ok ok - ok ok ok - ok -",
    "opencv": "ok ok - - ok ok ok ok ok ok ok ok ok ok ok",
    "rknn2": "WRONG - ok ok ok ok ok WRONG - WRONG ok ok - ok -",
}
"""In the words of the table, in the order of the layers."""


def in_place(reader: str) -> dict[str, tuple[str, str]]:
    """By name: what a reader does, and the net."""
    measured = dict(zip(WRITTEN, DID[reader].split(), strict=True))
    return {f"in_place_{name}": (measured[name], f"{_FIRST}{layer}{_LAST}") for name, layer in WRITTEN.items()}


_VIEW = "t = TanH data\ns = Sigmoid data\nr = Reshape t | shape { dim: 0 dim: 4 dim: 8 dim: 8 }\nq : r = "
VIEWS = {
    "in_place_view_and_its_memory": ("ok", f"{_VIEW}Eltwise r t | operation: PROD"),
    "in_place_view_and_its_memory_twice": ("WRONG", f"{_VIEW}Eltwise r t t | operation: PROD"),
    "in_place_view_and_its_memory_second": ("ok", f"{_VIEW}Eltwise r t s | operation: PROD"),
    "in_place_view_and_its_memory_third": ("WRONG", f"{_VIEW}Eltwise r s t | operation: PROD"),
}
"""Products with what lies in the same memory, in BVLC Caffe."""
