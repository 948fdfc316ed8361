from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import signal, special

from tests.oracles.cfg_shapes import read_sections
from tests.oracles.darknet import (
    SHARE,
    DarknetFailed,
    Job,
    layer_outputs,
    layer_outputs_of,
    needs_darknet,
    prepared_cfg,
)
from tests.oracles.seeded_weights import write_weights

NET = "[net]\nbatch=64\nsubdivisions=16\nheight={0}\nwidth={0}\nchannels=3\n"
CONV = "[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\npad=1\nactivation=leaky\n"

# Every kind of section whose buffers could be shared or used again by a later one.
MIXED = (
    NET.format(12)
    + CONV
    + "[dropout]\n"
    + CONV
    + "[shortcut]\nfrom=-3\nactivation=leaky\n"
    + "[maxpool]\nsize=2\nstride=2\n"
    + CONV
    + "[upsample]\nstride=2\n"
    + "[route]\nlayers=-1,3\n"
    + "[crop]\ncrop_height=10\ncrop_width=10\n"
    + "[reorg]\nstride=2\n"
    + "[avgpool]\n"
    + "[connected]\noutput=6\nactivation=linear\n"
    + "[softmax]\n"
)


def pictures(n: int, c: int, size: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).random((n, c, size, size), np.float32)


def written(folder: Path, text: str, name: str = "net.cfg") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@needs_darknet
def test_a_convolution_is_what_scipy_says(tmp_path: Path) -> None:
    x = pictures(1, 3, 5)
    kernel = np.random.default_rng(1).normal(size=(2, 3, 3, 3)).astype(np.float32)
    bias = np.array([0.5, -2.0], np.float32)
    weights = tmp_path / "net.weights"
    weights.write_bytes(np.array([0, 2, 0, 0, 0], "<i4").tobytes() + bias.tobytes() + kernel.tobytes())
    cfg = written(tmp_path, NET.format(5) + "[convolutional]\nfilters=2\nsize=3\nstride=2\npad=1\nactivation=relu\n")

    (output,) = layer_outputs(cfg, weights, x)

    full = [sum(signal.correlate2d(x[0, c], k[c], mode="same") for c in range(3)) for k in kernel]
    expected = np.maximum(np.stack(full)[:, ::2, ::2] + bias[:, None, None], 0)
    assert (output.index, output.type_name, output.shape) == (0, "convolutional", (1, 2, 3, 3))
    np.testing.assert_allclose(output.values[0], expected, rtol=1e-5, atol=1e-6)


@needs_darknet
def test_every_buffer_still_holds_its_layer_after_the_forward(tmp_path: Path) -> None:
    weights = tmp_path / "net.weights"
    write_weights(MIXED, weights, seed=5)
    x = pictures(2, 3, 12)
    lines, sections = MIXED.split("\n"), read_sections(MIXED)
    ends = [section.line for section in sections[2:]] + [len(lines)]
    cuts = [written(tmp_path, "\n".join(lines[:end]), f"cut{end}.cfg") for end in ends]

    runs = layer_outputs_of([Job(cfg=cfg, weights=weights, input=x) for cfg in cuts])

    assert [len(run) for run in runs] == list(range(1, 14))
    for run, output in zip(runs, runs[-1], strict=True):
        assert run[-1].type_name == output.type_name
        np.testing.assert_array_equal(run[-1].values, output.values)


@needs_darknet
def test_a_batch_is_its_pictures_one_by_one(tmp_path: Path) -> None:
    weights = tmp_path / "net.weights"
    write_weights(MIXED, weights, seed=6)
    cfg, x = written(tmp_path, MIXED), pictures(3, 3, 12)
    inputs = [x, x[:1], x[1:2], x[2:]]
    together, *single = layer_outputs_of([Job(cfg=cfg, weights=weights, input=part) for part in inputs])
    for i, alone in enumerate(single):
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one.values[0], many.values[i])


@needs_darknet
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[foo]\n", r"status -?\d"),  # what its error() exits with is left to chance
        (NET.format(4) + "[reorg]\nstride=2\n", "status -8"),  # 3 channels by 2 x 2: division by zero
        (NET.format(4) + "[shortcut]\nfrom=-1\nactivation=linear\n", "status -"),  # from a layer before the first
        (NET.format(6) + CONV, "takes"),  # the picture is 4 x 4
        ("[net]\ninputs=48\n[gru]\noutput=4\n", "recurrent"),
        (NET.format(4) + CONV + "[softmax]\ntree=nowhere.tree\n", "status -11"),
        (NET.format(4) + CONV + "[region]\nclasses=3\nmap=nowhere.map\n", r"status 0: .*nowhere\.map"),  # exit(0)
    ],
)
def test_what_darknet_cannot_run_is_an_error_and_not_the_end_of_the_tests(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(DarknetFailed, match=why):
        layer_outputs(written(tmp_path, text), None, pictures(1, 3, 4))


@needs_darknet
def test_missing_weights_are_an_error_before_darknet_sees_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        layer_outputs(written(tmp_path, NET.format(4) + CONV), tmp_path / "no.weights", pictures(1, 3, 4))


@needs_darknet
def test_tree_softmax_is_a_softmax_per_group_of_the_packages_tree(tmp_path: Path) -> None:
    conv = "[convolutional]\nfilters=9418\nsize=1\nactivation=linear\n"
    text = NET.format(1) + conv + "[softmax]\ntree=data/9k.tree\n"
    weights = tmp_path / "net.weights"
    write_weights(text, weights, seed=7)
    logits, output = layer_outputs(written(tmp_path, text), weights, pictures(1, 3, 1))
    parents = [line.split()[1] for line in (SHARE / "data/9k.tree").read_text().splitlines()]
    starts = [i for i, parent in enumerate(parents) if i and parent != parents[i - 1]]
    groups = np.split(logits.values.ravel(), starts)
    assert output.shape == (1, 9418)
    np.testing.assert_allclose(output.values[0], np.concatenate([special.softmax(g) for g in groups]), rtol=1e-5)


def test_prepared_cfg_puts_the_batch_first_and_finds_files_beside_the_cfg(tmp_path: Path) -> None:
    (tmp_path / "own.tree").write_text("a -1\n")
    cfg = written(tmp_path, "# c\n[net]\nbatch=64\n[softmax]\ntree = own.tree\n[region]\nmap=data/x.map\n")
    assert prepared_cfg(cfg, 2).decode().split("\n") == [
        "# c",
        "[net]",
        "batch=2",
        "subdivisions=1",
        "batch=64",
        "[softmax]",
        f"tree={tmp_path}/own.tree",
        "[region]",
        "map=/usr/share/darknet/data/x.map",
        "",
    ]
