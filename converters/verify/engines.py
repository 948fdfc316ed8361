"""All engines, by the names that the command line knows."""

from __future__ import annotations

from converters.verify.embedded_engine import EMBEDDED
from converters.verify.engine import Engine
from converters.verify.mnn_engine import MNN
from converters.verify.opencv_engine import OPENCV
from converters.verify.pycaffe_engine import PYCAFFE

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (EMBEDDED, OPENCV, MNN, PYCAFFE)}
