"""The outputs of a job as one whole set (files/whole_files.py says how), and how a later run knows them again."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from caffe_ir.errors import ConversionError
from caffe_ir.files import staging, whole_files
from caffe_ir.files.file_names import PROTOTXT
from caffe_ir.files.replaceable import check_file, check_set, has_mark, is_ours, stale, with_ending
from caffe_ir.files.text_files import HTML
from caffe_ir.files.writable import cannot_write

Stamps = dict[str, tuple[int, int]]
"""The size and the time of change, in nanoseconds, of each file."""


@contextmanager
def staged(stem: Path) -> Iterator[Path]:
    """A stem of the same name in a room beside its place, which nobody else has meanwhile. Raises ConversionError."""
    with ExitStack() as stack:
        try:
            stem.parent.mkdir(parents=True, exist_ok=True)
            room = stack.enter_context(staging.staged(_last(stem)))
        except OSError as error:
            raise ConversionError(cannot_write(stem, error, named=f"{stem}.*")) from error
        yield room / stem.name


def publish(
    stage: Path, stem: Path, before: Mapping[str, tuple[int, int]] | None = None, *, durable: bool = False
) -> Stamps:
    """Move the files beside `stage` to their place beside `stem`, and remove those of an earlier time.

    `before` are the stamps of those that the job wrote when it was last done, perhaps elsewhere. Killed at any moment
    it leaves no prototxt beside a caffemodel of another time. Raises OSError.
    """
    made = sorted(stage.parent.iterdir(), key=lambda path: path.name == _last(stem).name)
    places = [stem.with_name(path.name) for path in made]
    old = stale(stem, [path.name.removeprefix(stem.name) for path in places])
    gone = [path for path in dict.fromkeys((*_left(before or {}), *old)) if path not in places]
    with ExitStack() as rooms:
        moves = []
        for path, place in zip(made, places, strict=True):
            target = whole_files.target_of(place)
            if target.parent == place.parent:
                moves.append((path, target))
            else:  # a link into another folder, perhaps on another disk
                room = rooms.enter_context(staging.staged(target))
                moves.append((Path(shutil.copyfile(path, room / target.name)), target))
        whole_files.publish(moves, gone=[path for path in gone if path.parent == stem.parent], durable=durable)
    for path in gone:
        path.unlink(missing_ok=True)
    return stamps(places)


def _left(before: Mapping[str, tuple[int, int]]) -> list[Path]:
    """Of the files that a journal names those that may be removed: a journal may come from anybody, and name any file.

    They are as they were left, and are ours by what they say themselves.
    """
    paths = [Path(name) for name, stamp in before.items() if untouched({name: stamp})]
    return [path for path in paths if is_ours(path) or (path.suffix == ".html" and has_mark(path, HTML))]


def check_places(
    stem: Path, endings: Iterable[str], inputs: Iterable[Path] = (), known: Mapping[str, tuple[int, int]] | None = None
) -> None:
    """Raise ConversionError where a file that tocaffe did not write, or that was edited, would be replaced.

    `known` are the stamps of those that the job wrote when it was last done.
    """
    ours = [Path(path) for path, stamp in (known or {}).items() if untouched({path: stamp})]
    sets = [ending for ending in endings if not ending.endswith(".html")]
    check_set(stem, sets, inputs=inputs, ours=ours, hint="move it away, or give the model another output")
    for ending in endings:
        if ending.endswith(".html"):
            check_file(with_ending(stem, ending), HTML, inputs)


def keep_report(stage: Path, stem: Path, name: str) -> None:
    """Move a report alone, of that name, to its place: the files that it is about stay behind.

    Raises OSError, and ConversionError where there is another file.
    """
    if name:
        check_places(stem, [name.removeprefix(stem.name)])
        whole_files.publish([(stage.with_name(name), whole_files.target_of(stem.with_name(name)))])


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
    """Remove what killed runs left beside these stems, where nobody is at work on them."""
    staging.remove_leftovers(map(_last, stems))


def _last(stem: Path) -> Path:
    """The file that goes away first and comes last: where it is, all the others belong to it."""
    return stem.with_name(stem.name + PROTOTXT)
