"""safetensors: a header of JSON with tensors that overlap, leave holes or claim what is not there."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from tests.fuzz.format import Files, Format
from tests.fuzz.mutation import maybe_damaged, number, text
from tests.fuzz.tensors import read_tensors

WIDTHS = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def make(rng: Random) -> Files:
    """Up to four tensors in a row; a third of the files with an odd field, a fifth with damaged bytes."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}} if rng.random() < 0.3 else {}
    begin, odd = 0, rng.random() < 0.35
    for place in range(rng.randint(1, 4)):
        dtype = rng.choice(tuple(WIDTHS))
        shape = [rng.randint(0, 5) for _ in range(rng.randint(0, 4))]
        end = begin + WIDTHS[dtype]
        for size in shape:
            end = begin + (end - begin) * size
        entry: dict[str, object] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
        if odd and rng.random() < 0.5:
            _spoil(entry, rng)
        header[f"layer{place}.weight" if rng.random() < 0.9 else text(rng)] = entry
        begin = end
    written = json.dumps(header, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    if odd and rng.random() < 0.2:
        written = rng.choice((b"[1]", b"{}", b"[" * 5000, b'{"a":' * 3000, written[:-1], written * 2, b'{"a": NaN}'))
    written += b" " * (-len(written) % 8)
    length = len(written) if not odd or rng.random() < 0.9 else number(rng) & ((1 << 64) - 1)
    data = length.to_bytes(8, "little") + written + bytes(max(0, begin + (rng.choice((0, 0, 0, 1, -1)) if odd else 0)))
    return {"x.safetensors": maybe_damaged(data, rng, 0.2)}


def _spoil(entry: dict[str, object], rng: Random) -> None:
    field = rng.choice(("dtype", "shape", "data_offsets", "data_offsets", text(rng)))
    entry[field] = rng.choice(
        (
            *([number(rng), number(rng)], [number(rng)], [0.0, 8.0], [], "F32", "F8_E4M3", "12", None, True, {}, 3),
            *([True, 2], [1.5], [-8, 0], [0, 2**63], [1] * 70, [[1], [2]], ["1", "2"], 10**400, [10**400, 1]),
        )
    )
    if rng.random() < 0.1:
        del entry[field]


def read(folder: Path) -> None:
    read_tensors(folder / "x.safetensors")


FORMATS = (Format(name="safetensors", make=make, read=read),)
