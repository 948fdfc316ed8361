"""Names that may be meant by one that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ALIKE = 0.6


def near_misses(name: str, known: Iterable[str], most: int = 3, alike: float = _ALIKE) -> list[str]:
    """The names that are most like one, the best first; capitals make no difference. `alike` is at most 1."""
    by_small: dict[str, list[str]] = {}
    for one in known:
        by_small.setdefault(one.lower(), []).append(one)
    near = difflib.get_close_matches(name.lower(), by_small, most, alike)
    return [one for small in near for one in by_small[small]][:most]


def did_you_mean(name: str, known: Iterable[str], spelled: str = "{}", most: int = 1) -> str:
    """The question as a hint, with the names `spelled` as the user has to type them; empty where none is near."""
    near = near_misses(name, known, most)
    return f"did you mean {' or '.join(spelled.format(one) for one in near)}?" if near else ""
