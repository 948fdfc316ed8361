"""Where the files of a job go: what a manifest says of `output`, and that it leads nowhere that it does not say.

A manifest may come from anybody, with a folder around it. It writes below this folder; elsewhere only where its
`output` begins with the folder as an absolute path, which whoever reads it sees.
"""

from __future__ import annotations

import os
import string
from pathlib import Path

from caffe_ir.files.file_names import BESIDE, BINARY, HDF5, PROTOTXT
from caffe_ir.files.replaceable import with_ending

OUTPUT, OUTPUT_OF_MANY = "{name}", "{target}/{name}"
"""Where files go if nothing is said: by the model's name, and under the target's where there are several."""
ENDINGS = (PROTOTXT, BINARY, HDF5, *BESIDE, ".verify.html")
"""What follows the stem in the names of all files that a job may write."""


def filled(pattern: str, name: str, target: str) -> str | None:
    """The pattern with the two in the places of {name} and {target}; None where there is more in its braces.

    Not by `format`: it lets a pattern ask for any width and for what Python knows of a string.
    """
    values = {None: "", "name": name, "target": target}
    try:
        parts = list(string.Formatter().parse(pattern))
    except ValueError:  # a single brace
        return None
    if any(field not in values or spec or conversion for _, field, spec, conversion in parts):
        return None
    return "".join(text + values[field] for text, field, _, _ in parts)


class LeadsOut(ValueError):
    """A place is not below the folder that the manifest says, or its own."""


def stem_in(folder: Path, pattern: str, name: str, target: str) -> Path:
    """Where the files go; parts that lead up and down again are taken out, so that equal places are equal paths.

    Raises ValueError where no file can be. Raises LeadsOut where they would not be below `folder`, links followed, or,
    for a pattern that begins with an absolute path, where {name} or {target} would lead out of it.
    """
    made = folder / (filled(pattern, name, target) or name)
    if "\0" in str(made):
        raise ValueError("the name of a file cannot hold a null byte")
    stem = made.parent.resolve() / made.name
    said = pattern.partition("{")[0]
    if Path(said).is_absolute():
        where = said if said.endswith(("/", os.sep)) else os.path.dirname(said)
        if not Path(os.path.normpath(made)).is_relative_to(os.path.normpath(where)):
            raise LeadsOut(f"{stem} is outside of {where}")
    elif way := _way_out(folder.resolve(), stem):
        raise LeadsOut(f"{way} is outside of the manifest's folder, {folder}")
    return stem


def _way_out(folder: Path, stem: Path) -> str:
    """The place outside of the folder that a file of the stem would have; nothing where there is none."""
    if not stem.is_relative_to(folder):
        return str(stem)
    for place in (with_ending(stem, ending) for ending in ENDINGS):
        if leads_out(folder, place):
            return f"{os.path.realpath(place)}, where the link {place} leads,"
    return ""


def leads_out(folder: Path, place: Path) -> bool:
    """Whether a place is a link to somewhere that is not below the folder."""
    return os.path.islink(place) and not Path(os.path.realpath(place)).is_relative_to(folder.resolve())
