"""Checkpoints of torch.save: the zip of today, and the row of pickles from before torch 1.6."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from random import Random

from tests.fuzz.format import Files, Format
from tests.fuzz.mutation import damaged, maybe_damaged, number
from tests.fuzz.pickled import COUNT, checkpoint, keys, pickled
from tests.fuzz.tensors import read_tensors
from tests.fuzz.undated import put

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def make_zip(rng: Random) -> Files:
    storages = keys(rng)
    content = pickled(checkpoint(rng, storages))
    if rng.random() < 0.1:
        content = damaged(content, rng, most=2)
    odd = rng.random() < 0.15
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED if odd and rng.random() < 0.3 else zipfile.ZIP_STORED) as made:
        put(made, "archive/data.pkl", content)
        if rng.random() < 0.7:
            put(made, "archive/byteorder", rng.choice(("little", "big", "", "x" * 5000)) if odd else "little")
        for key in storages:
            put(made, f"archive/data/{key.name}", bytes(rng.choice((0, 3, key.bytes)) if odd else key.bytes))
        put(made, "archive/version", "3\n")
    return {"x.pth": maybe_damaged(sink.getvalue(), rng, 0.2)}


def make_legacy(rng: Random) -> Files:
    storages = keys(rng, legacy=True)
    odd = rng.random() < 0.2
    body = pickled(checkpoint(rng, storages))
    if rng.random() < 0.1:
        body = damaged(body, rng, most=2)
    head = pickled(MAGIC) + pickled(PROTOCOL if not odd else rng.choice((PROTOCOL, 1000, "x"))) + pickled(SYSTEM)
    names: list[object] = [key.name for key in storages]
    tail = pickled(names if not odd else rng.choice((names, names[:-1], [3], "x", [*names, "9"])))
    for key in storages:
        count = COUNT if not odd or rng.random() < 0.7 else number(rng) & ((1 << 64) - 1)
        tail += count.to_bytes(8, "little") + bytes(key.bytes if not odd or rng.random() < 0.9 else 10)
    return {"x.pth": maybe_damaged(head + body + tail, rng, 0.2)}


def read(folder: Path) -> None:
    read_tensors(folder / "x.pth")


FORMATS = (
    Format(name="pth", make=make_zip, read=read),
    Format(name="pth-legacy", make=make_legacy, read=read),
)
