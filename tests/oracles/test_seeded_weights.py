from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.oracles.darknet import SHARE, needs_darknet, resaved_weights_of, static_cfgs
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink

NET = "[net]\nheight=8\nwidth=8\nchannels=3\n"
CONV = "[convolutional]\nbatch_normalize=1\nfilters=16\nsize=3\npad=1\nactivation=leaky\n"
HEADER = 20


# What the real loader had read when it closed the file.
@needs_darknet
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("yolov3-tiny", 35434956),
        ("resnet50", 91303604),
        ("darknet53", 166582580),
        ("yolov2", 203934264),
        ("yolov3", 248007048),
        pytest.param("yolov1", 789312992, marks=pytest.mark.slow),
    ],
)
def test_the_file_has_the_size_that_the_loader_reads(tmp_path: Path, name: str, size: int) -> None:
    out = tmp_path / "net.weights"
    assert write_weights(SHARE / "cfg" / f"{name}.cfg", out, seed=1) == size
    written = out.stat().st_size
    out.unlink()
    assert written == size


@needs_darknet
def test_darknet_reads_every_byte_where_it_was_meant(tmp_path: Path) -> None:
    nets = []
    for cfg in static_cfgs():
        small, weights = tmp_path / cfg.name, tmp_path / f"{cfg.stem}.weights"
        small.write_text(shrink(cfg.read_text()))
        write_weights(small, weights, seed=2)
        nets.append((small, weights))
    for (_, weights), resaved in zip(nets, resaved_weights_of(nets), strict=True):
        assert weights.read_bytes() == resaved, weights.stem


# The counts are AlexeyAB's load_weights_upto() read by hand: 3 channels in, 8 x 8.
@pytest.mark.parametrize(
    ("section", "floats"),
    [
        ("[batchnorm]\n", 4 * 3),
        (CONV, 4 * 16 + 16 * 27),
        (CONV + "[convolutional]\nbatch_normalize=1\nfilters=16\nsize=3\npad=1\nshare_index=0\n", 4 * 16 + 16 * 27),
        (CONV.replace("size=3", "size=3\ndontload=1"), 0),
        (CONV + CONV + "[shortcut]\nfrom=-2\nweights_type=per_feature\n", 8 * 16 + 16 * 27 + 16 * 144 + 2),
        (CONV + CONV + "[shortcut]\nfrom=-2\nweights_type=per_channel\n", 8 * 16 + 16 * 27 + 16 * 144 + 2 * 16),
        ("[implicit]\nfilters=7\natoms=2\n", 14),
        (CONV.replace("filters=16", "filters=9\ngroups=3"), 4 * 9 + 9 * 9),
        ("[connected]\noutput=5\nbatch_normalize=1\n", 4 * 5 + 5 * 192),
        ("[local]\nfilters=2\nsize=3\npad=1\n", 2 * 64 + 64 * 2 * 27),
    ],
)
def test_alexeyab_arrays(tmp_path: Path, section: str, floats: int) -> None:
    assert write_weights(NET + section, tmp_path / "w", seed=1, header=(0, 2, 5)) == HEADER + 4 * floats


def test_a_batchnorm_of_the_original_has_no_biases_and_an_old_header_a_short_seen(tmp_path: Path) -> None:
    assert write_weights(NET + "[batchnorm]\n", tmp_path / "w", seed=1) == HEADER + 4 * 3 * 3
    assert write_weights(NET + "[batchnorm]\n", tmp_path / "w", seed=1, header=(0, 1, 0)) == 16 + 4 * 3 * 3


def test_statistics_of_a_batch_norm(tmp_path: Path) -> None:
    n, text = 512, NET + CONV.replace("16", "512")
    ordinary, hard = [np.empty(0, np.float32)] * 2
    for is_hard in (False, True):
        write_weights(text, tmp_path / "w", seed=3, hard=is_hard)
        values = np.frombuffer((tmp_path / "w").read_bytes()[HEADER:], "<f4")
        ordinary, hard = (ordinary, values) if is_hard else (values, hard)
    for values in (ordinary, hard):
        _, scales, mean, variance = values[: 4 * n].reshape(4, n)
        norms = np.linalg.norm(values[4 * n :].reshape(n, 27), axis=1)
        divisor = np.sqrt(variance.astype(np.float64)) + 1e-6
        assert 10 < np.sum(scales < 0) < 100
        assert np.all((abs(scales) >= 0.5) & (abs(scales) <= 1.5))
        assert np.max(abs(mean) / divisor) < 1
        assert np.max(norms / divisor) / np.min(norms / divisor) < 4
    assert np.sum(ordinary[3 * n : 4 * n] < 1e-3) == 0
    tiny = np.sort(hard[3 * n : 4 * n])[:6]
    assert tiny[:5] == pytest.approx([0, 1e-12, 1e-8, 1e-6, 1e-5], rel=1e-6)
    assert tiny[5] > 1e-3


@pytest.mark.parametrize("activation", ["mish", "swish"])
def test_a_hundred_curved_layers_grow_no_more_than_leaky_ones(tmp_path: Path, activation: str) -> None:
    """As OpenCV computes them: these grow by 3 and 5. With scales of one mish's by 200, swish's by 10 millions."""
    text, weights = NET + CONV.replace("leaky", activation).replace("16", "64") * 100, tmp_path / "net.weights"
    (tmp_path / "net.cfg").write_text(text)
    write_weights(text, weights, seed=4)
    net = cv2.dnn.readNetFromDarknet(str(tmp_path / "net.cfg"), str(weights))
    net.setInput(np.random.default_rng(5).random((1, 3, 8, 8), np.float32))
    first, last = (float(np.sqrt(np.mean(x**2))) for x in net.forward([f"{activation}_1", f"{activation}_100"]))
    assert 0.1 < last / first < 10


def test_the_seed_is_all_that_matters(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_weights(NET + CONV, tmp_path / name, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


@pytest.mark.parametrize(("section", "header"), [("[gru]\noutput=4\n", (0, 2, 0)), (CONV, (1001, 2, 0))])
def test_refusals(tmp_path: Path, section: str, header: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"recurrent|transposed"):
        write_weights(NET + section, tmp_path / "w", seed=1, header=header)
