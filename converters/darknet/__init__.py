"""Darknet models, the original's and AlexeyAB's: cfg and weights to a net of exact-source layers."""

from __future__ import annotations

from converters.darknet.build import Build, Handler, Value
from converters.darknet.facts import Facts, Preprocessing
from converters.darknet.frontend import DarknetModel, convert, files_beside, heads_json
from converters.darknet.heads import Head
from converters.darknet.section import Section

__all__ = [
    "Build",
    "DarknetModel",
    "Facts",
    "Handler",
    "Head",
    "Preprocessing",
    "Section",
    "Value",
    "convert",
    "files_beside",
    "heads_json",
]
