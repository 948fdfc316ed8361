from __future__ import annotations

import inspect

from converters.caffe import convert
from converters.options import CaffeSourceOptions, PictureOptions, declared


def test_the_options_are_the_front_ends_arguments() -> None:
    known = inspect.signature(convert).parameters
    pictures = {one.name for one in declared(PictureOptions)}
    for one in declared(CaffeSourceOptions):
        assert one.name in pictures or known[one.name].default == one.default
