"""The reference: the paper's formula and torchvision's BoxCoder, typed again in torch and float64."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from converters.decode import detections
from converters.decode.facts import Facts
from converters.decode.heads import SsdHead, Suppression, ToDo
from converters.decode.ssd import boxes_of_ssd
from converters.pictures.description import InputDescription
from tests.converters.decode.torch_heads import retinanet, ssd


def by_definition(head: SsdHead, offsets: np.ndarray, classes: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Boxes as left, top, right, bottom in parts of the input, and all scores."""
    x, y, w, h = torch.tensor(head.priors).double().reshape(-1, 4).T
    dx, dy, dw, dh = torch.from_numpy(offsets).double().T
    weights = (10, 10, 5, 5)
    limit = float("inf") if head.exponent_limit is None else head.exponent_limit
    centre = torch.stack([dx / weights[0] * w + x, dy / weights[1] * h + y], 1)
    size = torch.stack([(dw / weights[2]).clamp(max=limit).exp() * w, (dh / weights[3]).clamp(max=limit).exp() * h], 1)
    corners = torch.cat([centre - size / 2, centre + size / 2], 1)
    scores = torch.from_numpy(classes).double()
    return corners.clamp(0, 1) if head.clip else corners, scores.softmax(1) if head.background else scores.sigmoid()


@pytest.mark.parametrize("softmax", [True, False])
@pytest.mark.parametrize(("clip", "limit"), [(True, 1.5), (False, 1.5), (False, None)])
def test_boxes_are_those_of_the_definition(softmax: bool, clip: bool, limit: float | None) -> None:
    head, rng = ssd(softmax=softmax, clip=clip, limit=limit), np.random.default_rng(1)
    offsets, classes = rng.normal(0, 4, (50, 4)).astype(np.float32), rng.normal(-1, 2, (50, 6)).astype(np.float32)
    boxes = boxes_of_ssd(head, offsets[None], classes[None], threshold=0.3)
    corners, scores = (one.numpy() for one in by_definition(head, offsets, classes))
    scores = np.where(scores > 0.3, scores, 0)
    if softmax:
        scores[:, 0] = 0
    chosen = scores.any(1)
    places = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1)
    np.testing.assert_allclose(boxes.places, places[chosen], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(boxes.scores, scores[chosen], rtol=1e-6)
    assert 10 < chosen.sum() < 50


def test_of_each_level_the_highest_scores_of_all_classes_are_looked_at() -> None:
    """As RetinaNet.postprocess_detections chooses them: above the threshold, then topk of what is flattened."""
    head, rng = retinanet(), np.random.default_rng(2)
    offsets, classes = rng.normal(0, 1, (50, 4)).astype(np.float32), rng.normal(0, 2, (50, 6)).astype(np.float32)
    found = boxes_of_ssd(head, offsets, classes, threshold=0.6)
    wanted = []
    for level in torch.from_numpy(classes).double().sigmoid().split(head.levels):
        flat = torch.where(level > 0.6, level, 0).flatten()
        best, places = flat.topk(9)
        wanted.append(torch.zeros_like(flat).index_put((places,), best).view(level.shape))
    scores = torch.cat(wanted).numpy()
    np.testing.assert_allclose(found.scores, scores[scores.any(1)], rtol=1e-6)
    assert (found.scores > 0).sum() == 9 + 9 + (scores[46:] > 0).sum()


def test_the_limit_is_one() -> None:
    offsets, classes = np.full((50, 4), 100, np.float32), np.full((50, 6), 9, np.float32)
    boxes = boxes_of_ssd(ssd(softmax=False, clip=False), offsets, classes, threshold=0.3)
    wanted = np.reshape(ssd().priors, (-1, 4))[:, 2:] * np.exp(1.5)
    np.testing.assert_allclose(boxes.places[:, 2:], wanted, rtol=1e-6)


DETECTIONS = """
input: "loc" input_shape {{ dim: 1 dim: {loc} }}
input: "conf" input_shape {{ dim: 1 dim: {conf} }}
input: "priors" input_shape {{ dim: 1 dim: 2 dim: {loc} }}
layer {{ name: "out" type: "DetectionOutput" bottom: "loc" bottom: "conf" bottom: "priors" top: "out"
  detection_output_param {{ num_classes: {classes} share_location: true background_label_id: 0
    nms_param {{ nms_threshold: {nms} top_k: {candidates} }} code_type: CENTER_SIZE keep_top_k: {most}
    confidence_threshold: {threshold} }} }}
"""


@pytest.mark.parametrize(("nms", "candidates", "most", "threshold"), [(0.45, 400, 200, 0.1), (0.6, 9, 30, 0.02)])
def test_a_net_that_is_cut_before_its_detection_output_gives_opencvs_rows(
    nms: float, candidates: int, most: int, threshold: float, tmp_path: Path
) -> None:
    """Offsets and probabilities of 300 priors and 5 classes, by OpenCV's layer, and by the head that says the same."""
    count, classes, variances, rng = 300, 5, (0.1, 0.1, 0.2, 0.2), np.random.default_rng(7)
    priors = np.concatenate([rng.uniform(0.2, 0.8, (count, 2)), rng.uniform(0.1, 0.4, (count, 2))], 1).astype(
        np.float32
    )
    corners = np.concatenate([priors[:, :2] - priors[:, 2:] / 2, priors[:, :2] + priors[:, 2:] / 2], 1)
    loc = rng.normal(0, 1, (1, 4 * count)).astype(np.float32)
    risen = np.exp(rng.normal(0, 1.5, (count, classes)))
    conf = (risen / risen.sum(1, keepdims=True)).astype(np.float32).reshape(1, -1)
    words = {"loc": 4 * count, "conf": conf.size, "classes": classes, "nms": nms, "candidates": candidates}
    (tmp_path / "net.prototxt").write_text(DETECTIONS.format(**words, most=most, threshold=threshold))
    opened = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"))
    for name, blob in (("loc", loc), ("conf", conf)):
        opened.setInput(blob, name)
    opened.setInput(np.stack([corners.ravel(), np.tile(variances, count)])[None].astype(np.float32), "priors")
    rows = opened.forward().reshape(-1, 7)
    head = SsdHead(
        name="ssd", blob="loc", scores_blob="conf", classes=classes, network=(300, 300), to_do=ToDo(),
        priors=tuple(priors.ravel().tolist()), variances=variances,
        nms=Suppression(
            kind="default", threshold=nms, score_threshold=threshold, candidates=candidates, most=most
        ),
    )  # fmt: skip
    facts = Facts(input=InputDescription(size=(300, 300), order="BGR", fit="stretch"), heads=(head,))
    found = detections(facts, {"loc": loc, "conf": conf}, (300, 300))
    assert 20 <= len(found) == len(rows)
    theirs = sorted((int(row[1]), -row[2], *row[3:]) for row in rows)
    ours = sorted(
        (one.category, -one.score, x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for one in found
        for x, y, w, h in [one.place]
    )
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6)
