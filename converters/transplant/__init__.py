"""Weights from a state_dict into a Caffe net that somebody already has."""

from __future__ import annotations

from converters.transplant.map_file import Map, map_text, read_map
from converters.transplant.own_nets import NamedSources
from converters.transplant.transplant import Row, Transplanted, transplant
from converters.transplant.weights import EPS

__all__ = [
    "EPS",
    "Map",
    "NamedSources",
    "Row",
    "Transplanted",
    "map_text",
    "read_map",
    "transplant",
]
