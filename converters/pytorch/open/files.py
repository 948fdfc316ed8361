"""What PyTorch users have in files, recognised by what is inside, and opened."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Container, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch.export import ExportedProgram

from caffe_ir.error_kinds.files import CANNOT_READ
from caffe_ir.error_kinds.opening import CANNOT_OPEN, CODE_IN_FILE, NO_PROGRAM, NOT_A_MODEL, SEVERAL_MODELS
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.given_files import check_regular
from converters.pytorch.capture.capture import Model
from converters.pytorch.capture.exporting import quiet
from converters.pytorch.capture.unfit import quantized_told
from converters.pytorch.open.factories import FACTORY
from converters.pytorch.open.program_inspection import faults_of_program
from converters.pytorch.open.script_inspection import QUANTIZED, faults_of_script
from converters.pytorch.open.zip_archive import Damaged
from converters.weights.strangers import stranger
from converters.weights.unreadable import Unreadable
from converters.weights.zip_entries import archive

Kind = Literal["exported program", "TorchScript", "pickle", "safetensors", "unknown"]
LEGACY_PICKLE = b"\x80\x02\x8a\x0a"
TRUSTED = "if you trust where the file comes from, --trust-pickle opens it as it is"


DEEPEST = 3
"""So deep tensors are looked for in what a pickle holds."""


def kind_of(path: Path) -> Kind:
    """What a file is, by its first bytes and the names inside. Raises ConversionError where it cannot be read."""
    try:
        check_regular(path)
        with open(path, "rb") as file:
            head = file.read(16)
        if head[:4] == LEGACY_PICKLE:
            return "pickle"
        if head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") <= path.stat().st_size - 8:
            return "safetensors"
        if not zipfile.is_zipfile(path):
            return "unknown"
        with open(path, "rb") as file, archive(path, file) as found:
            return _kind_of_archive(found.entries)
    except Unreadable as error:
        raise ConversionError(error.of(path)) from None
    except OSError as error:
        raise ConversionError(
            Problem(
                kind=CANNOT_READ, what=f"cannot read {path}", why=error.strerror or str(error), hint="check the path"
            )
        ) from None


def _kind_of_archive(names: Collection[str]) -> Kind:
    inner = {name.partition("/")[2] for name in names}
    if "archive_format" in inner or "models/model.json" in inner or "serialized_exported_program.json" in names:
        return "exported program"
    if "constants.pkl" in inner and any(name.startswith("code/") for name in inner):
        return "TorchScript"
    return "pickle" if "data.pkl" in inner else "unknown"


def open_model(path: str | Path, *, trust_pickle: bool = False, handled: Container[str] = ()) -> Model:
    """The model in a .pt2, a TorchScript .pt, or (only if trusted) a pickled module. Raises ConversionError.

    Unless it is trusted, nothing of the file is run. `handled` are operations that the user gave handlers for, as
    `mylib.op.default`; a program may name them too.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == "exported program":
        return _exported_program(path, inspected=None if trust_pickle else handled)
    if kind == "TorchScript":
        return _script(path, inspected=not trust_pickle)
    if kind == "safetensors":
        raise ConversionError(_weights_alone(path))
    if kind == "unknown":
        raise ConversionError(stranger(path))
    held = _unpickled(path, trust_pickle=trust_pickle)
    if isinstance(held, torch.nn.Module):
        return held
    inside = (
        {key: value for key, value in held.items() if isinstance(value, torch.nn.Module)}
        if isinstance(held, Mapping)
        else {}
    )
    if len(inside) == 1:
        return next(iter(inside.values()))
    if inside:
        what = f"{path} holds {len(inside)} models: {', '.join(map(str, inside))}"
        raise ConversionError(
            Problem(kind=SEVERAL_MODELS, what=what, hint="load the file in Python and convert the one that you mean")
        )
    raise ConversionError(_weights_alone(path) if _has_tensors(held) else _no_model(path, held))


