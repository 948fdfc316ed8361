"""From the graph of ATen calls to a net."""

from __future__ import annotations
