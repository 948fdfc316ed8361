"""NumPy's .npy and .npz: headers with odd fields, arrays that are longer or shorter than they say, archives of them."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from random import Random

from tests.fuzz.format import Files, Format
from tests.fuzz.mutation import encodable, maybe_damaged, number, text
from tests.fuzz.tensors import read_tensors
from tests.fuzz.undated import put

TYPES = (
    *("<f4", "<f8", "<f2", "<i8", "<i4", "<i2", "|i1", "|u1", "|b1", "<u2", "<u4", "<u8", "<c8", "<c16", ">f4", ">i2"),
    *("|O", "<U3", "|S4", "|V8", "<M8[s]", "[('a', '<f4')]", "f4", "4f4", "", "('<f4', (2,))"),
)
WIDTHS = {"2": 2, "4": 4, "8": 8, "1": 1, "6": 16}


def array(rng: Random) -> bytes:
    """An .npy; two in ten have an odd header, one in ten numbers that are too many or too few."""
    odd = rng.random() < 0.2
    code = rng.choice(TYPES) if odd else rng.choice(TYPES[:9])
    shape = tuple(number(rng) if odd and rng.random() < 0.3 else rng.randint(0, 5) for _ in range(rng.randint(0, 4)))
    spelled = code if code.startswith(("[", "(")) else repr(code)
    fields = {"descr": spelled, "fortran_order": rng.choice(("False", "True")), "shape": repr(shape)}
    if odd and rng.random() < 0.3:
        fields[rng.choice(("descr", "fortran_order", "shape", text(rng)))] = rng.choice(
            ("None", "()", "[1, 2]", "(1.5,)", "(True,)", "(" * 300, repr(text(rng)), "(2L,)", "{}", "9" * 5000)
        )
    header = ("{" + "".join(f"'{name}': {value}, " for name, value in fields.items()) + "}").encode("utf-8", "replace")
    version = rng.choice(((1, 0), (1, 0), (2, 0), (3, 0), (4, 0) if odd else (1, 0)))
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    form = "<H" if version == (1, 0) else "<I"
    count = 1
    for size in shape:
        count *= max(size, 0)
    length = count * WIDTHS.get(code[-1:], 4)
    body = bytes(min(length, 10_000))
    if rng.random() < 0.1:
        body = body[: len(body) // 2] + bytes(rng.choice((0, 0, 1, 100)))
    return b"\x93NUMPY" + bytes(version) + struct.pack(form, len(header) & 0xFFFF) + header + body


def archive(rng: Random) -> bytes:
    """An .npz of up to three arrays under odd names, stored or compressed."""
    sink = io.BytesIO()
    compression = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.05:
        compression = rng.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(sink, "w", compression) as made:
        for place in range(rng.randint(1, 3)):
            name = f"w{place}" if rng.random() < 0.9 else "a" + encodable(rng)
            content = array(rng) if rng.random() < 0.95 else rng.randbytes(40)
            put(made, f"{name}.npy" if rng.random() < 0.97 else f"{name}.txt", content)
    return sink.getvalue()


def make_npy(rng: Random) -> Files:
    return {"x.npy": maybe_damaged(array(rng), rng, 0.3)}


def make_npz(rng: Random) -> Files:
    return {"x.npz": maybe_damaged(archive(rng), rng, 0.25)}


def read_npy(folder: Path) -> None:
    read_tensors(folder / "x.npy")


def read_npz(folder: Path) -> None:
    read_tensors(folder / "x.npz")


FORMATS = (
    Format(name="npy", make=make_npy, read=read_npy),
    Format(name="npz", make=make_npz, read=read_npz),
)
