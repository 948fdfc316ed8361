"""JSON for people: indented, with each list of numbers or names in one line."""

from __future__ import annotations

import json
import re
from typing import Any

_FLAT_LIST = re.compile(r"\[\n([^][{}]*?)\n *\]")


def json_text(facts: dict[str, Any]) -> str:
    """The text of a file of JSON."""
    text = json.dumps(facts, indent=1)
    return _FLAT_LIST.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"
