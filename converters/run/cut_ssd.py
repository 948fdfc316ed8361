"""An SSD net of Caffe that ends before its DetectionOutput, as it is deployed where no engine has that layer.

Its outputs are offsets, scores of classes, and the priors of PriorBox layers, or the constants that they become for
Caffe 1.0. What the missing layer said is in no file: it is taken as SSD's authors have it in their deploy.prototxt
(github.com/weiliu89/caffe, examples/ssd).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.layers import Concat, Convolution, Parameter, PriorBox
from caffe_ir.net import Net
from converters.decode.heads import SsdHead, Suppression, ToDo
from converters.run.probabilities import probabilities

_NMS = Suppression(kind="default", threshold=0.45, score_threshold=0.01, candidates=400, most=200)
ASSUMED = (
    "the net ends before a DetectionOutput, and what that says is assumed: class 0 is the background, code_type "
    f"CENTER_SIZE, nms_threshold {_NMS.threshold}, top_k {_NMS.candidates}, keep_top_k {_NMS.most}, "
    f"confidence_threshold {_NMS.score_threshold}"
)


def cut_ssd_head(net: Net, network: tuple[int, int]) -> SsdHead | None:
    """The head that the three outputs are, for an input of this height and width; None where they are no such one."""
    if len(net.outputs) != 3:
        return None
    tables = {blob: table for blob in net.outputs if (table := _priors(net, blob)) is not None}
    if len(tables) != 1:
        return None
    ((boxes, table),) = tables.items()
    corners, variances = table.reshape(2, -1, 4).astype(np.float64)
    count = len(corners)
    rest = _offsets_and_scores(net, [blob for blob in net.outputs if blob != boxes], count)
    if rest is None or (variances != variances[0]).any():
        return None
    offsets, scores, done = rest
    low, high = np.split(corners, 2, axis=1)
    priors = np.concatenate([(low + high) / 2, high - low], axis=1).astype(np.float32)
    x, y, w, h = map(float, variances[0])
    return SsdHead(
        name=offsets, blob=offsets, scores_blob=scores, classes=prod(net.shapes[scores][1:]) // count,
        network=network, nms=_NMS, priors=tuple(map(float, priors.ravel())), variances=(x, y, w, h),
        to_do=ToDo(softmax=() if done else ("classes",)),
    )  # fmt: skip


def _priors(net: Net, blob: str) -> Array | None:
    """What PriorBox layers make, (1, 2, 4 P), from the shapes of their bottoms or as numbers of the file."""
    shape = net.shapes[blob]
    if len(shape) != 3 or shape[:2] != (1, 2) or shape[2] % 4:
        return None
    node = net.producer(blob)
    if isinstance(node.layer, PriorBox):
        return node.layer.values(tuple(net.shapes[bottom] for bottom in node.bottoms)).astype(np.float32)
    if not isinstance(node.layer, Concat):
        constant = _constant(net, blob)
        return None if constant is None else constant.reshape(shape)
    parts = [_priors(net, bottom) for bottom in node.bottoms]
    return np.concatenate([one for one in parts if one is not None], 2) if all(p is not None for p in parts) else None


def _constant(net: Net, blob: str) -> Array | None:
    """The numbers of a file that a Parameter is, or that the biases of a layer without weights are, through views."""
    node = net.producer(blob)
    while node.layer.is_view and node.bottoms:
        node = net.producer(node.bottom)
    if isinstance(node.layer, Parameter):
        return np.asarray(node.blobs[0].load(), np.float32)
    if not isinstance(node.layer, Convolution) or not node.layer.bias_term or prod(net.shapes[node.top][2:]) > 1:
        return None
    weights, biases = node.blobs
    return None if np.any(weights.load()) else np.asarray(biases.load(), np.float32)


def _offsets_and_scores(net: Net, blobs: Sequence[str], count: int) -> tuple[str, str, bool] | None:
    """The names of both, and whether the scores are probabilities; None where that cannot be seen.

    With four classes both are as large, and only probabilities are not offsets.
    """
    done = {blob: probabilities(net, blob) for blob in blobs}
    sizes = {blob: prod(net.shapes[blob][1:]) for blob in blobs}
    fitting = [
        (offsets, scores)
        for offsets, scores in (blobs, blobs[::-1])
        if sizes[offsets] == 4 * count and sizes[scores] % count == 0 and sizes[scores] >= 2 * count
    ]
    if len(fitting) > 1:
        fitting = [(offsets, scores) for offsets, scores in fitting if done[offsets] == {False} != done[scores]]
    if len(fitting) != 1:
        return None
    ((offsets, scores),) = fitting
    return (offsets, scores, done[scores] == {True}) if len(done[scores]) == 1 else None
