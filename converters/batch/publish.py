"""The outputs of a job, whole or absent: made in a folder beside their place, and moved there at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = ".tocaffe-partial"
LAST = ".prototxt"
"""The file that goes away first and comes last: where it is, all the others belong to it."""

Stamps = dict[str, tuple[int, int]]
"""The size and the time of change, in nanoseconds, of each file."""


@contextmanager
def staged(stem: Path) -> Iterator[Path]:
    """A stem of the same name in a new folder beside its place, which is removed with all that is left in it."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{stem.name}.", suffix=_MARK, dir=stem.parent))
    try:
        yield folder / stem.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(stage: Path, stem: Path, before: Iterable[str] = ()) -> Stamps:
    """Move the files beside `stage` to their place beside `stem`, and remove those of an earlier time.

    Killed at any moment it leaves no prototxt beside a caffemodel of another time. Raises OSError.
    """
    made = sorted(stage.parent.iterdir(), key=lambda path: path.suffix == LAST)
    places = {path: stem.with_name(path.name) for path in made}
    kept = {str(place) for place in places.values()}
    stem.with_name(stem.name + LAST).unlink(missing_ok=True)
    for old in before:
        if old not in kept:
            Path(old).unlink(missing_ok=True)
    for path, place in places.items():
        path.replace(place)
    return stamps(places.values())


def keep_report(stage: Path, stem: Path, name: str) -> None:
    """Move a report alone, of that name, to its place: the files that it judges stay behind. Raises OSError."""
    if name:
        stage.with_name(name).replace(stem.with_name(name))


def stamps(paths: Iterable[Path]) -> Stamps:
    """The stamps of files as they are. Raises OSError where one is missing."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


def untouched(known: Stamps) -> bool:
    """Whether all files are there as they were when their stamps were taken."""
    try:
        return bool(known) and stamps(map(Path, known)) == known
    except OSError:
        return False


def remove_leftovers(stems: Iterable[Path]) -> None:
    """Remove what killed runs left beside these stems; nobody else may be at work on them."""
    names: dict[Path, set[str]] = {}
    for stem in stems:
        names.setdefault(stem.parent, set()).add(stem.name)
    for folder, wanted in names.items():
        if not folder.is_dir():
            continue
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if entry.name.endswith(_MARK) and _stem_of(entry.name) in wanted]
        for path in found:
            shutil.rmtree(path, ignore_errors=True)


def _stem_of(name: str) -> str:
    """The stem's name in `.NAME.RANDOM.tocaffe-partial`."""
    return name.removesuffix(_MARK).rpartition(".")[0].removeprefix(".")
