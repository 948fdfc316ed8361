"""The comments of a prototxt of ours: how it was made, at its head, and where its weights come from, at its end."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random

from caffe_ir.errors import ConversionError, Problem
from caffe_ir.files.header import Origins, header_of, with_header
from caffe_ir.files.weight_sources import HEAD, read_sources
from caffe_ir.toml_text import key_text
from converters.cli.verify_stated import stated_options
from converters.options import DarknetOptions, PyTorchOptions
from tests.fuzz.format import Files, Format
from tests.fuzz.formats.manifest import ODD
from tests.fuzz.mutation import maybe_damaged, number, text

ORIGINS = (
    Origins(
        command="convert darknet a.cfg 'b c.weights' --batch 2",
        options={"source": "darknet", "cfg": "a.cfg", "weights": "b c.weights", "batch": 2, "fold_bn": True},
        source_bytes={"a.cfg": 12, "b c.weights": 3},
    ),
    Origins(
        command="convert pytorch zoo.py:net --input 1x3x8x8",
        options={"source": "pytorch", "factory": "zoo.py:net", "input": ["1x3x8x8"], "arguments": ["depth=18"]},
        source_bytes={"zoo.py": 12},
    ),
)
BODY = 'name: "net"\nlayer {\n  name: "data"\n  type: "Input"\n  top: "data"\n}\n'
SOURCES = (
    '# "stem.0" <- "stem.0.weight"',
    '# "stem.1" <- "stem.1.running_mean" "stem.1.running_var" constant',
    '# "up" <- constant computed',
    '# the shape of "gamma" 8x1x1',
    '# as it was "relative_position_index" 5f0c0b3d4c6b2a17',
    '# unused "aux.weight"',
    '# the same "decoder.weight" "encoder.weight"',
)
SIZES = {"a.cfg": 12, "zoo.py": 13, "net.caffemodel": 5}


@cache
def written(place: int) -> tuple[str, ...]:
    """The lines of a prototxt."""
    return tuple(with_header(BODY, ORIGINS[place], "caffe", {".caffemodel": 5, ".heads.json": 2}).splitlines())


def make(rng: Random) -> Files:
    """Half of them with a line or two that are odd, left out, doubled or put elsewhere; a fifth with damaged bytes."""
    lines = [*written(rng.randrange(len(ORIGINS))), HEAD, *rng.sample(SOURCES, rng.randint(0, len(SOURCES)))]
    for _ in range(rng.choice((0, 0, 1, 2))):
        place, how = rng.randrange(len(lines)), rng.random()
        if how < 0.5:
            key, middle, value = lines[place].partition(rng.choice((" = ", " <- ", " ")))
            lines[place] = rng.choice((f"{key}{middle}{_value(rng)}", f"# {key_text(text(rng))}{middle}{value}"))
        elif how < 0.7:
            del lines[place]
        elif how < 0.9:
            lines.insert(rng.randrange(len(lines)), lines[place])
        else:
            lines.insert(place, f"# {rng.choice(('file_bytes', 'source_bytes', 'batch', 'bn'))} = {_value(rng)}")
    content = rng.choice(("\n", "\n", "\n", "\r\n")).join([*lines, ""]).encode("utf-8", "surrogatepass")
    return {"x.prototxt": maybe_damaged(content, rng, 0.2)}


def _value(rng: Random) -> str:
    return rng.choice((str(number(rng)), json.dumps(text(rng)), *ODD))


def read(folder: Path) -> None:
    """All that is made of a comment; one that is passed over counts as refused here."""
    path = folder / "x.prototxt"
    read_sources(path.read_bytes().decode(errors="replace"))
    stated_options(path, DarknetOptions, {}, {}, SIZES)
    stated_options(path, PyTorchOptions, {}, {}, SIZES)
    header = header_of(path.read_bytes())
    if header is None or not header.options:
        raise ConversionError(Problem(what="the comment cannot be read"))


FORMATS = (Format(name="comment", make=make, read=read),)
