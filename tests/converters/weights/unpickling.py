"""Pickles whose one storage holds the numbers from 0 to 15."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from converters.weights.octets import Octets
from converters.weights.pickle_operations import unpickled
from converters.weights.pickled import Names
from converters.weights.pickled_storages import Storage
from converters.weights.unreadable import Unreadable

STORED = np.arange(16, dtype="<f4").tobytes()


def storage(key: str, dtype: str) -> Storage:
    if key != "0":
        raise Unreadable(f"has no storage {key}")
    return Storage(Octets(length=len(STORED), data=STORED), dtype)


def nothing(octets: Octets) -> Any:
    raise AssertionError


def loaded(data: bytes) -> Any:
    return unpickled(io.BytesIO(data), len(data), Names(storage, nothing))
