"""What the outputs of a PyTorch detector mean: heads of heads.json from a name, the outputs' shapes, and what is known.

Nothing is taken from a shape that several meanings have: what does not fit is refused with the shapes that would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.running import NO_DECODER
from caffe_ir.errors import ConversionError, Problem
from converters.decode.heads import AnyHead, BoxesHead, DflHead, SsdHead, Suppression, ToDo, YoloHead
from converters.decode.output_shapes import Detector, Output, by_grid, grids_of, refuse_mixed, refuse_shapes, stride_of

BINS = 16
"""Of each side in all published nets of YOLOv8 and later, but the newest, which have 1 (Detect.reg_max)."""
_YOLOV5 = Suppression(kind="default", threshold=0.45, score_threshold=0.25, best_class=True, most=300)
_YOLOV8 = Suppression(kind="default", threshold=0.7, score_threshold=0.25, best_class=True, most=300)
"""What predict of ultralytics does by default: conf, iou, max_det, and one class for a box."""


class Known(Struct, frozen=True, kw_only=True):
    """What is known of a detector besides its outputs, from its module or its user."""

    classes: int | None = None
    bins: int | None = None
    anchors: tuple[tuple[float, ...], ...] = ()
    """Of each map, the finest first: width and height in turn, in pixels of the input."""
    priors: tuple[float, ...] = ()
    """x, y of the centre, width and height in parts of the input."""
    levels: tuple[int, ...] = ()
    """How many priors are of each map, and how many scores of each are looked at."""
    level_candidates: int | None = None
    variances: tuple[float, float, float, float] | None = None
    exponent_limit: float | None = None
    clip: bool = False
    nms: Suppression | None = None


def described_heads(
    detector: Detector, outputs: Sequence[Output], network: tuple[int, int], known: Known
) -> tuple[AnyHead, ...]:
    """The heads of a net whose input has this height and width. Raises ConversionError with what is missing."""
    found = tuple(_KINDS[detector](outputs, network, known))
    if known.classes is not None and (wrong := [one for one in found if one.classes != known.classes]):
        what = f"by its shape {wrong[0].blob} has {wrong[0].classes} classes, and the module has {known.classes}"
        raise ConversionError(Problem(kind=NO_DECODER, what=what))
    doubts = [
        Problem(kind=NO_DECODER, what=f"{head.name}: {doubt}")
        for head in found
        for doubt in dict.fromkeys(head.doubts())
    ]
    if doubts:
        raise ConversionError(*doubts)
    return found


# ---- YOLOv8 and later ----------------------------------------------------------------------------------------------


def _yolov8(outputs: Sequence[Output], network: tuple[int, int], known: Known) -> Iterator[AnyHead]:
    bins = known.bins or BINS
    nms = known.nms or _YOLOV8
    wanted = (
        f"the decoded boxes (N, 4 + classes, boxes); maps (N, {4 * bins} + classes, H, W), or the {4 * bins} and the "
        f"classes apart; or both joined over all maps, (N, {4 * bins}, cells) and (N, classes, cells)"
    )
    if len(outputs) == 1 and len(outputs[0].shape) == 2:
        yield _decoded(outputs[0], network, nms, wanted, boxes=1, objectness=False)
        return
    if len(outputs) == 2 and all(len(one.shape) == 2 for one in outputs):
        yield from _joined(outputs, network, bins, nms, wanted)
        return
    if not outputs or any(len(one.shape) != 3 for one in outputs):
        refuse_shapes("yolov8", outputs, wanted)
    for grid, maps in by_grid(outputs).items():
        for one in maps:
            refuse_mixed("yolov8", one)
        stride, cells = stride_of("yolov8", outputs, grid, network, wanted), prod(grid)
        sides, scores = maps[0], maps[1] if len(maps) == 2 else None
        if scores is not None and sides.shape[0] != 4 * bins:
            sides, scores = scores, sides
        classes = sides.shape[0] - 4 * bins if scores is None else scores.shape[0]
        if len(maps) > 2 or classes < 1 or (scores is not None and sides.shape[0] != 4 * bins):
            refuse_shapes("yolov8", outputs, wanted)
        yield DflHead(
            name=sides.name, blob=sides.name, scores_blob=scores.name if scores else None, classes=classes,
            network=network, nms=nms, grid=grid, stride=stride, reg_max=bins, cells=cells,
            to_do=ToDo(logistic=() if scores is not None and scores.probabilities else ("classes",)),
        )  # fmt: skip


def _joined(
    outputs: Sequence[Output], network: tuple[int, int], bins: int, nms: Suppression, wanted: str
) -> Iterator[AnyHead]:
    sides, scores = outputs if outputs[0].shape[0] == 4 * bins else outputs[::-1]
    cells = sides.shape[1]
    grids = grids_of(network, cells)
    if sides.shape[0] != 4 * bins or scores.shape[1] != cells or not grids:
        refuse_shapes("yolov8", outputs, wanted)
    refuse_mixed("yolov8", scores)
    first = 0
    for grid in grids:
        yield DflHead(
            name=sides.name, blob=sides.name, scores_blob=scores.name, classes=scores.shape[0], network=network,
            nms=nms, grid=grid, stride=network[0] / grid[0], reg_max=bins, first=first, cells=cells,
            to_do=ToDo(logistic=() if scores.probabilities else ("classes",)),
        )  # fmt: skip
        first += prod(grid)


# ---- YOLOv5 --------------------------------------------------------------------------------------------------------


def _yolov5(outputs: Sequence[Output], network: tuple[int, int], known: Known) -> Iterator[AnyHead]:
    nms = known.nms or _YOLOV5
    wanted = "the decoded boxes (N, boxes, 5 + classes), or the convolutions' maps (N, anchors * (5 + classes), H, W)"
    if len(outputs) == 1 and len(outputs[0].shape) == 2:
        num = len(known.anchors[0]) // 2 if known.anchors else 3
        yield _decoded(outputs[0], network, nms, wanted, boxes=num, objectness=True)
        return
    if not outputs or any(len(one.shape) != 3 for one in outputs):
        refuse_shapes("yolov5", outputs, wanted)
    if len(known.anchors) != len(outputs):
        have = f"the module has those of {len(known.anchors)}" if known.anchors else "no module has them"
        what = f"yolov5: the anchors of {len(outputs)} map{'s' * (len(outputs) != 1)} are needed, and {have}"
        hint = "--anchors 10,13,16,30,33,23/30,61,62,45,59,119/116,90,156,198,373,326 as the model's yaml has them"
        raise ConversionError(Problem(kind=NO_DECODER, what=what, hint=hint))
    maps = sorted(outputs, key=lambda one: -prod(one.shape[1:]))
    for one, anchors in zip(maps, known.anchors, strict=True):
        refuse_mixed("yolov5", one)
        grid, num = (one.shape[1], one.shape[2]), len(anchors) // 2
        stride_of("yolov5", outputs, grid, network, wanted)
        classes = one.shape[0] // num - 5 if num else 0
        if classes < 1 or one.shape[0] % num:
            refuse_shapes("yolov5", outputs, wanted)
        yield YoloHead(
            name=one.name, blob=one.name, classes=classes, network=network, nms=nms, num=num, coords=4, anchors=anchors,
            anchor_unit="pixels", mask=tuple(range(num)), grid=grid, scale_x_y=2.0, new_coords=True,
            to_do=ToDo(
                logistic=() if one.probabilities else ("x", "y", "w", "h", "objectness", "classes"), scale_x_y=True
            ),
        )  # fmt: skip


# ---- SSD and RetinaNet ---------------------------------------------------------------------------------------------


def _ssd(outputs: Sequence[Output], network: tuple[int, int], known: Known) -> Iterator[AnyHead]:
    head, done = _of_priors("ssd", outputs, network, known)
    yield replace(head, to_do=ToDo(softmax=() if done else ("classes",)))


def _retinanet(outputs: Sequence[Output], network: tuple[int, int], known: Known) -> Iterator[AnyHead]:
    head, done = _of_priors("retinanet", outputs, network, known)
    yield replace(
        head, background=False, levels=known.levels, level_candidates=known.level_candidates,
        to_do=ToDo(logistic=() if done else ("classes",)),
    )  # fmt: skip


_OF_PRIORS: Mapping[Detector, tuple[Suppression, tuple[float, float, float, float]]] = {
    "ssd": (
        Suppression(kind="default", threshold=0.45, score_threshold=0.01, candidates=400, most=200),
        (0.1, 0.1, 0.2, 0.2),
    ),
    "retinanet": (Suppression(kind="default", threshold=0.5, score_threshold=0.05, most=300), (1, 1, 1, 1)),
}
"""torchvision's defaults: nms_thresh, score_thresh, topk_candidates, detections_per_img, and 1 / BoxCoder.weights."""


