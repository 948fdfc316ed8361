"""Real Darknet as the judge: what every layer of a cfg computes, by the original author's CPU code.

The code is Debian's package `darknet` (libdarknet.so, darknet.h, cfgs, data), loaded in another process. Nothing here
imports the product.

Where this CPU code is wrong: [region] with `tree` (the softmax of the tree goes to wrong planes, with a temperature
of 0: NaN, also in the boxes), 1x1 convolutions with a stride or `padding` (im2col is left out), [deconvolutional]
weights and a standalone [batchnorm] (they crash). Of the package's static cfgs only yolo9000 meets one: the first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

LIBRARY = Path("/usr/lib/darknet/libdarknet.so")
HEADER = Path("/usr/lib/darknet/include/darknet.h")
SHARE = Path("/usr/share/darknet")

# Recurrent: their layers keep a state from one call to the next.
RECURRENT_CFGS = ("gru", "rnn", "rnn.train")

_CHILD = Path(__file__).with_name("darknet_child.py")


class DarknetFailed(Exception):
    """Darknet refused the net, aborted or crashed; the message ends with what it printed last."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One net and one input (N, C, H, W); without weights Darknet keeps its own random ones."""

    cfg: Path
    weights: Path | None
    input: npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class LayerOutput:
    """One layer after one forward. `values` has `shape`: (n, c, h, w), or (n, outputs) where Darknet keeps it flat.

    `type_name` is the name in darknet.h's enum LAYER_TYPE, in lower case; it is the section's name but for
    [activation], "active", and [logistic], "logxent". A [dropout] reports the values of the layer before it, whose
    buffer it shares (parser.c:parse_network_cfg); a [cost] reports zeros.
    """

    index: int
    type_name: str
    shape: tuple[int, ...]
    values: npt.NDArray[np.float32]


def available() -> bool:
    """True when the package `darknet` is installed with its library and its header."""
    return LIBRARY.is_file() and HEADER.is_file()


needs_darknet = pytest.mark.skipif(not available(), reason="the Debian package darknet is not installed")


def static_cfgs() -> tuple[Path, ...]:
    """The package's cfg files but for the recurrent ones, sorted by name."""
    found = sorted((SHARE / "cfg").glob("*.cfg"))
    return tuple(path for path in found if path.stem not in RECURRENT_CFGS)


def layer_outputs(cfg: Path, weights: Path | None, input: npt.NDArray[np.float32]) -> list[LayerOutput]:
    """Every layer's output after one forward of `input` (N, C, H, W). Raises DarknetFailed."""
    return layer_outputs_of([Job(cfg=cfg, weights=weights, input=input)])[0]


def layer_outputs_of(jobs: Sequence[Job]) -> list[list[LayerOutput]]:
    """`layer_outputs` of many nets in one child process: half a second of loading saved at every net but the first.

    Raises DarknetFailed at the first job that failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        orders = [_order(Path(folder, str(i)), "forward", job) for i, job in enumerate(jobs)]
        run_child(Path(folder), orders)
        return [_outputs(order, job) for order, job in zip(orders, jobs, strict=True)]


def resaved_weights_of(nets: Sequence[tuple[Path, Path]]) -> list[bytes]:
    """What Darknet's save_weights() writes right after its load_weights(), for each (cfg, weights).

    The file as Darknet read it, in its own order: equal to the file that was given only if sizes and order are right.
    """
    with tempfile.TemporaryDirectory() as folder:
        nothing = np.zeros((1, 0, 0, 0), np.float32)
        jobs = [Job(cfg=cfg, weights=weights, input=nothing) for cfg, weights in nets]
        orders = [_order(Path(folder, str(i)), "resave", job) for i, job in enumerate(jobs)]
        run_child(Path(folder), orders)
        for order, job in zip(orders, jobs, strict=True):
            _check(order, job)
        return [Path(order["values"]).read_bytes() for order in orders]


def prepared_cfg(cfg: Path, batch: int) -> bytes:
    """The cfg's bytes with `batch` images to a forward, and with its tree and map files found.

    Such a file is looked for beside the cfg, then in the package (`data/9k.tree`). Buffers get their size when the cfg
    is read, so set_batch_network() alone would overrun them; the first of two equal keys wins in Darknet, so the new
    keys go first.
    """
    content = cfg.read_bytes()
    lines = content.split(b"\n")
    first = next((i for i, line in enumerate(lines) if line.lstrip(b" \t").startswith(b"[")), None)
    if first is None:
        return content
    lines = [_with_found_file(line, cfg.parent) for line in lines]
    return b"\n".join([*lines[: first + 1], b"batch=%d" % batch, b"subdivisions=1", *lines[first + 1 :]])


def _with_found_file(line: bytes, folder: Path) -> bytes:
    key, _, value = line.replace(b" ", b"").replace(b"\t", b"").partition(b"=")
    if key not in (b"tree", b"map") or value.startswith(b"/"):
        return line
    beside = folder.resolve() / value.decode()
    return key + b"=" + bytes(beside if beside.is_file() else SHARE / value.decode())


def _order(folder: Path, kind: str, job: Job) -> dict[str, str]:
    """The job's files, laid out in `folder`, and their paths for the child."""
    x = np.ascontiguousarray(job.input, np.float32)
    if x.ndim != 4 or len(x) == 0:
        raise ValueError(f"the input must be (N, C, H, W), not {x.shape}")
    folder.mkdir()
    names = {name: str(folder / name) for name in ("cfg", "input", "stderr", "status", "values", "result")}
    Path(names["cfg"]).write_bytes(prepared_cfg(job.cfg, len(x)))
    with open(names["input"], "wb") as sink:
        np.save(sink, x)
    if job.weights is not None and not job.weights.is_file():
        raise FileNotFoundError(job.weights)
    weights = "" if job.weights is None else str(job.weights.resolve())
    return {**names, "kind": kind, "weights": weights}


def run_child(folder: Path, orders: Sequence[Mapping[str, Any]]) -> None:
    """Do the orders in a process of its own, each in a fork; one that fails leaves no result."""
    jobs = folder / "jobs.json"
    jobs.write_text(json.dumps(list(orders)))
    command = [sys.executable, str(_CHILD), str(jobs), str(HEADER), str(LIBRARY)]
    done = subprocess.run(command, check=False, cwd=SHARE, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        raise DarknetFailed(f"libdarknet could not be used: {_last_lines(done.stderr)}")


def _check(order: dict[str, str], job: Job) -> list[dict[str, Any]]:
    result = Path(order["result"])
    if not result.is_file():
        status = Path(order["status"]).read_text()
        raise DarknetFailed(f"{job.cfg} ended with status {status}: {_last_lines(Path(order['stderr']).read_bytes())}")
    layers: list[dict[str, Any]] = json.loads(result.read_text())
    return layers


def _outputs(order: dict[str, str], job: Job) -> list[LayerOutput]:
    layers = _check(order, job)
    values = np.fromfile(order["values"], np.float32)
    outputs = []
    start = 0
    for index, layer in enumerate(layers):
        shape = tuple(layer["shape"])
        count = int(np.prod(shape))
        part = values[start : start + count].reshape(shape)
        outputs.append(LayerOutput(index=index, type_name=layer["type_name"], shape=shape, values=part))
        start += count
    return outputs


def _last_lines(stderr: bytes) -> str:
    return " | ".join(stderr.decode(errors="replace").splitlines()[-4:])
