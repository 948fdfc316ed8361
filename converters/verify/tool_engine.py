"""Any program as an engine: a vendor's mapper and simulator, run by a command line with files in between.

The command holds words in braces, each replaced by a path: {prototxt} and {caffemodel} are the net, {inputs} is an .npz
with an array for each input blob, {outputs} the .npz that the program must write, an array for each blob that it can
show, by the blob's name in the prototxt. float32, row by row, the axes as Caffe has them. It need not show more than
the net's outputs. It fails by an exit code other than 0, and its last line says why.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from caffe_ir.blob import Array
from caffe_ir.files.npz import write_npz
from caffe_ir.files.prototxt import written_names
from converters.verify.child import last_words
from converters.verify.engine import CaffeFiles, Engine, EngineFailed
from converters.verify.source import Feeds

NAME = "tool"
_FILES = ("prototxt", "caffemodel", "inputs", "outputs")
_BRACES = re.compile(r"\{(\w*)\}")


def tool_engine(command: str) -> Engine:
    """The engine that a command is; nothing is run by a shell. Raises ValueError with what is wrong in the command."""
    words = _words(command)

    def missing() -> str:
        return "" if shutil.which(words[0]) else f"there is no program {words[0]}"

    def blobs(files: CaffeFiles, wanted: Sequence[str], feeds: Feeds) -> Iterator[Array | None]:
        return _blobs(words, files, wanted, feeds)

    return Engine(name=NAME, missing=missing, title=lambda: Path(words[0]).name, blobs=blobs, tolerance=1e-3, hdf5=True)


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"the command cannot be split into words: {error}") from None
    used = set(_BRACES.findall(command))
    listed = ", ".join(f"{{{name}}}" for name in _FILES)
    if unknown := sorted(used - {*_FILES}):
        raise ValueError(f"{{{unknown[0]}}} is not one of the files of a command, which are {listed}")
    if lacking := [name for name in ("prototxt", "inputs", "outputs") if name not in used]:
        raise ValueError(f"the command does not say where {{{lacking[0]}}} goes; the files are {listed}")
    return words


def _blobs(words: Sequence[str], files: CaffeFiles, wanted: Sequence[str], feeds: Feeds) -> Iterator[Array | None]:
    names = written_names(files.net)
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder, "inputs.npz"), Path(folder, "outputs.npz")
        write_npz(inputs, ((names[name], array.astype(np.float32)) for name, array in feeds.items()))
        places = dict(zip(_FILES, (files.prototxt, files.caffemodel, inputs, outputs), strict=True))
        _run(words, {name: str(path.resolve()) for name, path in places.items()}, folder)
        shown = _shown(outputs)
        last = {name: blob for blob, name in names.items()}
        if not shown.keys() & last.keys():
            raise EngineFailed(f"the tool shows no blob of the net; {{outputs}} has {', '.join(shown) or 'no arrays'}")
        for blob in wanted:  # a layer that works in place leaves nothing of what was there before
            yield shown.get(names[blob]) if last[names[blob]] == blob else None


def _run(words: Sequence[str], places: dict[str, str], folder: str) -> None:
    command = [_BRACES.sub(lambda found: places[found[1]], word) for word in words]
    try:
        done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise EngineFailed(f"the tool cannot be started: {error.strerror or error}") from None
    if done.returncode:
        raise EngineFailed(f"the tool ends with {done.returncode}: {last_words(done)}")
    if not Path(places["outputs"]).is_file():
        raise EngineFailed(f"the tool wrote no {{outputs}}; its last line: {last_words(done)}")


def _shown(path: Path) -> dict[str, Array]:
    """The arrays in the tool's file, by names of blobs. Raises EngineFailed."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
        raise EngineFailed(f"the tool's {{outputs}} cannot be read as .npz: {error}") from None
    for name, array in found.items():
        if array.dtype.kind not in "fiu":
            raise EngineFailed(f"the tool shows {name} as {array.dtype}, which is not a number")
    return found