def _exported_program(path: Path, *, inspected: Container[str] | None) -> ExportedProgram:
    """The program in a .pt2; `inspected` are the operations that it may name beyond torch's, None where any may be."""
    try:
        with open(path, "rb") as file, quiet():
            if inspected is not None:
                _refuse_code(path, faults_of_program(file, inspected))
                file.seek(0)
            return torch.export.load(file)
    except ConversionError:
        raise
    except Exception as error:
        if isinstance(error, Damaged) or _broken_entry(path):
            raise ConversionError(_damaged(path, error)) from None
        raise ConversionError(
            Problem(
                kind=CANNOT_OPEN,
                what=f"torch {torch.__version__} cannot open {path}",
                why=_first_line(error),
                hint="a .pt2 belongs to the version of torch that wrote it: export the model again with this one",
            )
        ) from None


def _refuse_code(path: Path, faults: list[str]) -> None:
    """Raise ConversionError with everything in a file that could run code when it is opened."""
    why = "opening it could run code that stands in it"
    hint = f"export the model again from its source, with torch.export.save; {TRUSTED}"
    Problems(
        found=[Problem(kind=CODE_IN_FILE, what=f"{path} {fault}", why=why, hint=hint) for fault in faults]
    ).raise_if_any()


def _broken_entry(path: Path) -> bool:
    """Whether some entry of the archive is not what its checksum says."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is not None
    except (OSError, zipfile.BadZipFile, zlib.error):
        return True


def _script(path: Path, *, inspected: bool) -> torch.nn.Module:
    try:
        with quiet():
            if inspected:
                with open(path, "rb") as file:
                    faults = faults_of_script(file)
                if any(QUANTIZED in fault for fault in faults):
                    raise ConversionError(quantized_told(f"{path} is"))
                _refuse_code(path, faults)
            script: torch.nn.Module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
            return script
    except ConversionError:
        raise
    except Exception as error:
        raise ConversionError(_damaged(path, error)) from None


def _unpickled(path: Path, *, trust_pickle: bool) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=not trust_pickle)
    except pickle.UnpicklingError as error:
        first = re.search(r"GLOBAL ([\w.]+)", str(error))
        if trust_pickle or (first is None and zipfile.is_zipfile(path) and _broken_entry(path)):
            raise ConversionError(_damaged(path, error)) from None
        what = f"{path} holds more than tensors, and is not opened for a model"
        why = f"it is a pickle with Python objects inside{f', {first[1]} for one' if first else ''}"
        hint = f"{FACTORY.replace('FILE', str(path))}; {TRUSTED}"
        raise ConversionError(Problem(kind=CODE_IN_FILE, what=what, why=why, hint=hint)) from None
    except (AttributeError, ImportError) as error:
        why = f"the pickle names a class that is not there: {error}"
        hint = "run it where the model's code can be imported, or give a factory"
        raise ConversionError(Problem(kind=CANNOT_OPEN, what=f"cannot open {path}", why=why, hint=hint)) from None
    except Exception as error:
        raise ConversionError(_damaged(path, error)) from None


def _has_tensors(held: object, depth: int = 0) -> bool:
    inside = held.values() if isinstance(held, Mapping) and depth < DEEPEST else ()
    return any(isinstance(one, torch.Tensor) or _has_tensors(one, depth + 1) for one in inside)


def _no_model(path: Path, held: object) -> Problem:
    what = f"{path} holds a {type(held).__name__}, which is neither a model nor weights by name"
    return Problem(kind=NOT_A_MODEL, what=what, hint=FACTORY)


def _weights_alone(path: Path) -> Problem:
    return Problem(
        kind=NO_PROGRAM,
        what=f"{path} holds weights alone",
        why="a state_dict has numbers by name, but not what is computed with them",
        hint=FACTORY.replace("FILE", str(path)),
    )


def _damaged(path: Path, error: BaseException) -> Problem:
    return Problem(
        kind=CANNOT_OPEN, what=f"{path} is damaged or cut short", why=_first_line(error), hint="fetch it again"
    )


def _first_line(error: BaseException) -> str:
    """What happened; of torch's unpickler behind its advice."""
    text = str(error)
    lines = (text.partition("WeightsUnpickler error:")[2] or text).strip().splitlines()
    return lines[0] if lines else type(error).__name__
