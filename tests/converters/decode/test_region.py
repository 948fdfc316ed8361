"""[region] with a tree or a background. Darknet's CPU code gives no numbers for the softmax of a tree in the layer, but
its get_network_boxes is right: it is handed a layer's output that scipy has computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from caffe_ir.blob import Array
from converters.darknet import convert, heads_json
from converters.decode import Detection
from converters.decode.decode import detections
from converters.decode.facts import facts_of
from tests.converters.decode.written_decoders import CC, decoder
from tests.oracles.darknet import needs_darknet
from tests.oracles.darknet_detections import Case
from tests.oracles.darknet_detections import detections as by_darknet
from tests.oracles.seeded_weights import write_weights

PARENTS = (-1, -1, -1, 0, 0, 2, 2, 3, 3)
GROUPS = ((0, 3), (3, 5), (5, 7), (7, 9))
HEAD = "num=2\nclasses=9\ncoords=4\nanchors=.57,.67, 1.87,2.06\nsoftmax=1\n"


@needs_darknet
@pytest.mark.parametrize("kind", ["tree=some.tree\n", "background=1\n"])
def test_the_boxes_are_darknets(kind: str, tmp_path: Path) -> None:
    (tmp_path / "some.tree").write_text("".join(f"{n} {parent}\n" for n, parent in enumerate(PARENTS)))
    cfg, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    layer = "filters=28\nsize=3\nstride=8\npad=1\nactivation=linear\n"
    cfg.write_text(f"[net]\nwidth=48\nheight=40\nchannels=3\n[convolutional]\n{layer}[region]\n{HEAD}{kind}")
    write_weights(cfg, weights, seed=4)
    model = convert(cfg, weights)
    facts = facts_of(heads_json(model).encode(), tmp_path)
    import cv2

    cv2.imwrite(str(tmp_path / "x.png"), np.zeros((30, 50, 3), np.uint8))
    raw = np.random.default_rng(5).normal(0, 3, (2, 14, 5, 6)).astype(np.float32)
    activated = raw.astype(np.float64)
    activated[:, :2] = special.expit(raw[:, :2])
    if "tree" in kind:
        activated[:, 4] = special.expit(raw[:, 4])
        for begin, end in GROUPS:
            activated[:, 5 + begin : 5 + end] = special.softmax(activated[:, 5 + begin : 5 + end], axis=1)
    else:
        activated[:, 4:] = special.softmax(activated[:, 4:], axis=1)
    (theirs,) = by_darknet(
        cfg,
        weights,
        [Case(picture=tmp_path / "x.png", fit="letterbox", threshold=0.4, output=activated.astype(np.float32))],
    )
    blob = str(facts.heads[0].blob)
    given = raw if blob == "conv_0" else activated
    wanted = sorted(
        (float(row[5 + c]), int(c), *map(float, row[:4])) for row in theirs.kept for c in np.flatnonzero(row[5:])
    )
    assert len({category for _, category, *_ in wanted}) > 2

    def numpy_decoder(blobs: Mapping[str, Array], size: tuple[int, int], threshold: float) -> list[Detection]:
        return detections(facts, blobs, size, threshold=threshold)

    for decode in (numpy_decoder, *(decoder(one, tmp_path, facts) for one in ("python", *(["c"] if CC else [])))):
        found = sorted((one.score, one.category, *one.place) for one in decode({blob: given}, theirs.size, 0.4))
        np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-6)
