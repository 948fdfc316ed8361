"""The exact ways to write each layer that a target may lack, by the layer's type; `legalize` chooses among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from caffe_ir.forms import (
    activation,
    affine,
    batch_norm,
    broadcast,
    by_length,
    by_softmax,
    clip,
    constant,
    conv_transpose,
    crop,
    depth_to_space,
    detection,
    dilated_pooling,
    division,
    elementwise,
    expand,
    fork_batch_norm,
    fork_resize,
    fork_shape,
    forks,
    gather,
    gelu,
    l2norm,
    linear,
    local,
    log_softmax,
    lrn,
    matmul,
    minimum,
    normalize_channels,
    pad,
    pairs,
    permute,
    placed_pooling,
    pooling,
    pyramid,
    raised,
    reduce,
    reorg,
    repeated_border,
    resample,
    shortcut,
    signed_maximum,
    softplus,
    spelled,
    spread,
    standardize,
    upsample,
    window_mean,
    windows,
)
from caffe_ir.forms.form import Form
from caffe_ir.layer import Layer

Forms = Mapping[type[Layer], tuple[Form, ...]]


def _joined(tables: Iterable[Forms]) -> Forms:
    """All forms of each type, in the order of the tables."""
    joined: dict[type[Layer], tuple[Form, ...]] = {}
    for kind, forms in (entry for table in tables for entry in table.items()):
        joined[kind] = (*joined.get(kind, ()), *forms)
    return joined


FORMS = _joined(
    (
        activation.FORMS,
        affine.FORMS,
        batch_norm.FORMS,
        broadcast.FORMS,
        by_softmax.FORMS,
        clip.FORMS,
        constant.FORMS,
        conv_transpose.FORMS,
        crop.FORMS,
        depth_to_space.FORMS,
        detection.FORMS,
        dilated_pooling.FORMS,
        division.FORMS,
        elementwise.FORMS,
        expand.FORMS,
        fork_batch_norm.FORMS,
        fork_resize.FORMS,
        fork_shape.FORMS,
        forks.FORMS,
        gather.FORMS,
        gelu.FORMS,
        l2norm.FORMS,
        linear.FORMS,
        local.FORMS,
        log_softmax.FORMS,
        lrn.FORMS,
        matmul.FORMS,
        minimum.FORMS,
        normalize_channels.FORMS,
        pad.FORMS,
        pairs.FORMS,
        permute.FORMS,
        placed_pooling.FORMS,
        pooling.FORMS,
        pyramid.FORMS,
        raised.FORMS,
        reduce.FORMS,
        reorg.FORMS,
        repeated_border.FORMS,
        resample.FORMS,
        shortcut.FORMS,
        signed_maximum.FORMS,
        softplus.FORMS,
        spelled.FORMS,
        spread.FORMS,
        standardize.FORMS,
        by_length.FORMS,
        upsample.FORMS,
        window_mean.FORMS,
        windows.FORMS,
    )
)

__all__ = ["FORMS", "Form"]
