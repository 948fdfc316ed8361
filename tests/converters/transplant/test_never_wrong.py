"""Random nets of look-alike convolutions whose true mapping is known: it is found, or refused, and never another.

Blocks of one to three branches; the modules are registered, and the prototxt written, each in an order and under names
of its own, as two people would.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from caffe_ir.errors import ConversionError
from converters.transplant import transplant
from converters.weights.tensors import Tensor, held
from tests.converters.transplant.nets import bn, conv, data, layer, net_of, relu, scale

WORDS = ("left", "right", "cls", "reg", "main", "side")
Place = tuple[int, int, int]
"""Block, branch, step."""


@dataclass(frozen=True, kw_only=True)
class Case:
    text: str
    tensors: dict[str, Tensor]
    truth: dict[str, tuple[str, ...]]
    plain: bool
    """One thing behind the other, each norm registered behind its convolution: it must be found."""


def case(seed: int) -> Case:
    rng = random.Random(seed)
    style, norm = rng.choice(["numbers", "nested", "pairs", "sequence"]), rng.choice(["bn", "scale", "folded", "none"])
    widths = _widths(rng)
    places = list(widths)
    if rng.random() < 0.3:
        places.sort(key=lambda place: (place[0], -place[1], place[2]))
    words = rng.sample(WORDS, 3) if rng.random() < 0.5 else ["branch1", "branch2", "branch3"]
    modules = {place: _module_names(style, place, count, words) for count, place in enumerate(places)}
    apart = style != "sequence" and rng.random() < 0.25
    tensors: dict[str, Tensor] = {}
    for step in (0, 1) if apart else (2,):
        for place in places:
            tensors |= _tensors(modules[place], widths[place], norm, step)
    layers, text = _prototxt(rng, widths, modules, words, norm)
    truth: dict[str, tuple[str, ...]] = {}
    for place, (own, its_norm) in modules.items():
        truth[layers[place]] = (own, its_norm) if norm == "folded" else (own,)
        if norm in ("bn", "scale"):
            truth[f"{layers[place]}_{norm}"] = (its_norm,)
    plain = not apart and all(branch == 0 for _, branch, _ in widths)
    return Case(text=text, tensors=tensors, truth=truth, plain=plain)


def _widths(rng: random.Random) -> dict[Place, tuple[int, int]]:
    """Channels in and out of every convolution."""
    found, before, choice = {}, 4, rng.choice([(4,), (4, 6), (4, 4, 4, 8)])
    for block in range(rng.randint(1, 4)):
        after = rng.choice(choice)
        for branch in range(rng.choice([1, 1, 2, 2, 3])):
            inner, steps = before, rng.randint(1, 3)
            for step in range(steps):
                outer = after if step == steps - 1 else rng.choice(choice)
                found[block, branch, step] = (inner, outer)
                inner = outer
        before = after
    return found


def _module_names(style: str, place: Place, count: int, words: list[str]) -> tuple[str, str]:
    block, branch, step = place
    return {
        "numbers": (f"conv{count + 1}", f"bn{count + 1}"),
        "nested": (f"layer{block}.{words[branch]}.conv{step + 1}", f"layer{block}.{words[branch]}.bn{step + 1}"),
        "pairs": (f"block{block}.{words[branch]}.{2 * step}", f"block{block}.{words[branch]}.{2 * step + 1}"),
        "sequence": (str(2 * count), str(2 * count + 1)),
    }[style]


def _tensors(names: tuple[str, str], widths: tuple[int, int], norm: str, step: int) -> dict[str, Tensor]:
    """The convolution's (step 0), the norm's (1), or both (2)."""
    inner, outer = widths
    roles: dict[str, tuple[int, ...]] = {f"{names[0]}.weight": (outer, inner, 1, 1)} if step != 1 else {}
    if norm == "none":
        return {name: held(np.ones(shape, "f")) for name, shape in ({**roles, f"{names[0]}.bias": (outer,)}).items()}
    if step != 0:
        roles |= {f"{names[1]}.{role}": (outer,) for role in ("weight", "bias", "running_mean", "running_var")}
    return {name: held(np.ones(shape, "f")) for name, shape in roles.items()}


def _prototxt(
    rng: random.Random,
    widths: dict[Place, tuple[int, int]],
    modules: dict[Place, tuple[str, str]],
    words: list[str],
    norm: str,
) -> tuple[dict[Place, str], str]:
    style = rng.choice(["same", "numbers", "letters", "words", "own numbers"])
    text, bottom, layers = data(1, 4, 2, 2), "data", dict[Place, str]()
    for block in sorted({place[0] for place in widths}):
        branches = sorted({place[1] for place in widths if place[0] == block})
        ends = []
        for seen, branch in enumerate(rng.sample(branches, len(branches))):
            end = bottom
            for place in sorted(each for each in widths if each[:2] == (block, branch)):
                name = {
                    "same": modules[place][0].replace(".", "_"),
                    "numbers": f"conv{len(layers) + 1}",
                    "letters": f"c{'abcd'[block]}{'xyz'[seen]}{place[2]}",
                    "words": f"b{block}_{words[branch]}_{place[2]}",
                    "own numbers": f"blk{block}_br{seen + 1}_conv{place[2] + 1}",
                }[style]
                layers[place] = name
                text += conv(name, end, widths[place][1], 1, bias=norm in ("folded", "none"))
                text += {"bn": bn(f"{name}_bn", name), "scale": scale(f"{name}_scale", name)}.get(norm, "")
                text += relu(f"{name}_relu", name)
                end = name
            ends.append(end)
        bottom = ends[0]
        if len(ends) > 1:
            bottom = f"sum{block}"
            text += layer("Eltwise", bottom, " ".join(ends))
    return layers, text


def outcome(folder: Path, one: Case) -> str:
    try:
        done = transplant(net_of(folder, one.text), one.tensors)
    except ConversionError:
        return "refused"
    return "found" if {row.layers[0]: row.modules for row in done.rows} == one.truth else "wrong"


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_the_mapping_is_found_or_refused(tmp_path: Path, first: int) -> None:
    cases = {seed: case(seed) for seed in range(first, first + 50)}
    found = {seed: outcome(tmp_path, one) for seed, one in cases.items()}
    assert [seed for seed, what in found.items() if what == "wrong"] == []
    plain = [seed for seed, one in cases.items() if one.plain]
    assert len(plain) > 2
    assert [seed for seed in plain if found[seed] != "found"] == []
