from __future__ import annotations

import inspect

from converters.caffe import convert
from converters.options import CaffeSourceOptions, declared


def test_the_options_are_the_front_ends_arguments() -> None:
    known = inspect.signature(convert).parameters
    for one in declared(CaffeSourceOptions):
        assert known[one.name].default == one.default
        assert one.option.sources == ("caffe",)
