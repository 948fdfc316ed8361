"""Names that nothing has yet, by a number behind those that are taken."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from msgspec import Struct, field


def free_name(wanted: str, taken: Callable[[str], bool]) -> str:
    """The wanted name; where it is taken, with the first number from 2 on behind it with which it is not."""
    names = (_numbered(wanted, number) for number in count(1))
    return next(name for name in names if not taken(name))


class FreeNames(Struct):
    """Names as `free_name` has them, each given once and none of `taken`: how far the numbers are is remembered."""

    taken: set[str] = field(default_factory=set)
    last: dict[str, int] = field(default_factory=dict)

    def take(self, wanted: str, elsewhere: Callable[[str], bool] | None = None) -> str:
        """The next name, which is not taken `elsewhere` either: of what is taken there nothing may become free."""
        for number in count(self.last.get(wanted, 0) + 1):
            name = _numbered(wanted, number)
            if name not in self.taken and not (elsewhere and elsewhere(name)):
                break
        self.last[wanted] = number
        self.taken.add(name)
        return name


def _numbered(wanted: str, number: int) -> str:
    return wanted if number == 1 else f"{wanted}_{number}"
