"""A first manifest from what lies in a folder: Darknet's pairs of files, and programs of torch.export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from glob import glob
from pathlib import Path

from caffe_ir.errors import Problems
from caffe_ir.toml_text import key_text, quoted
from caffe_ir.visible import visible
from converters.batch.manifest import DEFAULTS

OUTPUT = "caffe/{name}"
_SUFFIXES = (".cfg", ".weights", ".pt2", ".pt", ".pth", ".safetensors")


def manifest_text(folder: Path, paths: Iterable[Path] | None = None) -> str:
    """The text of a manifest for the models among `paths`, or among all files below the folder.

    Weights belong to the cfg of the same name, or of the longest name that theirs begins with, as Darknet names
    them (yolo-obj_final.weights, detector.c). What cannot be converted as it lies there becomes a comment.
    """
    found = sorted(_below(folder) if paths is None else (path.absolute() for path in paths))
    chosen = [path for path in found if _is_text(str(path))]
    blocks = [f'[{DEFAULTS}]\ntarget = "caffe"\noutput = {quoted(OUTPUT)}']
    cfgs = [path for path in chosen if path.suffix == ".cfg"]
    weights = [path for path in chosen if path.suffix == ".weights"]
    owners = {path: _owner(path, cfgs) for path in weights}
    for path in chosen:
        name = _relative(path.with_suffix(""), folder)
        if path.suffix == ".cfg" and path not in owners.values():
            blocks.append(_comment(name, "the weights of", path, folder))
        elif path.suffix == ".weights":
            owner = owners[path]
            if owner is None:
                blocks.append(_comment(name, "the cfg of", path, folder))
            else:
                blocks.append(_table(name, cfg=_relative(owner, folder), weights=_relative(path, folder)))
        elif path.suffix == ".pt2":
            blocks.append(_table(name, model=_relative(path, folder)))
        elif path.suffix in _SUFFIXES and path.suffix != ".cfg":
            blocks.append(_comment(name, "a factory or the input's shape for", path, folder))
    blocks += [visible(f"# {_relative(path, folder)}: its name is no UTF-8") for path in found if path not in chosen]
    return "\n\n".join(blocks) + "\n"


def chosen(patterns: Iterable[str]) -> list[Path]:
    """The files that names and patterns (*, ?, **) stand for. Raises ConversionError where one stands for none."""
    problems, found = Problems(), list[Path]()
    for pattern in patterns:
        files = [Path(name) for name in glob(pattern, recursive=True) if Path(name).is_file()]
        if not files:
            hint = "give a manifest (.toml), a folder, or files"
            problems.add(f"{pattern} is no manifest, no folder, and no file", hint=hint)
        found += files
    problems.raise_if_any()
    return list(dict.fromkeys(found))


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.absolute().rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder.absolute()).parts)
        if path.suffix in _SUFFIXES and not hidden and path.is_file():
            yield path


def _owner(weights: Path, cfgs: list[Path]) -> Path | None:
    fitting = [
        cfg
        for cfg in cfgs
        if cfg.parent == weights.parent and (weights.stem == cfg.stem or weights.stem.startswith(f"{cfg.stem}_"))
    ]
    return max(fitting, key=lambda cfg: len(cfg.stem), default=None)


def _is_text(name: str) -> bool:
    """Whether the name of a file can stand in a manifest, which is UTF-8."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _relative(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder.absolute()).as_posix()
    except ValueError:
        return path.as_posix()


def _table(name: str, **options: str) -> str:
    header = quoted(name) if name == DEFAULTS else key_text(name)
    return "\n".join([f"[{header}]", *(f"{key} = {quoted(value)}" for key, value in options.items())])


def _comment(name: str, missing: str, path: Path, folder: Path) -> str:
    return visible(f"# {name}: {missing} {_relative(path, folder)} is missing")
