"""What users have: files inspected and opened, factories, inputs and checkpoints."""

from __future__ import annotations
