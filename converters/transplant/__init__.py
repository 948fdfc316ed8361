"""Weights from a state_dict into a Caffe net that somebody already has. Needs no torch but for its oldest files."""

from __future__ import annotations

from converters.transplant.map_file import Map, map_text, read_map
from converters.transplant.state_dict import state_dict
from converters.transplant.transplant import Row, Transplanted, transplant
from converters.transplant.weights import EPS
from converters.transplant.weights_file import open_weights

__all__ = [
    "EPS",
    "Map",
    "Row",
    "Transplanted",
    "map_text",
    "open_weights",
    "read_map",
    "state_dict",
    "transplant",
]
