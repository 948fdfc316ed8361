"""What PyTorch users have in files, told apart by what is inside, and opened; models from a Python function."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import sys
import traceback
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import torch
from torch.export import ExportedProgram

from caffe_ir.errors import ConversionError, Problem
from converters.pytorch.capture import Model

Kind = Literal["exported program", "TorchScript", "pickle", "safetensors", "unknown"]
LEGACY_PICKLE = b"\x80\x02\x8a\x0a"
TRUST = (
    "unpickling runs whatever code the file holds; if you trust where it comes from, say --trust-pickle, "
    "or load it yourself and save it with torch.export.save"
)
FACTORY = "give package.module:function or path/to/file.py:function that returns the model, with --weights FILE"


def kind_of(path: Path) -> Kind:
    """What a file is, by its first bytes and the names inside. Raises ConversionError where it cannot be read."""
    try:
        with open(path, "rb") as file:
            head = file.read(16)
        if head[:4] == LEGACY_PICKLE:
            return "pickle"
        if head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") <= path.stat().st_size - 8:
            return "safetensors"
        if not zipfile.is_zipfile(path):
            return "unknown"
        with zipfile.ZipFile(path) as archive:
            return _kind_of_archive(archive.namelist())
    except OSError as error:
        raise ConversionError(
            Problem(what=f"cannot read {path}", why=error.strerror or str(error), hint="check the path")
        ) from None
    except zipfile.BadZipFile as error:
        raise ConversionError(_damaged(path, error)) from None


def _kind_of_archive(names: list[str]) -> Kind:
    inner = {name.partition("/")[2] for name in names}
    if "archive_format" in inner or "models/model.json" in inner or "serialized_exported_program.json" in names:
        return "exported program"
    if "constants.pkl" in inner and any(name.startswith("code/") for name in inner):
        return "TorchScript"
    return "pickle" if "data.pkl" in inner else "unknown"


def open_model(path: str | Path, *, trust_pickle: bool = False) -> Model:
    """The model in a .pt2, a TorchScript .pt, or (only if trusted) a pickled module. Raises ConversionError."""
    path = Path(path)
    kind = kind_of(path)
    if kind == "exported program":
        return _exported_program(path)
    if kind == "TorchScript":
        return _script(path)
    if kind == "safetensors":
        raise ConversionError(_weights_alone(path))
    if kind == "unknown":
        raise ConversionError(
            Problem(
                what=f"{path} is no file of PyTorch",
                why="it is neither a .pt2, nor TorchScript, nor a pickle of torch.save, nor safetensors",
                hint="save the model with torch.export.save(torch.export.export(model, inputs), 'model.pt2')",
            )
        )
    held = _unpickled(path, trust_pickle=trust_pickle, wants="a model")
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
        raise ConversionError(Problem(what=what, hint="load the file in Python and convert the one that you mean"))
    raise ConversionError(_weights_alone(path))


def open_weights(path: str | Path, *, trust_pickle: bool = False) -> Mapping[str, Any]:
    """The tensors of a .safetensors or of a pickled state_dict, mapped from the file, as nested as they are there.

    Raises ConversionError.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == "safetensors":
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except Exception as error:
            raise ConversionError(_damaged(path, error)) from None
    if kind == "pickle":
        held = _unpickled(path, trust_pickle=trust_pickle, wants="weights")
        if isinstance(held, torch.nn.Module):
            return dict(held.state_dict())
        if isinstance(held, Mapping):
            return held
    what = f"{path} holds no weights by name"
    raise ConversionError(Problem(what=what, why=f"it is {kind}", hint="give a state_dict (.pth) or .safetensors"))


def load_factory(place: str, arguments: Mapping[str, Any] | None = None) -> torch.nn.Module:
    """The module that `package.module:function` or `file.py:function` returns. Raises ConversionError.

    It runs with torch's seed 0, so that random weights are the same at every call. What it raises is told with its own
    traceback.
    """
    holder, colon, name = place.rpartition(":")
    if not colon or not holder or not name.isidentifier():
        raise ConversionError(Problem(what=f"{place!r} names no function", hint=FACTORY))
    module = _imported(holder)
    factory: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(factory):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        why = f"it has {', '.join(known[:8])}" if known else ""
        raise ConversionError(Problem(what=f"{holder} has no function {name}", why=why))
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            made = factory(**(arguments or {}))
    except Exception as error:
        raise ConversionError(_raised(f"{place} raised {type(error).__name__}", error)) from None
    if not isinstance(made, torch.nn.Module):
        what = f"{place} returned a {type(made).__name__}"
        raise ConversionError(Problem(what=what, hint="it must return the model, a torch.nn.Module"))
    return made


def _imported(holder: str) -> ModuleType:
    if holder.endswith(".py"):
        return import_file(Path(holder))
    try:
        return importlib.import_module(holder)
    except Exception as error:
        raise ConversionError(_raised(f"{holder} cannot be imported: {type(error).__name__}", error)) from None


def import_file(path: Path) -> ModuleType:
    """The module that a Python file holds. Raises ConversionError, with the file's own traceback."""
    if not path.is_file():
        raise ConversionError(Problem(what=f"there is no file {path}", hint="check the path"))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConversionError(Problem(what=f"{path} is no Python file", hint="its name must end in .py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConversionError(_raised(f"{path} cannot be imported: {type(error).__name__}", error)) from None
    return module


def _exported_program(path: Path) -> ExportedProgram:
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.load(file)
    except Exception as error:
        raise ConversionError(
            Problem(
                what=f"torch {torch.__version__} cannot open {path}",
                why=_first_line(error),
                hint="a .pt2 belongs to the version of torch that wrote it: export the model again with this one",
            )
        ) from None


def _script(path: Path) -> torch.nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            script: torch.nn.Module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
            return script
    except Exception as error:
        raise ConversionError(_damaged(path, error)) from None


def _unpickled(path: Path, *, trust_pickle: bool, wants: str) -> Any:
    mapped = zipfile.is_zipfile(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", mmap=mapped, weights_only=not trust_pickle)
    except pickle.UnpicklingError as error:
        if trust_pickle:
            raise ConversionError(_damaged(path, error)) from None
        what = f"{path} holds more than tensors, and is not opened for {wants}"
        raise ConversionError(Problem(what=what, why="it is a pickle with Python objects inside", hint=TRUST)) from None
    except (AttributeError, ImportError) as error:
        why = f"the pickle names a class that is not there: {error}"
        hint = "run it where the model's code can be imported, or give a factory"
        raise ConversionError(Problem(what=f"cannot open {path}", why=why, hint=hint)) from None
    except Exception as error:
        raise ConversionError(_damaged(path, error)) from None


def _weights_alone(path: Path) -> Problem:
    return Problem(
        what=f"{path} holds weights alone",
        why="a state_dict has numbers by name, but not what is computed with them",
        hint=FACTORY.replace("FILE", str(path)),
    )


def _raised(what: str, error: Exception) -> Problem:
    """A problem with the user's part of the traceback: from his own file on."""
    frames = traceback.extract_tb(error.__traceback__)
    hidden = (__file__, importlib.__file__, "<frozen")
    own = [frame for frame in frames if not frame.filename.startswith(hidden)]
    text = "".join(traceback.format_list(own)) + "".join(traceback.format_exception_only(error))
    return Problem(what=f"{what}\n{text.rstrip()}")


def _damaged(path: Path, error: BaseException) -> Problem:
    return Problem(what=f"{path} is damaged or cut short", why=_first_line(error), hint="fetch it again")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