def _of_priors(
    detector: Detector, outputs: Sequence[Output], network: tuple[int, int], known: Known
) -> tuple[SsdHead, bool]:
    """The head of offsets and scores, and whether these are probabilities. Raises ConversionError."""
    count = len(known.priors) // 4
    wanted = "the offsets (N, priors, 4) and the classes' scores (N, priors, classes), flattened or not"
    if not count:
        hint = "--priors FILE.npy: an array (priors, 4) of x, y, width, height in parts of the input"
        raise ConversionError(
            Problem(kind=NO_DECODER, what=f"{detector}: its prior boxes are needed, and no module has them", hint=hint)
        )
    if len(outputs) != 2:
        refuse_shapes(detector, outputs, wanted)
    offsets, scores = outputs if prod(outputs[0].shape) == 4 * count else outputs[::-1]
    if prod(offsets.shape) != 4 * count or prod(scores.shape) % count:
        refuse_shapes(detector, outputs, f"{wanted}, for {count} priors")
    refuse_mixed(detector, scores)
    nms, variances = _OF_PRIORS[detector]
    head = SsdHead(
        name=offsets.name, blob=offsets.name, scores_blob=scores.name, classes=prod(scores.shape) // count,
        network=network, nms=known.nms or nms, priors=known.priors, variances=known.variances or variances,
        clip=known.clip, exponent_limit=known.exponent_limit, to_do=ToDo(),
    )  # fmt: skip
    return head, bool(scores.probabilities)


