from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from converters.pictures.drawing import Frame, as_png, colour_of, painted, with_frames

BLACK = np.zeros((3, 80, 120), np.uint8)


def frame(left: float, top: float, right: float, bottom: float, text: str = "", colour: int = 0) -> Frame:
    return Frame(left=left, top=top, right=right, bottom=bottom, text=text, colour=colour)


def test_a_frame_is_a_rectangle_of_its_colour() -> None:
    drawn = with_frames(BLACK, [frame(20, 30, 60.4, 70)])
    assert drawn.shape == BLACK.shape
    for row, column in ((30, 40), (70, 40), (50, 20), (50, 60)):
        assert tuple(drawn[:, row, column]) == colour_of(0)
    assert not drawn[:, 50, 40].any()
    assert not BLACK.any()


def test_pixels_go_halfway_to_the_colour_of_their_class() -> None:
    grey, classes = np.full((1, 80, 120), 100, np.uint8), np.full((80, 120), -1)
    classes[:40], classes[40:60, 60:] = 2, 0
    drawn = painted(grey, classes)
    assert tuple(drawn[:, 10, 10]) == tuple((100 + one) // 2 for one in colour_of(2))
    assert tuple(drawn[:, 50, 70]) == tuple((100 + one) // 2 for one in colour_of(0))
    assert (drawn[:, 60:] == 100).all()
    assert (painted(grey, np.full((80, 120), -1)) == 100).all()


def test_a_label_stands_within_the_picture() -> None:
    for where in ((20, 30, 60, 70), (0, 0, 119, 79), (110, 2, 119, 9), (-50, -50, 500, 500)):
        plain, labelled = (with_frames(BLACK, [frame(*where, text)]) for text in ("", "a dog 82%"))
        assert (plain != labelled).any(axis=0).sum() > 200


@pytest.mark.parametrize("place", [np.nan, np.inf, -np.inf, 1e30])
def test_boxes_from_anywhere_are_drawn(place: float) -> None:
    with_frames(BLACK, [frame(place, place, place, place, "x")])


def test_the_best_lies_on_top() -> None:
    drawn = with_frames(BLACK, [frame(20, 30, 60, 70, colour=1), frame(20, 30, 60, 70, colour=2)])
    assert tuple(drawn[:, 50, 20]) == colour_of(1)


def test_neighbours_have_different_colours() -> None:
    assert len({colour_of(number) for number in range(80)}) > 70


def test_a_png_is_read_by_others_and_carries_its_mark() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 9, 11), np.uint8)
    data = as_png(image, "made by a test")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))).transpose(2, 0, 1), image)
    assert Image.open(io.BytesIO(data)).info["Software"] == "made by a test"
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    np.testing.assert_array_equal(bgr[:, :, ::-1].transpose(2, 0, 1), image)
    assert b"made by a test" in data[:1000]


def test_a_grey_picture_is_drawn_upon_in_colours() -> None:
    frame = Frame(left=2, top=2, right=20, bottom=20, text="", colour=0)
    grey = np.full((1, 32, 32), 0.5, np.float32)
    drawn = with_frames(grey, [frame])
    np.testing.assert_array_equal(drawn, with_frames(np.repeat(grey, 3, axis=0), [frame]))
    assert drawn.shape == (3, 32, 32)
    assert (grey == 0.5).all()
