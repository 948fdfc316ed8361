"""A manifest, TOML, as the jobs that it asks for; all that is wrong with it is reported at once, by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.batch import MANIFEST_KEY, NO_MANIFEST, NO_MODEL
from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.errors import ConversionError, Problem
from caffe_ir.given_files import read_bytes
from caffe_ir.toml import LARGEST_TOML, parsed
from caffe_ir.visible import visible
from converters.batch.job import Job
from converters.batch.manifest_reading import (
    DEFAULTS,
    Reading,
    checked,
    refuse_foreign,
    refuse_incomplete,
    size_of_file,
)
from converters.batch.options import OPTIONS, USUAL, source_of
from converters.batch.places import OUTPUT, OUTPUT_OF_MANY, LeadsOut, stem_in

_SAY_SO = 'write the folder as an absolute path if it is meant: output = "/folder/{name}"'


class Unpaired(Struct, frozen=True, kw_only=True):
    """A file, by its path from the manifest's folder, that looks like one of a model and that no job takes."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{visible(self.path)} is not paired: {visible(self.why)}"


class Manifest(Struct, frozen=True, kw_only=True):
    """The jobs of one file, a job a model and target, and the folder that its paths are relative to.

    `unpaired` are the files of that folder that no job takes, where the manifest was made of what lies there.
    """

    file: str
    folder: Path
    jobs: tuple[Job, ...]
    unpaired: tuple[Unpaired, ...] = ()


def read_manifest(path: str | Path, targets: Sequence[str]) -> Manifest:
    """Read a manifest file. Raises ConversionError with everything that is wrong."""
    path = Path(path)
    try:
        text = read_bytes(path, LARGEST_TOML).decode("utf-8")
    except OSError as error:
        raise ConversionError(
            Problem(kind=CANNOT_READ, what=f"cannot read {path}", why=error.strerror or str(error))
        ) from None
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is not UTF-8"
        raise ConversionError(Problem(kind=NO_MANIFEST, what=f"{path} is not a TOML file", why=why)) from None
    return manifest_of(text, path.parent, targets, file=str(path))


def manifest_of(text: str, folder: Path, targets: Sequence[str], *, file: str) -> Manifest:
    """The manifest that a text is, with paths relative to `folder`. Raises ConversionError with everything wrong."""
    reading = Reading(file=file, text=text, folder=folder.absolute(), targets=targets)
    try:
        tables = parsed(text)
    except ValueError as error:
        raise ConversionError(Problem(kind=NO_MANIFEST, what=f"{file} is not valid TOML: {error}")) from None
    defaults = tables.pop(DEFAULTS, {})
    if not isinstance(defaults, dict):
        reading.refuse((DEFAULTS,), "is not a table")
        defaults = {}
    good = checked(reading, DEFAULTS, defaults)
    jobs = [job for name, table in tables.items() for job in _jobs(reading, name, table, good)]
    if not tables:
        hint = 'give each model a table: [name], cfg = "...", weights = "..."'
        reading.problems.add(f"{file} names no model", hint=hint, kind=NO_MODEL)
    _refuse_shared_outputs(reading, jobs)
    reading.problems.raise_if_any()
    return Manifest(file=file, folder=reading.folder, jobs=tuple(jobs))


def _jobs(reading: Reading, name: str, table: object, defaults: Mapping[str, Any]) -> Iterator[Job]:
    if not isinstance(table, dict):
        _refuse_no_table(reading, name, table)
        return
    if inner := [key for key, value in table.items() if isinstance(value, dict) and key not in OPTIONS]:
        for key in inner:
            hint = f'its name needs quotes: ["{name}.{key}"]'
            reading.refuse((name, key), f"{key} is a table inside of another, for the dot in [{name}.{key}]", hint=hint)
        if len(inner) == len(table):
            return
    own = checked(reading, name, {key: value for key, value in table.items() if key not in inner})
    source = source_of(table) or source_of({**defaults, **table})
    if source is None:
        if "source" not in table or "source" in own:
            reading.refuse(
                (name,),
                "has no model",
                hint="give cfg and weights (Darknet), model or factory (PyTorch), or prototxt and caffemodel",
            )
        return
    refuse_foreign(reading, name, own, source)
    refuse_incomplete(reading, name, table, source)
    said = {**USUAL, **defaults, **own}
    options = {key: value for key, value in said.items() if source in OPTIONS[key].option.sources}
    files = tuple(key for key in options if OPTIONS[key].kind in ("path", "paths"))
    size = 0
    for key in files:
        given = options[key] if isinstance(options[key], list) else [options[key]]
        places = [reading.folder / one for one in given]
        size += sum(size_of_file(reading, name, key, place) for place in places)
        options[key] = str(places[0]) if OPTIONS[key].kind == "path" else [str(place) for place in places]
    if "factory" in options:
        options["factory"] = _factory(reading, name, options["factory"])
    targets = options.pop("target", "caffe")
    targets = [targets] if isinstance(targets, str) else list(dict.fromkeys(targets))
    pattern = options.pop("output", OUTPUT if len(targets) == 1 else OUTPUT_OF_MANY)
    options.pop("source", None)
    job = Job(
        name=name,
        target="",
        source=source,
        stem=reading.folder,
        folder=reading.folder,
        options=options,
        files=files,
        size=size,
    )
    for target in targets:
        try:
            stem = stem_in(reading.folder, pattern, name, target)
        except ValueError as error:
            hint = _SAY_SO if isinstance(error, LeadsOut) else ""
            reading.refuse((name, "output"), f"output: {error}", hint=hint)
        else:
            yield replace(job, target=target, stem=stem)


def _refuse_no_table(reading: Reading, name: str, value: object) -> None:
    """What is said of a key at the top of the file that is not a table."""
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        hint = f"each model has a table of its own, called after it: [NAME] in place of [[{name}]]"
        reading.problems.add(
            f"[[{name}]] is a list of tables", hint=hint, origin=reading.origin((name,)), kind=MANIFEST_KEY
        )
    elif name in OPTIONS and not OPTIONS[name].option.own:
        hint = f"for all models it belongs under [{DEFAULTS}], for one into its table"
        reading.refuse((name,), "is not a table, but stands before the first one", hint=hint)
    elif name in OPTIONS:
        reading.refuse((name,), "is not a table, but stands before the first one", hint="write [NAME] above it")
    else:
        reading.refuse((name,), "is not a table", hint='give each model a table: [NAME], cfg = "...", weights = "..."')


def _factory(reading: Reading, name: str, place: str) -> str:
    """package.module:function as it is, file.py:function with its path from the manifest's folder."""
    holder, colon, function = place.rpartition(":")
    if not colon or not holder or not function.isidentifier():
        hint = "package.module:function or path/to/file.py:function"
        reading.refuse((name, "factory"), f'factory: "{place}" names no function', hint=hint)
    if not holder.endswith(".py"):
        return place
    size_of_file(reading, name, "factory", reading.folder / holder)
    return f"{reading.folder / holder}:{function}"


def _refuse_shared_outputs(reading: Reading, jobs: Sequence[Job]) -> None:
    first: dict[Path, Job] = {}
    for job in jobs:
        other = first.setdefault(job.stem, job)
        if other is not job:
            whose = "two of its targets" if other.name == job.name else f"it and [{other.name}]"
            hint = "put {target} into output" if other.name == job.name else "give each an output of its own"
            reading.refuse((job.name, "output"), f"output: {whose} would both write {job.stem}.*", hint=hint)
