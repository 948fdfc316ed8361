"""The judges: torch's own way to a larger map, and pictures whose map is what `prepared` made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from converters.decode.facts import SegmentationFacts
from converters.decode.segmentation import NOTHING, pixel_classes, shares
from converters.pictures.description import ALIGNED, InputDescription
from converters.pictures.preparation import prepared


def taken(size: tuple[int, int], **more: Any) -> InputDescription:
    return InputDescription(size=size, order="RGB", **{"fit": "stretch", "resize": "bilinear, antialiased", **more})


@pytest.mark.parametrize("picture", [(61, 90), (17, 400), (64, 96), (1, 1)])
@pytest.mark.parametrize("cells", [(64, 96), (16, 24), (5, 7)])
def test_a_stretched_map_is_torchs(cells: tuple[int, int], picture: tuple[int, int]) -> None:
    blob = np.random.default_rng(0).normal(0, 1, (1, 4, *cells)).astype(np.float32)
    best = torch.from_numpy(blob).argmax(1, keepdim=True).double()
    wanted = torch.nn.functional.interpolate(best, picture, mode="nearest-exact")[0, 0].numpy()
    found = pixel_classes(SegmentationFacts(blob="m", classes=4), blob, taken((64, 96)), picture)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("picture", [(200, 300), (301, 203), (90, 400)])
@pytest.mark.parametrize(
    "description",
    [
        taken((128, 96)),
        taken((128, 96), fit="letterbox", resize=ALIGNED),
        taken((96, 128), fit="letterbox", resize=ALIGNED),
        taken((96, 112), fit="crop", shorter_side=120),
        taken((96, 96), fit="crop", resize=ALIGNED),
    ],
)
def test_a_shape_is_where_it_is_in_the_picture(description: InputDescription, picture: tuple[int, int]) -> None:
    """A net that gives its input back: what is bright in the picture is then of the one class, but for its edges."""
    rows, columns = np.mgrid[: picture[0], : picture[1]]
    wanted = np.hypot(rows - picture[0] * 0.45, columns - picture[1] * 0.48) < min(picture) / 4
    image = np.where(wanted, 255, 0).astype(np.uint8)[None].repeat(3, 0)
    blob = prepared(image, (1, 3, *description.size), description.preparation())[:, :1]
    facts = SegmentationFacts(blob="m", classes=1, threshold=0.6)
    found = pixel_classes(facts, blob, description, picture) == 0
    assert (found == wanted).mean() > 0.98
    assert (found & wanted).sum() > 0.9 * wanted.sum()


def test_what_the_net_did_not_see_has_no_class() -> None:
    blob = np.zeros((1, 2, 8, 8), np.float32)
    found = pixel_classes(
        SegmentationFacts(blob="m", classes=2), blob, taken((80, 80), fit="crop", shorter_side=100), (100, 200)
    )
    assert (found[10:90, 60:140] == 0).all()
    assert (found == NOTHING).sum() == 100 * 200 - 80 * 80


def test_shares_are_parts_of_the_whole_picture() -> None:
    assert shares(np.array([[2, 2, 2, 0], [0, NOTHING, NOTHING, 5]])) == [(2, 0.375), (0, 0.25), (5, 0.125)]
    assert shares(np.full((2, 2), NOTHING)) == []
