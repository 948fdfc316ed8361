"""What is told of options that nobody read, and what is not."""

from __future__ import annotations

import pytest

from converters.darknet.cfg import parse_cfg, read_cfg
from tests.oracles.darknet import SHARE, needs_darknet

ZOO = sorted((SHARE / "cfg").glob("*.cfg"))

# The options of the zoo that say what a layer computes.
MEANT = {
    *("width", "height", "channels", "inputs", "filters", "size", "stride", "pad", "padding", "activation", "groups"),
    *("batch_normalize", "output", "hidden", "extra", "crop_width", "crop_height", "layers", "from", "mask", "anchors"),
    *("classes", "coords", "num", "softmax", "side", "temperature", "tree"),
}


@needs_darknet
def test_nothing_that_only_trains_is_left_unread_in_the_zoo():
    left = set()
    for path in ZOO:
        cfg = read_cfg(path)
        left |= {key for section in (cfg.net, *cfg.sections) for key, _, _ in section.unread()}
    assert left - MEANT == {"seen"}  # writing.cfg: Darknet calls it an unused field, too


def test_unread_options_are_told_but_for_those_that_only_train():
    cfg = parse_cfg(
        b"[net]\nburn_in=1000\nwidth=8\nfoo=1\n[yolo]\nignore_thresh=.7\nmask=0\nbar=2\n[conv]\nignore_thresh=.7\n",
        "my.cfg",
    )
    assert cfg.net.unread() == [("width", 3, "8"), ("foo", 4, "1")]
    assert cfg.net.int("width", 0) == 8
    assert cfg.net.unread() == [("foo", 4, "1")]
    yolo, conv = cfg.sections
    assert yolo.has("mask")
    assert yolo.unread() == [("bar", 8, "2")]
    assert conv.unread() == [("ignore_thresh", 10, ".7")]


@pytest.mark.parametrize(
    "key", ["dontload", "dontloadscales", "numload", "coordconv", "antialiasing", "share_index", "cbn"]
)
def test_options_that_change_the_function_are_never_ignored(key):
    (section,) = parse_cfg(f"[net]\n[convolutional]\n{key}=1\n".encode(), "my.cfg").sections
    assert section.unread() == [(key, 3, "1")]
