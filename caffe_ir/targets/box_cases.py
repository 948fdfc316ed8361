"""What readers of Caffe files get wrong of an SSD head: questions of `Never` and `Spelling` about its two layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caffe_ir.layer import Shapes
from caffe_ir.layers import DetectionOutput, PriorBox
from caffe_ir.layers.forks.detection import distinct_ratios
from caffe_ir.targets.cases import always
from caffe_ir.targets.limits import Never

CORNERS = 4


def size_of_the_picture(layer: PriorBox, bottoms: Shapes) -> bool:
    """`img_size`, `img_h` or `img_w` is set."""
    return any((layer.img_size, layer.img_h, layer.img_w))


def step_of_each_axis(layer: PriorBox, bottoms: Shapes) -> bool:
    """It has step_h or step_w, where step is for both."""
    return any((layer.step_h, layer.step_w))


def step_with_a_fraction(layer: PriorBox, bottoms: Shapes) -> bool:
    """A step is not a whole number of pixels."""
    return any(step % 1 for step in (layer.step, layer.step_h, layer.step_w))


def moved_without_a_step(layer: PriorBox, bottoms: Shapes) -> bool:
    """Boxes that are not in the middle of their cells, whose size is left to the shapes."""
    return layer.offset != 0.5 and not any((layer.step, layer.step_h, layer.step_w))


def without_a_ratio(layer: PriorBox, bottoms: Shapes) -> bool:
    """It lists no aspect_ratio; that of 1 is always there."""
    return not layer.aspect_ratio


def of_another_code(layer: DetectionOutput, bottoms: Shapes) -> bool:
    """Places that are not differences of centers and logarithms of sizes, in parts of the variances."""
    return layer.code_type != "CENTER_SIZE" or layer.variance_encoded_in_target


def of_each_class(layer: DetectionOutput, bottoms: Shapes) -> bool:
    """Each class has boxes of its own (share_location: false)."""
    return not layer.share_location


def another_background(layer: DetectionOutput, bottoms: Shapes) -> bool:
    """The background is another class than 0."""
    return layer.background_label_id != 0


def keeps_all(layer: DetectionOutput, bottoms: Shapes) -> bool:
    """All boxes are kept (keep_top_k below 0)."""
    return layer.keep_top_k < 0


def considers_all(layer: DetectionOutput, bottoms: Shapes) -> bool:
    """All boxes take part in the suppression (top_k below 0)."""
    return layer.top_k < 0


def six_numbers(source: str) -> tuple[Never, ...]:
    """The detections as ncnn and MNN give them, and what neither reads of how they are chosen."""
    silent = (
        ("code_type and variance_encoded_in_target are ignored", of_another_code),
        ("share_location: false is ignored", of_each_class),
        ("background_label_id is ignored", another_background),
        ("eta is ignored", lambda layer, bottoms: layer.eta != 1),
    )
    return (
        Never(
            text="a detection has six numbers, without the image's, and they stand by falling score",
            where=always,
            other_form=True,
            source=source,
        ),
        *(Never(text=text, where=where, silent=True, source=source) for text, where in silent),
        Never(text="without keep_top_k the process ends", where=keeps_all, source=source),
    )


# ---- How a file is written: questions of `Spelling` ---------------------------------------------------------------


def fewer_variances(fields: Mapping[str, Any]) -> bool:
    """Not one for each of the four numbers of a box."""
    return len(fields.get("variance", ())) < CORNERS


def sizes_with_a_fraction(fields: Mapping[str, Any]) -> bool:
    """Caffe cuts it off."""
    return any(size % 1 for name in ("min_size", "max_size") for size in fields.get(name, ()))


def repeated_ratios(fields: Mapping[str, Any]) -> bool:
    """A ratio, or one that `flip` makes, stands there again; Caffe passes over it, and over 1."""
    ratios: tuple[float, ...] = fields.get("aspect_ratio", ())
    return len(distinct_ratios(ratios, flip=fields.get("flip", True))) < sum(ratio != 1 for ratio in ratios)
