"""Bad Darknet models: what is wrong, in which line, exit code 1, and not a file touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.converters.cli.given import (
    TINY,
    contents,
    converted,
    darknet_model,
    floats,
    layer_types,
    reasons,
    tool,
    with_floats,
)

BYTES = 20 + 4 * (8 * 4 + 8 * 27 + 8 * 4 + 8 * 72 + 21 + 21 * 8)
"""Of the tiny model's weights, with their header."""


def line_of(text: str, wanted: str, nth: int = 0) -> int:
    return [number for number, line in enumerate(text.splitlines(), 1) if line == wanted][nth]


@pytest.fixture
def tiny(tmp_path: Path) -> tuple[str, str]:
    model = darknet_model(tmp_path)
    assert Path(model[1]).stat().st_size == BYTES
    return model


def broken(folder: Path, old: str, new: str, *options: str, count: int = 1) -> str:
    """Why the tiny model cannot be converted once `old` in its cfg (the first times) has become `new`."""
    cfg, weights = darknet_model(folder)
    assert old in TINY
    Path(cfg).write_text(TINY.replace(old, new, count))
    return reasons(folder, "darknet", cfg, weights, "-o", folder / "net", *options)


# ---- the weights -----------------------------------------------------------------------------------------------------


def test_weights_that_end_early(tmp_path: Path, tiny: tuple[str, str]) -> None:
    cfg, weights = tiny
    Path(weights).write_bytes(Path(weights).read_bytes()[:-101])
    told = reasons(tmp_path, "darknet", cfg, weights, "-o", tmp_path / "net")
    assert "tiny.cfg cannot be converted: 1 problem\n" in told
    line = line_of(TINY, "[convolutional]", 2)
    assert f"tiny.cfg:{line} [convolutional]: tiny.weights ends within the weights of conv_4: 101 bytes" in told
    assert f"asks for {BYTES} bytes, the file has {BYTES - 101}" in told


def test_weights_of_the_first_layers_alone(tmp_path: Path, tiny: tuple[str, str]) -> None:
    cfg, weights = tiny
    Path(weights).write_bytes(Path(weights).read_bytes()[: 20 + 4 * (8 * 4 + 8 * 27)])
    told = reasons(tmp_path, "darknet", cfg, weights, "-o", tmp_path / "net")
    line = line_of(TINY, "[convolutional]", 1)
    assert f"tiny.cfg:{line} [convolutional]: tiny.weights ends before the biases of conv_2" in told
    assert "like a file of pretrained first layers: --until 1 converts so far" in told
    converted("darknet", cfg, weights, "-o", tmp_path / "net", "--until", 1, "--verify")


def test_weights_that_go_on(tmp_path: Path, tiny: tuple[str, str]) -> None:
    cfg, weights = tiny
    Path(weights).write_bytes(Path(weights).read_bytes() + bytes(404))
    told = reasons(tmp_path, "darknet", cfg, weights, "-o", tmp_path / "net")
    assert "404 bytes are left in tiny.weights after the last layer" in told
    assert "--allow-trailing" in told
    told = converted("darknet", cfg, weights, "-o", tmp_path / "net", "--allow-trailing").stdout
    assert "left out    404 bytes are left in tiny.weights" in told
    assert (tmp_path / "net.caffemodel").exists()


def test_weights_that_are_none(tmp_path: Path, tiny: tuple[str, str]) -> None:
    cfg, weights = tiny
    Path(weights).write_bytes(b"PK\x03\x04" + bytes(1000))
    assert "tiny.weights: is a zip archive" in reasons(tmp_path, "darknet", cfg, weights)
    Path(weights).write_bytes(np.random.default_rng(0).bytes(4096))
    assert "tiny.weights: begins with numbers that no Darknet" in reasons(tmp_path, "darknet", cfg, weights)
    Path(weights).write_bytes(b"")
    assert "tiny.weights: is empty" in reasons(tmp_path, "darknet", cfg, weights)


def test_no_weights_file(tmp_path: Path, tiny: tuple[str, str]) -> None:
    done = tool("darknet", tiny[0], tmp_path / "none.weights")
    assert done.exit_code == 2
    assert f"there is no file {tmp_path / 'none.weights'}" in done.stderr


def test_the_two_files_the_wrong_way_round(tmp_path: Path, tiny: tuple[str, str]) -> None:
    told = reasons(tmp_path, "darknet", tiny[1], tiny[0])
    assert "1 problem\n  TC0201 tiny.weights is not a cfg, and tiny.cfg looks like one" in told
    assert "-> the cfg comes first, then the weights" in told


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_a_warning_with_the_layer(
    tmp_path: Path, tiny: tuple[str, str], value: float
) -> None:
    cfg, weights = tiny
    numbers = floats(weights)
    numbers[[-1, -5]] = value
    with_floats(weights, numbers)
    told = converted("darknet", cfg, weights, "-o", tmp_path / "net").stdout
    assert "warning     conv_4: 2 of 168 values of the weights of conv_4 are NaN or infinite" in told
    told = " ".join(converted("darknet", cfg, weights, "-o", tmp_path / "net", "-v").stdout.split())
    assert f"warning {cfg}:{line_of(TINY, '[convolutional]', 2)} [convolutional]: 2 of 168 values" in told


