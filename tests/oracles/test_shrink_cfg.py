from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.oracles.cfg_shapes import Layer, infer, read_sections
from tests.oracles.darknet import SHARE, Job, layer_outputs_of, needs_darknet, static_cfgs
from tests.oracles.seeded_weights import write_weights
from tests.oracles.shrink_cfg import shrink, with_options

NET = "[net]\nheight=96\nwidth=96\nchannels=3\n"


def layers_of(text: str) -> list[Layer]:
    return infer(read_sections(text))


@needs_darknet
@pytest.mark.parametrize("hard", [False, True])
def test_every_static_cfg_runs_small_with_activations_of_ordinary_size(tmp_path: Path, hard: bool) -> None:
    jobs = []
    for cfg in static_cfgs():
        small, weights = tmp_path / cfg.name, tmp_path / f"{cfg.stem}.weights"
        small.write_text(shrink(cfg.read_text()))
        write_weights(small, weights, seed=3, hard=hard)
        x = layers_of(small.read_text())[0].input
        jobs.append(Job(cfg=small, weights=weights, input=np.random.default_rng(1).random((1, x.c, x.h, x.w), "f4")))
    assert len(jobs) == 42
    for job, outputs in zip(jobs, layer_outputs_of(jobs), strict=True):
        for output in outputs:
            if output.type_name == "cost" or (job.cfg.stem == "yolo9000" and output.type_name == "region"):
                continue  # a cost is zeros; the tree softmax of [region] divides by a temperature of 0 on the CPU
            largest = float(np.max(np.abs(output.values)))
            assert 1e-3 < largest < 1e3, (job.cfg.stem, output.index, output.type_name, largest)
            if len(output.shape) == 4 and min(output.shape[2:]) > 1:
                spread = float(np.max(np.std(output.values, axis=(2, 3))))
                assert spread > 1e-2, (job.cfg.stem, output.index, output.type_name, spread)


@needs_darknet
@pytest.mark.parametrize("cfg", static_cfgs(), ids=lambda cfg: cfg.stem)
def test_the_structure_is_kept(cfg: Path) -> None:
    full, small = layers_of(cfg.read_text()), layers_of(shrink(cfg.read_text()))
    own = {"filters", "output", "groups", "classes", "crop_height", "crop_width"}
    for before, after in zip(full, small, strict=True):
        assert after.section.kind == before.section.kind
        rest = [{k: v for k, v in x.section.options.items() if k not in own} for x in (before, after)]
        assert rest[0] == rest[1]
        assert (before.section.integer("groups", 1) > 1) == (after.section.integer("groups", 1) > 1)
        if before.section.kind == "shortcut":
            assert unlike(full, before) == unlike(small, after)
    odd = [[layer.output.h % 2 for layer in layers if layer.output.h > 2][:4] for layers in (full, small)]
    assert odd[0] == odd[1]
    assert small[0].input.h < full[0].input.h or full[0].input.h <= 64


def unlike(layers: list[Layer], shortcut: Layer) -> tuple[bool, bool]:
    source = layers[shortcut.sources[0]].output
    return source.c != shortcut.input.c, source.h != shortcut.input.h


@needs_darknet
@pytest.mark.parametrize(
    ("name", "head", "channels"),
    [
        ("yolov3", "yolo", 3 * (5 + 10)),
        ("yolov3-tiny", "yolo", 3 * (5 + 10)),
        ("yolov2", "region", 5 * (5 + 10)),
        ("yolo9000", "region", 3 * (5 + 9418)),
        ("darknet9000", "softmax", 9418),
        ("yolov1", "detection", 49 * (5 * 3 + 2)),
    ],
)
def test_heads_get_the_channels_that_their_classes_need(name: str, head: str, channels: int) -> None:
    layers = layers_of(shrink((SHARE / "cfg" / f"{name}.cfg").read_text()))
    counts = [layer.input.c or layer.input.count for layer in layers if layer.section.kind == head]
    assert counts
    assert set(counts) == {channels}


def test_depthwise_stays_depthwise_and_groups_divide() -> None:
    conv = "[convolutional]\nfilters={}\nsize=3\npad=1\ngroups={}\nactivation=linear\n"
    text = NET + conv.format(128, 1) + conv.format(256, 128) + conv.format(256, 32)
    small = layers_of(shrink(text))
    assert [(layer.input.c, layer.section.integer("groups", 1), layer.output.c) for layer in small] == [
        (3, 1, 16),
        (16, 16, 32),
        (32, 4, 32),
    ]


def test_a_size_that_leaves_nothing_is_refused() -> None:
    pools = "[maxpool]\nsize=2\nstride=2\n" * 4
    assert layers_of(shrink(NET + pools))[-1].output.h == 2
    with pytest.raises(ValueError, match=r"\[maxpool\]"):
        shrink(NET + pools, size=16)


def test_a_head_without_its_convolution_is_refused() -> None:
    with pytest.raises(ValueError, match=r"line 7: \[yolo\] behind \[maxpool\]"):
        shrink(NET + "[maxpool]\nsize=2\n[yolo]\nmask=0\n")


def test_options_are_set_in_every_section_of_a_name() -> None:
    text = with_options(
        NET + "[yolo]\nmask=0\n[yolo]\n nms_kind = default\n", ["net.width=96", "yolo.nms_kind=diounms"]
    )
    found = [(section.kind, section.options) for section in read_sections(text)]
    assert found[0][1]["width"] == "96"
    assert found[1:] == [("yolo", {"nms_kind": "diounms", "mask": "0"}), ("yolo", {"nms_kind": "diounms"})]


@pytest.mark.parametrize("option", ["net.width", "net=3", "region.classes=3", "width=3"])
def test_an_option_for_no_section_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match=option):
        with_options(NET, [option])
