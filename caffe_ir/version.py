"""The version of tocaffe; setup.cfg reads it from here."""

from __future__ import annotations

VERSION = "0.2.0"
