"""Values of JSON with a few of their places changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.fuzz.mutation import FLOATS, number, text


def changed(value: Any, rng: Random, most: int = 3) -> Any:
    """A copy with up to so many places changed, of any depth."""
    made = copy.deepcopy(value)
    for _ in range(rng.randint(0, most)):
        places = list(_places(made))
        if not places:
            return odd(rng)
        holder, key = rng.choice(places)
        _change(holder, key, rng)
    return made


SPELLINGS = (
    *("9" * 5000, "-" + "9" * 400, "1e999", "-0", "1.", "01", "Infinity", "'x'", '"\\ud800"', '"\\x"', "//"),
    *("[" * 300 + "]" * 300, "[" * 950 + "]" * 950, '{"a": ' * 950 + "1" + "}" * 950, "[" * 100_000, '{"a": ' * 50_000),
)
"""Values that `json.dumps` writes for none of Python's."""


def spelled(value: Any, rng: Random) -> bytes:
    """The value as text, its characters escaped or not; in one of fifty something odd before one of its values."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.02 and '": ' in text:
        parts = text.split('": ')
        place = rng.randrange(1, len(parts))
        parts[place] = f'{rng.choice(SPELLINGS)}, "another": {parts[place]}'
        text = '": '.join(parts)
    return text.encode("utf-8", "surrogatepass")


def odd(rng: Random) -> Any:
    return rng.choice((None, True, False, number(rng), rng.choice(FLOATS), text(rng), [], {}, [number(rng)], {"a": 1}))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            yield holder, key
            waiting.append(holder[key])


def _change(holder: Any, key: Any, rng: Random) -> None:
    held, how = holder[key], rng.random()
    if how < 0.2:
        del holder[key]
    elif how < 0.3 and isinstance(holder, dict):
        holder[text(rng)] = holder.pop(key)
    elif how < 0.4 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(held))
    elif how < 0.75 and isinstance(held, bool | int | float | str):
        holder[key] = _like(held, rng)
    else:
        holder[key] = odd(rng)


def _like(held: Any, rng: Random) -> Any:
    """Another value of the same type."""
    if isinstance(held, bool):
        return not held
    if isinstance(held, int):
        return number(rng)
    return rng.choice(FLOATS) if isinstance(held, float) else text(rng)
