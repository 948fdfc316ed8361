"""Which blob of a net holds which value of its source, looked up from both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping


class Values(MutableMapping[str, str]):
    """The blob of each value, by the value's name, in the order in which the values were added.

    The names are kept by blob beside it, so that a blob that is renamed or removed costs no search.
    """

    def __init__(self, held: Mapping[str, str] | None = None) -> None:
        self._blobs: dict[str, str] = {}
        self._names: dict[str, dict[str, None]] = {}
        self.update(held or {})

    def __getitem__(self, value: str) -> str:
        return self._blobs[value]

    def __setitem__(self, value: str, blob: str) -> None:
        if value in self._blobs:
            self._unname(value)
        self._blobs[value] = blob
        self._names.setdefault(blob, {})[value] = None

    def __delitem__(self, value: str) -> None:
        self._unname(value)
        del self._blobs[value]

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)

    def __repr__(self) -> str:
        return f"Values({self._blobs})"

    def of(self, blob: str) -> tuple[str, ...]:
        """The values that a blob holds."""
        return tuple(self._names.get(blob, ()))

    def move(self, blob: str, to: str) -> None:
        """Say that another blob holds what this one holds."""
        for value in self.of(blob):
            self[value] = to

    def forget(self, blobs: Iterable[str]) -> None:
        """Take out the values that these blobs hold."""
        for blob in blobs:
            for value in self.of(blob):
                del self[value]

    def _unname(self, value: str) -> None:
        blob = self._blobs[value]
        del self._names[blob][value]
        if not self._names[blob]:
            del self._names[blob]
