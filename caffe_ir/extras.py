"""Optional packages: what is said where one is missing, and the command that installs it."""

from __future__ import annotations

from importlib.util import find_spec

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
_TITLES = {"torch": "PyTorch", "cv2": "OpenCV", "distributed": "Dask"}


class NotInstalledError(ConversionError):
    """An optional package is missing: neither the model nor the command is at fault."""


def require(purpose: str, *packages: str) -> None:
    """Raise NotInstalledError where one of the packages that `purpose` needs is not there."""
    for package in packages:
        if find_spec(package) is None:
            what = f"{purpose} needs {_TITLES.get(package, package)}, which is not installed"
            raise NotInstalledError(Problem(what=what, hint=install(package)))


def install(package: str) -> str:
    """The command that installs a package with tocaffe, which no package index has yet."""
    return f"in your clone of tocaffe: pip install '.[{EXTRAS[package]}]'"
