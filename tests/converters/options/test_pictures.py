from __future__ import annotations

import inspect

from converters.options import CaffeSourceOptions, PictureOptions, PyTorchOptions, declared
from converters.pictures.described import described


def test_the_options_are_the_arguments_of_the_description() -> None:
    known = inspect.signature(described).parameters
    assert {one.name: one.default for one in declared(PictureOptions)} == {
        one.name: one.default for one in known.values() if one.kind is one.KEYWORD_ONLY
    }


def test_both_kinds_of_models_have_them_behind_their_own() -> None:
    for kind in (PyTorchOptions, CaffeSourceOptions):
        assert declared(kind)[-len(declared(PictureOptions)) :] == declared(PictureOptions)
        assert declared(kind)[0].name == "input"
