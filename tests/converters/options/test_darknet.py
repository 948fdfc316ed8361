from __future__ import annotations

import inspect

from converters.darknet import convert
from converters.options import DarknetOptions, declared

IN_PYTHON_ONLY = {"handlers", "check_finite"}


def test_the_options_are_the_arguments_of_the_front_end() -> None:
    parameters = inspect.signature(convert).parameters.values()
    keywords = {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}
    assert {one.name: one.default for one in declared(DarknetOptions)} == {
        name: default for name, default in keywords.items() if name not in IN_PYTHON_ONLY
    }
