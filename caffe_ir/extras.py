"""Optional packages: what is said where one is missing or broken, and the command that installs it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from caffe_ir.error_kinds.general import NOT_INSTALLED
from caffe_ir.errors import ConversionError, Problem

EXTRAS = {
    "torch": "pytorch",
    "safetensors": "pytorch",
    "cv2": "verify",
    "jinja2": "verify",
    "matplotlib": "verify",
    "MNN": "mnn",
    "h5py": "hdf5",
    "distributed": "batch",
}
"""The packages, as they are imported, and the extra of tocaffe that each belongs to."""
_MISSING = "is not installed"
_TITLES = {"torch": "PyTorch", "cv2": "OpenCV", "distributed": "Dask"}


class NotInstalledError(ConversionError):
    """An optional package is missing or broken: neither the model nor the command is at fault."""


def require(purpose: str, *packages: str) -> None:
    """Raise NotInstalledError where one of the packages that `purpose` needs is not there. Imports none."""
    for package in packages:
        if find_spec(package) is None:
            raise NotInstalledError(
                Problem(
                    kind=NOT_INSTALLED,
                    what=f"{purpose} needs {_named(package)}, which {_MISSING}",
                    hint=install(package),
                )
            )


def load(purpose: str, *packages: str) -> None:
    """Import the packages that `purpose` needs. Raises NotInstalledError where one is not there, or is broken."""
    for package in packages:
        if fault := fault_of(package):
            raise NotInstalledError(
                Problem(
                    kind=NOT_INSTALLED, what=f"{purpose} needs {_named(package)}, which {fault.what}", hint=fault.hint
                )
            )


def fault_of(package: str) -> Problem | None:
    """Why a package cannot be imported, as what is said behind its name; None where it is imported.

    A package that is there may still want a library of the system: cv2 wants libGL where it is not the headless one.
    """
    try:
        import_module(package)
    except ModuleNotFoundError as error:
        if error.name == package:
            return Problem(kind=NOT_INSTALLED, what=_MISSING, hint=install(package))
        return _broken(package, error)
    except (ImportError, OSError) as error:
        return _broken(package, error)
    return None


def install(package: str) -> str:
    """The command that installs a package with tocaffe, which no package index has yet."""
    return f"in your clone of tocaffe: pip install '.[{EXTRAS[package]}]'"


def _named(package: str) -> str:
    return _TITLES.get(package, package)


def _broken(package: str, error: ImportError | OSError) -> Problem:
    said = next(iter(str(error).splitlines()), "") or type(error).__name__
    hint = f"python -c 'import {package}' must work first: install what it names, or {_named(package)} anew"
    return Problem(kind=NOT_INSTALLED, what=f"is installed and cannot be loaded: {said}", hint=hint)
