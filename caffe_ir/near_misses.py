"""Names that may be meant by one that is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_ALIKE = 0.6
_BEGINS, _HOLDS = 0.88, 0.78
"""How much alike names count where one is the beginning of the other, or a word of it, whatever their lengths."""
_SHORTEST = 3
"""Letters of a name that counts as the beginning of a longer one."""


def near_misses(name: str, known: Iterable[str], most: int = 3, alike: float = _ALIKE) -> list[str]:
    """The names that are most like one, the best first; capitals make no difference. `alike` is at most 1.

    A name that is cut short by more than a letter is meant by all that begin so, in the order of `known`: kernel by
    kernel_size, kernel_h and kernel_w. Behind these are words of names, as size of kernel_size, and beginnings, as
    stride of stride_size; with fewer wrong letters than these have, another name comes first.
    """
    likenesses = [(_likeness(name.lower(), one.lower()), one) for one in known]
    near = sorted((one for one in likenesses if one[0] >= alike), key=lambda one: one[0], reverse=True)
    return list(dict.fromkeys(one for _, one in near))[:most]


def _likeness(name: str, known: str) -> float:
    letters = SequenceMatcher(None, known, name).ratio()
    if len(name) >= _SHORTEST and known.startswith(name):
        return max(letters, _BEGINS)
    is_a_word = len(name) >= _SHORTEST and re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", known)
    begins = len(known) >= _SHORTEST and name.startswith(known)
    return max(letters, _HOLDS) if is_a_word or begins else letters


def did_you_mean(name: str, known: Iterable[str], spelled: str = "{}", most: int = 1) -> str:
    """The question as a hint, with the names `spelled` as the user has to type them; empty where none is near."""
    near = near_misses(name, known, most)
    return f"did you mean {' or '.join(spelled.format(one) for one in near)}?" if near else ""
