from __future__ import annotations

from pathlib import Path

import numpy as np

from converters.cli.run_shown import as_json, as_text, corners, drawn, name_of
from converters.decode import Detection
from converters.run.answer import Answer

IMAGE = np.zeros((3, 40, 60), np.uint8)
DOG = Detection(category=1, score=0.825, place=(0.5, 0.5, 0.5, 0.25))


def test_corners_are_pixels_of_the_picture() -> None:
    assert corners(DOG, (40, 60)) == (15, 15, 45, 25)


def test_nothing_found_is_said() -> None:
    text = as_text(Answer(path=Path("x.png"), image=IMAGE, objects=[]), (), None)
    assert text.splitlines()[0] == "x.png  60 x 40, nothing above the threshold"
    assert '"objects": []' in as_json(Answer(path=Path("x.png"), image=IMAGE, objects=[]), ())


def test_names_stand_for_classes_where_they_are_known() -> None:
    found = Answer(path=Path("x.png"), image=IMAGE, objects=[DOG])
    assert "class 1   82.5%  left 15, top 15, right 45, bottom 25" in as_text(found, (), None)
    assert "dog   82.5%" in as_text(found, ("cat", "dog"), Path("y.png"))
    assert name_of(1, ("cat", "dog")) == "dog"
    assert '"name": "dog"' in as_json(found, ("cat", "dog"))
    assert '"name"' not in as_json(found, ())


def test_grey_pictures_get_coloured_boxes() -> None:
    image = drawn(Answer(path=Path("x.png"), image=IMAGE[:1], objects=[DOG]), ())
    assert image.shape == (3, 40, 60)
    assert image.any()


def test_outputs_without_a_meaning_are_listed_by_shape() -> None:
    found = Answer(path=Path("x.png"), image=IMAGE, blobs={"map": np.array([[1.5, -2]])})
    assert "map  1x2, from -2 to 1.5" in as_text(found, (), None)
    assert '"outputs": {"map": [1, 2]}' in as_json(found, ())


def test_names_are_drawn_in_the_letters_that_opencv_has() -> None:
    """Others would be question marks, several for each letter."""

    def of(*names: str) -> np.ndarray:
        return drawn(Answer(path=Path("x.png"), image=np.zeros((3, 90, 400), np.uint8), objects=[DOG]), names)

    np.testing.assert_array_equal(of("", "K\u00e4se"), of("", "Kase"))
    np.testing.assert_array_equal(of("", "\u72d7"), of())
    assert (of("", "Kase") != of()).any()
