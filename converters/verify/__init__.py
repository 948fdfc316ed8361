"""Is a Caffe net what its source is? Their values side by side, layer by layer, in several engines.

from converters.verify import caffe_files, source_of, verify
print(verify(source_of("my net", net, expected), caffe_files("net.prototxt", "net.caffemodel")).verdict)

The comparison itself is imported when it is asked for: who only runs a net on pictures reads files and engines here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from converters.verify.caffe_source import caffe_files, caffe_source
from converters.verify.embedded_engine import EMBEDDED
from converters.verify.engine import CaffeFiles, Engine, EngineFailed
from converters.verify.engines import ENGINES
from converters.verify.source import Reference, ReferenceFailed, Source, source_of
from converters.verify.tool_engine import tool_engine

if TYPE_CHECKING:
    from converters.verify.trial import Comparison, Trial
    from converters.verify.verification import verify

__all__ = [
    "EMBEDDED",
    "ENGINES",
    "CaffeFiles",
    "Comparison",
    "Engine",
    "EngineFailed",
    "Reference",
    "ReferenceFailed",
    "Source",
    "Trial",
    "caffe_files",
    "caffe_source",
    "source_of",
    "tool_engine",
    "verify",
]

_LATER = {"Comparison": "trial", "Trial": "trial", "verify": "verification"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
