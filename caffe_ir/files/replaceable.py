"""What an output may replace: no file that a model is read from, and none that tocaffe did not make.

A prototxt of ours is known by its comment, which also says whether it was edited since; the other files of its net by
their sizes in that comment; a single file by the mark of its kind near its begin or its end. Where a process was killed
while the files of a net changed places, so that the prototxt is missing, the others are ours too.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from caffe_ir.error_kinds.files import OUTPUT_EXISTS, SAME_FILE
from caffe_ir.errors import Problems
from caffe_ir.files.file_names import BESIDE, BINARY, HDF5, PROTOTXT, stem_of_weights
from caffe_ir.files.header import Header, read_header
from caffe_ir.files.staging import interrupted
from caffe_ir.files.writable import check_folder

_NEAR = 1000
_ENDINGS = (PROTOTXT, BINARY, HDF5, *BESIDE)


def check_set(
    stem: Path,
    endings: Collection[str],
    *,
    inputs: Iterable[Path] = (),
    ours: Collection[Path] = (),
    force: bool = False,
    hint: str = "--force (in Python force=True) replaces it; or write to another place",
) -> None:
    """Raise ConversionError for all files STEM.* that the files with these endings must not replace, or have no folder.

    `inputs` are what is read, which nothing may replace; `ours` are known to be our own; `force` lets all others go.
    """
    check_folder(stem.parent)
    problems = Problems()
    places = [with_ending(stem, ending) for ending in endings]
    _refuse_inputs(problems, places, inputs)
    if not force:
        header = _header(stem)
        for place, ending in zip(places, endings, strict=True):
            if place not in ours and (why := _why_foreign(place, ending, stem, header)):
                problems.add(f"{place} already exists", why=why, hint=hint, kind=OUTPUT_EXISTS)
    problems.raise_if_any()


def check_weights(path: Path, *, inputs: Iterable[Path] = (), force: bool = False) -> None:
    """Raise ConversionError where a file of weights must not be replaced, as `check_set` does for a whole set.

    It is ours where the prototxt beside it lists it.
    """
    stem = path.with_name(stem_of_weights(path.name) or path.name)
    check_set(stem, [path.name.removeprefix(stem.name)], inputs=inputs, force=force)


def check_file(place: Path, mark: str = "", inputs: Iterable[Path] = ()) -> None:
    """Raise ConversionError where a single file (a report, arrays) must not be replaced, or its folder takes none.

    It may be replaced where the mark stands near its begin or its end, as it does in what we write of that kind.
    """
    check_folder(place.parent)
    problems = Problems()
    _refuse_inputs(problems, [place], inputs)
    if not problems.found and _has_content(place) and not (mark and has_mark(place, mark)):
        hint = "choose another name, or remove it first"
        problems.add(
            f"{place} already exists", why="it was edited, or tocaffe did not write it", hint=hint, kind=OUTPUT_EXISTS
        )
    problems.raise_if_any()


def check_absent(place: Path, why: str, *, inputs: Iterable[Path] = (), force: bool = False) -> None:
    """Raise ConversionError where there is a file already, whoever wrote it, and `force` does not let it go."""
    problems = Problems()
    _refuse_inputs(problems, [place], inputs)
    if _has_content(place) and not force:
        problems.add(
            f"{place} already exists",
            why=why,
            hint="--force replaces it; or write to another place",
            kind=OUTPUT_EXISTS,
        )
    problems.raise_if_any()


def stale(stem: Path, endings: Collection[str]) -> Iterator[Path]:
    """The files of ours at STEM.* that a new set with these endings does not have: they would belong to no net."""
    header = _header(stem)
    for ending in _ENDINGS:
        place = with_ending(stem, ending)
        if ending not in endings and place.is_file() and not _why_foreign(place, ending, stem, header):
            yield place


def is_ours(place: Path) -> bool:
    """Whether a file belongs to a net that tocaffe wrote, by the prototxt that it is or that lists it."""
    for ending in _ENDINGS:
        if place.name.endswith(ending) and place.is_file():
            stem = place.with_name(place.name.removesuffix(ending))
            return not _why_foreign(place, ending, stem, _header(stem))
    return False


def with_ending(stem: Path, ending: str) -> Path:
    """The file STEM + ending, whose stem may have dots."""
    return stem.with_name(stem.name + ending)


def _refuse_inputs(problems: Problems, places: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Whatever they are called: links, other cases of letters, and other ways to the same file are seen."""
    read = {identity: path for path in inputs if (identity := _identity(path))}
    written: dict[tuple[int, int], Path] = {}
    for place in places:
        identity = _identity(place)
        if identity is None:
            continue
        if identity in read:
            source = read[identity]
            what = f"{place} is read" if source == place else f"{place} is the same file as {source}, which is read"
            problems.add(f"{what}, and cannot be written too", hint="write to another place", kind=SAME_FILE)
        if identity in written:
            problems.add(
                f"{place} and {written[identity]} are the same file", hint="write to another place", kind=SAME_FILE
            )
        written[identity] = place


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _header(stem: Path) -> Header | None:
    try:
        return read_header(with_ending(stem, PROTOTXT))
    except OSError:
        return None


def _why_foreign(place: Path, ending: str, stem: Path, header: Header | None) -> str:
    """Why a file is not one of ours; nothing where it is, or is empty or not there."""
    if not _has_content(place) or (ending != PROTOTXT and interrupted(_key(stem))):
        return ""
    if not place.is_file():
        return "it is a folder or a device"
    if header is None:
        return "it does not begin with tocaffe's comment" if ending == PROTOTXT else "no prototxt of tocaffe lists it"
    if ending == PROTOTXT:
        return "it was edited after tocaffe wrote it" if header.edited else ""
    if ending not in header.file_bytes:
        return "the prototxt beside it does not list it"
    same = header.file_bytes[ending] == place.stat().st_size
    return "" if same else f"it had {header.file_bytes[ending]:,} bytes when tocaffe wrote it"


def _key(stem: Path) -> Path:
    """The prototxt's own place, beside which its room is."""
    return Path(os.path.realpath(with_ending(stem, PROTOTXT)))


def _has_content(place: Path) -> bool:
    try:
        return place.stat().st_size > 0 or not place.is_file()
    except OSError:
        return False


def has_mark(place: Path, mark: str) -> bool:
    """Whether the mark of what we write stands near the begin or the end of a file."""
    try:
        with open(place, "rb") as file:
            begin = file.read(_NEAR)
            file.seek(max(0, os.fstat(file.fileno()).st_size - _NEAR))
            return mark.encode() in begin + file.read()
    except OSError:
        return False
