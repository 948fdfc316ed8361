"""Manifests of `convert batch`: tables of models with options that are right, wrong or odd."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from converters.batch.manifest import read_manifest
from converters.batch.options import OPTIONS
from tests.fuzz.format import Files, Format
from tests.fuzz.mutation import maybe_damaged, number, text

RIGHT: dict[str, tuple[str, ...]] = {
    "target": ('"caffe"', '["caffe"]'),
    "output": ('"{name}"', '"caffe/{target}/{name}"'),
    "fold_bn": ("true", "false"),
    "hdf5": ("true",),
    "verify": ("true",),
    "tolerance": ("1e-4", "1"),
    "head": ('"raw"', '"activated"'),
    "dialect": ('"auto"', '"darknet"'),
    "bn": ('"auto"',),
    "input_size": ('"416x416"',),
    "batch": ("1", "8"),
    "header_bytes": ("16", "20"),
    "until": ("3",),
    "durable": ("true",),
    "allow_trailing": ("true",),
    "source": ('"darknet"', '"pytorch"'),
    "weights": ('"a.weights"',),
    "plugins": ('["zoo.py"]', '"zoo.py"'),
    "lenient": ("true",),
    "arguments": ("{depth = 18, wide = false}", "{}"),
    "weights_key": ('"ema"',),
    "trust_pickle": ("false",),
    "input": ('"1x3x8x8"', '["image=1x3x8x8"]'),
}
DARKNET = ("target", "output", "fold_bn", "hdf5", "verify", "tolerance", "head", "dialect", "bn", "input_size", "batch")
ALSO = ("header_bytes", "until", "durable", "allow_trailing")
PYTORCH = (
    "target",
    "output",
    "fold_bn",
    "verify",
    "weights_key",
    "trust_pickle",
    "input",
    "weights",
    "plugins",
    "durable",
)
MODELS = {
    'cfg = "a.cfg"\nweights = "a.weights"': (*DARKNET, *ALSO),
    'model = "a.pt2"': PYTORCH,
    'factory = "zoo.py:net"\narguments = {depth = 18}': PYTORCH,
}
ODD = (
    *("1979-05-27", "07:32:00", "nan", "-inf", "0xffffffffffffffffff", "[]", "[[1], [2]]", "{a = {b = 1}}", "''"),
    *('"{name:>999999999}"', '"{name!r}"', '"{0}"', '"{name.__class__}"', '"""\nx\n"""', "'../../x'"),
    *("9" * 5000, "[" * 300, "{a = " * 150 + "1" + "}" * 150, "a." * 300 + "b"),
)


def make(rng: Random) -> Files:
    odd = rng.random() < 0.4
    lines = []
    if rng.random() < 0.3:
        lines += ["[defaults]", _option(rng.choice(("target", "fold_bn", "verify")), rng, odd=odd)]
    for place in range(rng.randint(1, 3)):
        name = json.dumps(text(rng), ensure_ascii=False) if odd and rng.random() < 0.3 else f"model{place}"
        model, options = rng.choice(tuple(MODELS.items()))
        lines += ["", f"[{name}]", model]
        lines += [_option(key, rng, odd=odd) for key in rng.sample(options, rng.randint(0, 4))]
        if odd and rng.random() < 0.3:
            lines.append(_option(rng.choice((*OPTIONS, "arg", "wieghts")), rng, odd=odd))
    content = "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"
    empty = dict.fromkeys(("a.cfg", "a.weights", "a.pt2", "zoo.py"), b"")
    return {"x.toml": maybe_damaged(content, rng, 0.2), **empty}


def _option(key: str, rng: Random, *, odd: bool) -> str:
    return f"{key} = {_odd(rng) if odd and rng.random() < 0.4 else rng.choice(RIGHT.get(key, ('1',)))}"


def _odd(rng: Random) -> str:
    return rng.choice((str(number(rng)), json.dumps(text(rng)), *ODD))


def read(folder: Path) -> None:
    for job in read_manifest(folder / "x.toml", ("caffe",)).jobs:
        job.to_text()


FORMATS = (Format(name="manifest", make=make, read=read),)
