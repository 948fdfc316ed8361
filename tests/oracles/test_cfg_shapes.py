from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.oracles.cfg_shapes import infer, read_sections
from tests.oracles.darknet import Job, layer_outputs_of, needs_darknet, static_cfgs
from tests.oracles.shrink_cfg import shrink


def test_read_sections_keeps_the_first_of_two_equal_keys_and_no_blanks() -> None:
    sections = read_sections("# c\n[net]\n wid th = 4\n\n[conv]\nsize=3\n;size=7\nsize = 5\nlayers = -1, 4\n")
    assert [section.kind for section in sections] == ["net", "convolutional"]
    assert sections[0].options == {"width": "4"}
    assert sections[1].integer("size", 1) == 3
    assert sections[1].lines["size"] == 5
    assert sections[1].integers("layers") == (-1, 4)


def test_read_sections_wants_net_first() -> None:
    with pytest.raises(ValueError, match="first section"):
        read_sections("[conv]\nfilters=2\n")


def test_infer_refuses_a_kind_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"line 5.*\[gru\]"):
        infer(read_sections("[net]\nheight=4\nwidth=4\nchannels=3\n[gru]\n"))


@needs_darknet
def test_shapes_are_those_of_darknet_in_every_static_cfg(tmp_path: Path) -> None:
    jobs, expected = [], []
    for cfg in static_cfgs():
        text = shrink(cfg.read_text())
        layers = infer(read_sections(text))
        first = layers[0].input
        small = tmp_path / cfg.name
        small.write_text(text)
        jobs.append(Job(cfg=small, weights=None, input=np.zeros((1, first.c, first.h, first.w), np.float32)))
        expected.append([(s.c, s.h, s.w) if s.c else (s.count,) for s in (layer.output for layer in layers)])
    for job, outputs, shapes in zip(jobs, layer_outputs_of(jobs), expected, strict=True):
        # Some layers ([region], [softmax], [cost]) say nothing of planes: then the count must do.
        for output, shape in zip(outputs, shapes, strict=True):
            assert int(np.prod(output.shape[1:])) == int(np.prod(shape)), (job.cfg.name, output.index)
            if len(output.shape) == 4:
                assert output.shape[1:] == shape, (job.cfg.name, output.index)
