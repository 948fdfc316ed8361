"""Weights from a state_dict into a Caffe net that somebody already has."""

from __future__ import annotations

from converters.transplant.map_file import Map, map_text, read_map
from converters.transplant.own_nets import Told
from converters.transplant.transplant import Row, Transplanted, transplant
from converters.transplant.weights import EPS

__all__ = [
    "EPS",
    "Map",
    "Row",
    "Told",
    "Transplanted",
    "map_text",
    "read_map",
    "transplant",
]
