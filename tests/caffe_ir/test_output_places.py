from __future__ import annotations

from caffe_ir.output_places import OutputPlaces


def test_a_blob_is_given_in_the_place_of_another() -> None:
    outputs = ["a", "b", "a"]
    places = OutputPlaces(outputs)
    places.move("a", "c")
    assert outputs == ["c", "b", "c"]
    assert places.places == {"b": [1], "c": [0, 2]}


def test_what_is_no_output_moves_nothing() -> None:
    outputs = ["a"]
    places = OutputPlaces(outputs)
    places.move("x", "y")
    assert outputs == ["a"]
    assert places.places == {"a": [0]}
