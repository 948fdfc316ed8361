from __future__ import annotations

import inspect

from converters.options import PyTorchOptions, declared
from converters.options.pytorch import APPROXIMATIONS
from converters.pytorch.capture import approximations
from converters.pytorch.open.loading import load

NOT_FOR_LOADING = {
    "input",
    "plugins",
    "approx",
    "mean",
    "std",
    "scale",
    "bgr",
    "resize",
    "crop",
    "interpolation",
    "output_is",
    "anchors",
    "priors",
}
FROM_PLUGINS = {"handlers"}
"""What load_plugins makes of the option."""


def test_the_options_are_the_arguments_of_loading() -> None:
    keywords = {one.name for one in inspect.signature(load).parameters.values() if one.kind is one.KEYWORD_ONLY}
    assert {one.name for one in declared(PyTorchOptions)} - NOT_FOR_LOADING == keywords - {
        "handlers"
    }  # what `plugins` hold


def test_the_approximations_are_those_of_the_program() -> None:
    assert APPROXIMATIONS == approximations.APPROXIMATIONS
