"""One model for one target, as work to be done, and what came of it; both travel to other processes as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, convert, field
from msgspec.structs import asdict, replace

Source = Literal["darknet", "pytorch", "caffe"]
State = Literal["converted", "unchanged", "failed"]
Count = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""As the system counts bytes and nanoseconds, in 64 bits; a journal may say anything."""


class Result(Struct, frozen=True, kw_only=True):
    """What came of one job. `files` holds each file's size and time of change, by which a later run knows it again."""

    name: str
    target: str
    state: State
    seconds: float = 0.0
    peak_memory: Count = 0
    layers: Count = 0
    files: Mapping[str, tuple[Count, Count]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    verify: Mapping[str, Any] | None = None
    engines: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What each engine makes of the files, as far as is known: `result`, `evidence`, and `why` it is not right."""
    report: str = ""
    fingerprint: str = ""

    @property
    def key(self) -> str:
        return f"{self.name}@{self.target}"

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.files.values())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> Result:
        """The result that `to_json` gave. Raises ValueError where it is none, or one of another version."""
        try:
            made = convert({name: told[name] for name in Result.__struct_fields__}, Result)
        except (KeyError, TypeError, ValidationError, SystemError) as error:  # the last: msgspec < 0.22, of 10**400
            raise ValueError(f"no result of a job: {error}") from None
        return replace(made, engines=_shared(made.engines))


_SHARED: dict[tuple[Any, ...], Any] = {}


def _shared(engines: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """One mapping for all equal ones: thousands of results are kept, and most say the same of an engine."""
    each = {name: _SHARED.setdefault(tuple(told.items()), told) for name, told in engines.items()}
    key = tuple((name, id(told)) for name, told in each.items())
    shared: Mapping[str, Mapping[str, str]] = _SHARED.setdefault(key, each)
    return shared


class Job(Struct, frozen=True, kw_only=True):
    """Convert one model for one target into STEM.prototxt, STEM.caffemodel and what else belongs to them.

    `options` are the manifest's, defaults included; those named in `files` are a path or a list of paths. `folder` is
    what the manifest's paths are relative to. `known` is what came of this job when it was last done.
    """

    name: str
    target: str
    source: Source
    stem: Path
    folder: Path
    options: Mapping[str, Any]
    files: tuple[str, ...] = ()
    size: int = 0
    """The bytes of its files: how long it will take, as against the others."""
    known: Result | None = None

    @property
    def key(self) -> str:
        return f"{self.name}@{self.target}"

    def paths(self) -> Iterator[Path]:
        """The files that its options name."""
        for key in self.files:
            given = self.options[key]
            yield from map(Path, [given] if isinstance(given, str) else given)

    def failed(self, *problems: str) -> Result:
        return Result(name=self.name, target=self.target, state="failed", problems=problems)

    def to_text(self) -> str:
        told = asdict(self)
        told |= {"stem": str(self.stem), "folder": str(self.folder)}
        told["known"] = self.known.to_json() if self.known else None
        return json.dumps(told)

    @staticmethod
    def from_text(text: str | bytes) -> Job:
        told = json.loads(text)
        told |= {"stem": Path(told["stem"]), "folder": Path(told["folder"]), "files": tuple(told["files"])}
        told["known"] = Result.from_json(told["known"]) if told["known"] else None
        return Job(**told)
