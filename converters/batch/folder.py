"""A first manifest from what lies in a folder: Darknet's and Caffe's pairs of files, and programs of torch.export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from caffe_ir.error_kinds.batch import NO_MODEL
from caffe_ir.error_kinds.general import NO_SUCH_FILE
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.files.header import read_header
from caffe_ir.toml_text import key_text, quoted
from converters.batch.manifest import Manifest, Unpaired, manifest_of
from converters.batch.manifest_reading import DEFAULTS

OUTPUT = "caffe/{name}"
_PAIRS = {".weights": ".cfg", ".caffemodel": ".prototxt"}
"""Files of weights, each with what describes the net."""
_KEYS = {".weights": ("cfg", "weights"), ".caffemodel": ("prototxt", "caffemodel")}
_PROGRAM = ".pt2"
_OTHERS = (".pt", ".pth", ".safetensors")
"""PyTorch's files that are not a model by themselves, or one without the shape of its input."""


class Found(Struct, frozen=True, kw_only=True):
    """The models that lie in a folder, each by its name with the keys of its table, and the files that belong to none.

    All paths are relative to the folder where they are below it.
    """

    folder: Path
    models: Mapping[str, Mapping[str, str]]
    unpaired: tuple[Unpaired, ...]

    def text(self) -> str:
        """The text of a manifest; what belongs to no model becomes a comment."""
        head = f'[{DEFAULTS}]\ntarget = "caffe"\noutput = {quoted(OUTPUT)}\nverify = true'
        tables = (_table(name, keys) for name, keys in self.models.items())
        return "\n\n".join([head, *tables, *(f"# {one}" for one in self.unpaired)]) + "\n"

    def manifest(self, targets: Sequence[str], *, file: str) -> Manifest:
        """The manifest that `text` is. Raises ConversionError, also where there is no model."""
        if not self.models:
            raise ConversionError(
                Problem(
                    kind=NO_MODEL,
                    what=f"there is no model in {file}",
                    hint="a model is NAME.cfg with NAME.weights, NAME.prototxt with NAME.caffemodel, or NAME.pt2",
                ),
                *(Problem(kind=NO_MODEL, what=str(one)) for one in self.unpaired),
            )
        return replace(manifest_of(self.text(), self.folder, targets, file=file), unpaired=self.unpaired)


def found_in(folder: Path, paths: Iterable[Path] | None = None) -> Found:
    """The models among `paths`, or among all files below the folder.

    Weights belong to the cfg or prototxt of the same name, or of the longest name that theirs begins with, as Darknet
    and Caffe name them (yolo-obj_final.weights, detector.c; net_iter_1000.caffemodel, solver.cpp). Prototxts that
    tocaffe wrote, and their caffemodels, are not models but what became of some.
    """
    files = sorted(_below(folder) if paths is None else (path.absolute() for path in paths if _suffix(path)))
    files = _not_written(files)
    owners = {path: _owner(path, files) for path in files if _suffix(path) in _PAIRS}
    models: dict[Path, Mapping[str, str]] = {}
    unpaired: list[Unpaired] = []
    for path in files:
        owner = owners.get(path)
        if why := _why_unpaired(path, owner, taken=path in owners.values()):
            unpaired.append(Unpaired(path=_relative(path, folder), why=why))
        elif owner:
            described, weights = _KEYS[_suffix(path)]
            models[path] = {described: _relative(owner, folder), weights: _relative(path, folder)}
        elif _suffix(path) == _PROGRAM:
            models[path] = {"model": _relative(path, folder)}
    names = _names(models, folder)
    return Found(folder=folder, models={names[path]: models[path] for path in models}, unpaired=tuple(unpaired))


def chosen(patterns: Iterable[str]) -> list[Path]:
    """The files that names and patterns (*, ?, **) stand for. Raises ConversionError where one stands for none."""
    problems, found = Problems(), list[Path]()
    for pattern in patterns:
        files = [Path(name) for name in glob(pattern, recursive=True) if Path(name).is_file()]
        if not files:
            hint = "give a manifest (.toml), a folder, or files"
            problems.add(f"{pattern} is neither a manifest, nor a folder, nor a file", hint=hint, kind=NO_SUCH_FILE)
        found += files
    problems.raise_if_any()
    return list(dict.fromkeys(found))


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.absolute().rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder.absolute()).parts)
        if _suffix(path) and not hidden and path.is_file():
            yield path


def _suffix(path: Path) -> str:
    """The ending of a file of a model, in small letters; of all others nothing."""
    suffix = path.suffix.lower()
    return suffix if suffix in (*_PAIRS, *_PAIRS.values(), _PROGRAM, *_OTHERS) else ""


def _not_written(files: Collection[Path]) -> list[Path]:
    """The files without the prototxts that tocaffe wrote, and without their caffemodels."""
    ours = {path.with_suffix("") for path in files if _suffix(path) == ".prototxt" and _is_ours(path)}
    return [
        path for path in files if not (path.with_suffix("") in ours and _suffix(path) in (".prototxt", ".caffemodel"))
    ]


def _is_ours(prototxt: Path) -> bool:
    try:
        return read_header(prototxt) is not None
    except OSError:
        return False


def _owner(weights: Path, files: Collection[Path]) -> Path | None:
    fitting = [
        path
        for path in files
        if _suffix(path) == _PAIRS[_suffix(weights)]
        and path.parent == weights.parent
        and (weights.stem == path.stem or weights.stem.startswith(f"{path.stem}_"))
    ]
    return max(fitting, key=lambda path: len(path.stem), default=None)


def _why_unpaired(path: Path, owner: Path | None, *, taken: bool) -> str:
    """Why a file belongs to no model; nothing where it does. `owner` is the cfg or prototxt of weights."""
    if not _is_text(str(path)):
        return "its name is not UTF-8, and cannot stand in a manifest"
    weights = next((suffix for suffix, described in _PAIRS.items() if described == _suffix(path)), "")
    if weights and not taken:
        return f"there is no {path.stem}{weights} or {path.stem}_*{weights} beside it"
    if _suffix(path) in _PAIRS and owner is None:
        kind = _PAIRS[_suffix(path)].removeprefix(".")
        return f"there is no {kind} beside it with its name, or with the first part of its name before a _"
    if _suffix(path) == ".pt":
        return (
            "if it is TorchScript, give it a table with model and input; if it holds weights, with factory and weights"
        )
    if _suffix(path) in _OTHERS:
        return "it holds weights alone: give it a table with factory, weights and input"
    return ""


def _is_text(name: str) -> bool:
    """Whether the name of a file can stand in a manifest, which is UTF-8."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _names(paths: Iterable[Path], folder: Path) -> dict[Path, str]:
    """The name of each model: its file's without the ending, which stays where two would be called the same."""
    short = {path: _relative(path.with_suffix(""), folder) for path in paths}
    count = Counter(short.values())
    names = {path: name if count[name] == 1 else _relative(path, folder) for path, name in short.items()}
    return {path: f"./{name}" if name == DEFAULTS else name for path, name in names.items()}


def _relative(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder.absolute()).as_posix()
    except ValueError:
        return path.as_posix()


def _table(name: str, keys: Mapping[str, str]) -> str:
    return "\n".join([f"[{key_text(name)}]", *(f"{key} = {quoted(value)}" for key, value in keys.items())])