# ---- the cfg ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "tiny.cfg: has no sections"),
        (b"\n# nothing\n", "tiny.cfg: has no sections"),
        (b"\x7fELF\x00\x01\x02", "tiny.cfg: is not a text file"),
        (bytes(range(1, 256)) * 4, "tiny.cfg"),
        (b"[net]\nwidth=32\nheight=32\nchannels=3\n", "tiny.cfg:1 [net]: no layer follows"),
    ],
    ids=["empty", "comments", "binary", "all bytes", "net alone"],
)
def test_a_cfg_that_is_none(tmp_path: Path, tiny: tuple[str, str], data: bytes, told: str) -> None:
    Path(tiny[0]).write_bytes(data)
    assert told in reasons(tmp_path, "darknet", *tiny)


def test_a_route_to_no_layer(tmp_path: Path) -> None:
    told = broken(tmp_path, "[shortcut]\nfrom=-2\nactivation=linear", "[route]\nlayers=-1, 17")
    line = line_of(TINY, "from=-2")
    assert f"tiny.cfg:{line} [route]: layers=17 points behind this section, number 3" in told


def test_a_shortcut_to_no_layer(tmp_path: Path) -> None:
    told = broken(tmp_path, "from=-2", "from=-9")
    assert f"tiny.cfg:{line_of(TINY, 'from=-2')} [shortcut]: from=-9 (section -6) points before the first" in told


def test_a_size_that_does_not_fit(tmp_path: Path) -> None:
    told = broken(tmp_path, "filters=21\nsize=1", "filters=21\nsize=99")
    assert f"tiny.cfg:{line_of(TINY, '[convolutional]', 2)} [convolutional]" in told
    assert "width=0" in broken(tmp_path, "width=32", "width=0")


def test_an_unknown_section(tmp_path: Path) -> None:
    told = broken(tmp_path, "[maxpool]", "[maxpol]")
    line = line_of(TINY, "[maxpool]")
    assert f"tiny.cfg:{line} [maxpol]: [maxpol] is an unknown section (Darknet makes an empty layer of it)" in told
    assert "-> did you mean [maxpool]?" in told


def test_a_section_without_a_static_form(tmp_path: Path) -> None:
    told = broken(tmp_path, "[maxpool]", "[lstm]")
    assert f"tiny.cfg:{line_of(TINY, '[maxpool]')} [lstm]: [lstm] cannot be converted (" in told


def test_equal_problems_are_told_once_with_all_their_lines(tmp_path: Path) -> None:
    told = broken(tmp_path, "leaky", "leeky", count=2)
    first, second = (line_of(TINY, "activation=leaky", nth) for nth in (0, 1))
    assert "tiny.cfg cannot be converted: 2 problems\n" in told
    assert told.count("the activation leeky is unknown") == 1
    assert f"  TC0206 tiny.cfg:{first} [convolutional]: the activation leeky is unknown" in told
    assert f"\n    and 1 more: line {second}\n    -> " in told
    assert "--lenient" in told


def test_lenient_takes_an_unknown_activation_for_relu_and_says_so(tmp_path: Path, tiny: tuple[str, str]) -> None:
    cfg, weights = tiny
    Path(cfg).write_text(TINY.replace("leaky", "leeky"))
    told = " ".join(converted("darknet", cfg, weights, "-o", tmp_path / "net", "--lenient").stdout.split())
    assert "2 x the unknown activation leeky is taken for relu" in told
    assert layer_types(tmp_path / "net.prototxt").count("ReLU") == 2


def test_options_that_nobody_read_are_listed(tmp_path: Path, tiny: tuple[str, str]) -> None:
    cfg, weights = tiny
    Path(cfg).write_text(TINY.replace("filters=8", "filters=8\nstrude=3").replace("num=6", "num=6\nmagic=yes"))
    told = " ".join(converted("darknet", cfg, weights, "-o", tmp_path / "net").stdout.split())
    assert "2 x the option strude=3 is unknown and does nothing; did you mean stride? (conv_0, conv_2)" in told
    assert "yolo_5: the option magic=yes is unknown and does nothing" in told


def test_options_that_nobody_read_are_listed_where_they_may_be_the_reason(tmp_path: Path) -> None:
    assert "Warnings" not in broken(tmp_path, "from=-2", "from=-4")
    told = broken(tmp_path, "filters=21", "fliters=21")
    reason, _, warnings = told.partition("Warnings that may explain this:\n")
    assert "3 boxes of 7 values are 21 channels, not 1" in reason
    line = line_of(TINY, "filters=21")
    assert f"tiny.cfg:{line} [convolutional]: the option fliters=21 is unknown" in warnings
    assert "did you mean filters?" in warnings


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path, tiny: tuple[str, str]) -> None:
    text = TINY.replace("[maxpool]", "[lstm]").replace("from=-2", "from=9").replace("leaky", "leeky", 1)
    Path(tiny[0]).write_text(text)
    told = reasons(tmp_path, "darknet", *tiny)
    places = [told.index(part) for part in ("leeky", "[lstm] cannot", "from=9")]
    assert places == sorted(places)
    assert "3 problems" in told


# ---- the output ------------------------------------------------------------------------------------------------------


def test_a_refused_model_leaves_the_old_files_as_they_are(tmp_path: Path, tiny: tuple[str, str]) -> None:
    cfg, weights = tiny
    converted("darknet", cfg, weights, "-o", tmp_path / "net")
    Path(cfg).write_text(TINY.replace("[maxpool]", "[lstm]"))
    before = contents(tmp_path)
    reasons(tmp_path, "darknet", cfg, weights, "-o", tmp_path / "net")
    assert contents(tmp_path) == before