# ---- shapes --------------------------------------------------------------------------------------------------------


def _decoded(
    output: Output, network: tuple[int, int], nms: Suppression, wanted: str, *, boxes: int, objectness: bool
) -> BoxesHead:
    """Boxes that the net has decoded: as many, `boxes` for each cell, as some of the usual grids have."""
    fitting = [
        axis for axis, count in enumerate(output.shape) if count % boxes == 0 and grids_of(network, count // boxes)
    ]
    detector: Detector = "yolov5" if objectness else "yolov8"
    if len(fitting) == 2:
        what = f"{detector}: {output.name} (N, {output.shape[0]}, {output.shape[1]}) can be read in two ways"
        why = "both axes have as many cells as there may be boxes"
        hint = "convert at another input size: --input 1x3x640x640"
        raise ConversionError(Problem(kind=NO_DECODER, what=what, why=why, hint=hint))
    if not fitting or output.shape[1 - fitting[0]] - 4 - objectness < 1:
        refuse_shapes(detector, [output], wanted)
    (axis,) = fitting
    classes = output.shape[1 - axis] - 4 - objectness
    return BoxesHead(
        name=output.name, blob=output.name, classes=classes, network=network, nms=nms, count=output.shape[axis],
        objectness=objectness, transposed=axis == 0,
    )  # fmt: skip


_KINDS: Mapping[Detector, Callable[[Sequence[Output], tuple[int, int], Known], Iterator[AnyHead]]] = {
    "yolov5": _yolov5,
    "yolov8": _yolov8,
    "ssd": _ssd,
    "retinanet": _retinanet,
}
