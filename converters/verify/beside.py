"""The facts beside a pair of files (STEM.heads.json, STEM.input.json), compared with what the source means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from caffe_ir.files.file_names import PROTOTXT
from caffe_ir.files.header import read_header
from caffe_ir.given_files import read_bytes
from caffe_ir.version import VERSION
from converters.verify.blame import Fault

_SHOWN = 5
_LOST = {
    ".heads.json": "a decoder has no anchors, classes and names of blobs",
    ".input.json": "it is not known how a picture becomes the input",
}


class _Unreadable(ValueError):
    """A text is not what JSON allows; the message says why."""


def facts_beside(prototxt: Path, expected: Mapping[str, str | None]) -> Iterator[tuple[Fault, bool]]:
    """What is wrong with the files beside a prototxt, and whether it is a fault or no more than a warning.

    `expected` are their texts by their endings, None where the source has no such facts. A fact that is missing is a
    fault in files of this version; an older tocaffe knew fewer.
    """
    written_now = _version(prototxt) == VERSION
    for ending, text in expected.items():
        path = Path(str(prototxt).removesuffix(PROTOTXT) + ending)
        if not path.exists():
            if text is not None:
                yield _said(path, f"it is missing: {_LOST.get(ending, 'what it says is not known')}"), False
        elif text is None:
            yield _said(path, "the source has nothing that belongs there: it is another net's"), False
        else:
            yield from _compared(path, json.loads(text), written_now)


def _version(prototxt: Path) -> str:
    """The version of tocaffe that wrote the files, empty where they do not say."""
    try:
        header = read_header(prototxt)
    except OSError:
        return ""
    return header.version if header else ""


def _compared(path: Path, wanted: Any, written_now: bool) -> Iterator[tuple[Fault, bool]]:
    try:
        found = _parsed(read_bytes(path))
    except (OSError, _Unreadable) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        yield _said(path, f"it cannot be read: {why}"), True
        return
    wrong, missing = list(_differences(found, wanted, "")), list(_missing(found, wanted, ""))
    further = list(_further(found, wanted, ""))
    if written_now:
        wrong, missing = [*wrong, *(f"{at} is missing where {_shown(value)} belongs" for at, value in missing)], []
    if wrong:
        yield _said(path, _listed(wrong)), True
    if missing:
        text = f"an older tocaffe wrote it, without {_listed([at for at, _ in missing])}: convert again to have them"
        yield _said(path, text), False
    if further:
        yield _said(path, f"it has what the converter does not write: {_listed(further)}"), False


def _said(path: Path, text: str) -> Fault:
    return Fault(layer=path.name, kind="heads", text=text, written=str(path))


def _listed(told: list[str]) -> str:
    rest = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + rest


def _parsed(data: bytes) -> Any:
    """The data of a JSON text. Raises _Unreadable, also for a key that stands twice: who reads it may take either."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise _Unreadable("it is not text") from None
    except json.JSONDecodeError as error:
        raise _Unreadable(f"line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise _Unreadable("its lists and objects are nested too deep") from None
    except _Unreadable:
        raise
    except ValueError:  # Python converts no longer text to a number
        raise _Unreadable("it has a number of thousands of digits") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict[str, Any]()
    for key, value in pairs:
        if key in found:
            raise _Unreadable(f"the key {key} stands twice")
        found[key] = value
    return found


def _differences(found: Any, wanted: Any, path: str) -> Iterator[str]:
    """All places where the facts are other ones, by their paths (`heads[0].anchors[3]`)."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in (key for key in wanted if key in found):
            yield from _differences(found[key], wanted[key], f"{path}.{key}" if path else key)
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for number, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
            yield from _differences(ours, theirs, f"{path}[{number}]")
    elif not _same(found, wanted):
        yield f"{path or 'all of it'} is {_shown(found)} where {_shown(wanted)} belongs"


def _missing(found: Any, wanted: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The keys that are not there, by their paths, and their values."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key, value in wanted.items():
            at = f"{path}.{key}" if path else key
            if key in found:
                yield from _missing(found[key], value, at)
            else:
                yield at, value
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for number, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
            yield from _missing(ours, theirs, f"{path}[{number}]")


def _further(found: Any, wanted: Any, path: str) -> Iterator[str]:
    """The keys that the converter does not write, by their paths."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key, value in found.items():
            at = f"{path}.{key}" if path else key
            yield from _further(value, wanted[key], at) if key in wanted else (at,)
    elif isinstance(found, list) and isinstance(wanted, list):
        for number, (ours, theirs) in enumerate(zip(found, wanted, strict=False)):
            yield from _further(ours, theirs, f"{path}[{number}]")


def _same(found: Any, wanted: Any) -> bool:
    """Equal, and of one type but for whole numbers, which may be written as 4 or 4.0."""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (found, wanted))
    return bool(found == wanted) and (numbers or type(found) is type(wanted))


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value)
    except RecursionError:  # Python reads deeper texts than it writes
        return f"a {type(value).__name__} of great depth"
    return text if len(text) <= 60 else f"{text[:57]}..."
