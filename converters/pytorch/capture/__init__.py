"""From a module to the graph of ATen calls."""

from __future__ import annotations
