"""Both files, run: the C one compiled without a warning, under sanitizers. The numpy decoder is what they are compared
with, and real Darknet decides about all three (tests/end_to_end/test_picture_to_boxes.py)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.darknet import heads_json
from converters.decode import Facts, detections, facts_of
from converters.decode.heads import AnyHead, BoxesHead, DetectionHead, YoloHead
from converters.decode.standalone import MARK, standalone
from tests.converters.darknet.judged import ALEXEYAB, converted, net
from tests.converters.decode.torch_heads import HEADS, torch_facts
from tests.converters.decode.written_decoders import CC, SANITIZERS, STRICT, InC, needs_compiler, python_decoder

ANCHORS = "anchors=3,4, 6,5, 9,12, 14,10"
YOLO = f"num=4;mask=0,2,3;classes=3;{ANCHORS}"
REGION = "num=2;classes=9;coords=4;anchors=.57,.67, 1.87,2.06;softmax=1"
MAP = "[convolutional];filters={};size=1;stride=2;activation={}"
TREE = "".join(f"{n} {parent}\n" for n, parent in enumerate((-1, -1, -1, 0, 0, 2, 2, 3, 3)))

NETS: dict[str, tuple[str, tuple[int, int, int]]] = {
    "yolo": (f"{MAP.format(24, 'linear')};[yolo];{YOLO}", (0, 2, 0)),
    "two heads": (f"{MAP.format(24, 'linear')};[yolo];{YOLO};[route];layers=-2;[yolo];{YOLO}", (0, 2, 0)),
    "new_coords": (f"{MAP.format(24, 'logistic')};[yolo];{YOLO};new_coords=1;scale_x_y=2", ALEXEYAB),
    "greedynms": (f"letter_box=1;{MAP.format(24, 'linear')};[yolo];{YOLO};scale_x_y=1.05;nms_kind=greedynms", ALEXEYAB),
    "cornersnms": (f"{MAP.format(24, 'linear')};[yolo];{YOLO};nms_kind=cornersnms", ALEXEYAB),
    "diounms": (f"{MAP.format(24, 'linear')};[yolo];{YOLO};nms_kind=diounms;beta_nms=0.8", ALEXEYAB),
    "gaussian": (f"{MAP.format(36, 'linear')};[Gaussian_yolo];{YOLO};yolo_point=left_top", ALEXEYAB),
    "gaussian diounms": (f"{MAP.format(36, 'linear')};[Gaussian_yolo];{YOLO};scale_x_y=1.1;nms_kind=diounms", ALEXEYAB),
    "region": (f"{MAP.format(28, 'linear')};[region];{REGION}", (0, 2, 0)),
    "alexeyabs region": (f"{MAP.format(28, 'linear')};[region];{REGION}", ALEXEYAB),
    "alexeyabs scores": (f"{MAP.format(28, 'linear')};[region];{REGION.replace('softmax=1', 'softmax=0')}", ALEXEYAB),
    "alexeyabs tree": (f"{MAP.format(28, 'linear')};[region];{REGION};tree=some.tree", ALEXEYAB),
    "background": (f"{MAP.format(28, 'linear')};[region];{REGION};background=1", (0, 2, 0)),
    "no softmax": (f"{MAP.format(28, 'linear')};[region];{REGION.replace('softmax=1', 'softmax=0')}", (0, 2, 0)),
    "tree": (f"{MAP.format(28, 'linear')};[region];{REGION};tree=some.tree", (0, 2, 0)),
    "detection": ("[connected];output=52;[detection];side=2;num=2;classes=3;coords=4;sqrt=1", (0, 2, 0)),
    "detection softmax": ("[connected];output=52;[detection];side=2;num=2;classes=3;coords=4;softmax=1", (0, 2, 0)),
}


def facts_for(folder: Path, name: str) -> Facts:
    if name in HEADS:
        return torch_facts(name)
    (folder / "some.tree").write_text(TREE)
    sections, header = NETS[name]
    return facts_of(heads_json(converted(folder, net(sections), header=header)).encode(), folder)


def blobs_for(facts: Facts, seed: int) -> dict[str, np.ndarray]:
    """Maps that give some dozens of boxes, of numbers that a net would make."""
    rng, made = np.random.default_rng(seed), {}
    for blob, count in dict.fromkeys(one for head in facts.heads for one in head.reads):
        made[str(blob)] = rng.normal(0, 2, count).astype(np.float32)
        if any(_of_probabilities(head) for head in facts.heads):
            made[str(blob)] = rng.random(count, np.float32)
    if isinstance(facts.heads[0], BoxesHead):
        places = (
            made["out"].reshape(facts.heads[0].count, -1)
            if facts.heads[0].transposed
            else made["out"].reshape(-1, 60).T
        )
        places[:, :4] *= 24
    return made


def _of_probabilities(head: AnyHead) -> bool:
    """Whether the blob's numbers are probabilities already."""
    return isinstance(head, BoxesHead | DetectionHead) or (isinstance(head, YoloHead) and not head.to_do.logistic)


def by_numpy(facts: Facts, blobs: dict[str, np.ndarray], size: tuple[int, int], threshold: float) -> list[Any]:
    found = detections(facts, blobs, size, threshold=threshold)
    return [(one.category, one.score, *one.place) for one in found]


def by_python(facts: Facts, blobs: dict[str, np.ndarray], size: tuple[int, int], threshold: float) -> list[Any]:
    found = python_decoder(facts)(blobs, size, threshold)
    return [(one.category, one.score, *one.place) for one in found]


SIZES = [(33, 70), (90, 41), (14, 12)]


@needs_compiler
@pytest.mark.parametrize("name", [*NETS, *HEADS])
def test_all_three_give_the_same_bits(name: str, tmp_path: Path) -> None:
    facts = facts_for(tmp_path, name)
    in_c, count = InC(tmp_path, facts), 0
    for seed, size in enumerate(SIZES):
        blobs = blobs_for(facts, seed)
        wanted = by_numpy(facts, blobs, size, 0.3)
        assert by_python(facts, blobs, size, 0.3) == wanted
        assert in_c(list(blobs.values()), size, 0.3) == wanted
        count += len(wanted)
    assert count > 20


MAIN = """
#include <stdio.h>
int main(void)
{{
    static float {arrays};
    const float *blobs[] = {{ {names} }};
    static struct deploy_box found[5000];
    int i, count;
    {reads}
    count = deploy_decode(blobs, 70, 33, 0.3f, found, 5000);
    for (i = 0; i < count; i++)
        printf("%d %.9g %.9g %.9g %.9g %.9g\\n", found[i].category, (double)found[i].score, (double)found[i].x,
               (double)found[i].y, (double)found[i].width, (double)found[i].height);
    return count < 0 || deploy_decode(blobs, 70, 33, 0.3f, found, 1) > 1;
}}
"""


@needs_compiler
@pytest.mark.parametrize("name", [*NETS, *HEADS])
def test_the_c_file_is_clean_under_sanitizers(name: str, tmp_path: Path) -> None:
    """A program of its own, in which every read beyond a blob, and whatever C does not define, ends with an error."""
    facts = facts_for(tmp_path, name)
    blobs = blobs_for(facts, 0)
    assert "alloc" not in standalone(facts, "deploy", "c").partition("#include")[2]
    arrays, reads = [], []
    for place, blob in enumerate(blobs.values()):
        blob.tofile(tmp_path / f"b{place}")
        arrays.append(f"b{place}[{blob.size}]")
        read = f"fread(b{place}, 4, {blob.size}, f) != {blob.size}"
        reads.append(f'{{ FILE *f = fopen("b{place}", "rb"); if (!f || {read}) return 9; fclose(f); }}')
    names = ", ".join(f"b{place}" for place in range(len(reads)))
    main = MAIN.format(arrays=", ".join(arrays), names=names, reads="\n".join(reads))
    (tmp_path / "main.c").write_text(standalone(facts, "deploy", "c") + main)
    subprocess.run([str(CC), *STRICT, *SANITIZERS, "main.c", "-o", "main", "-lm"], cwd=tmp_path, check=True)
    done = subprocess.run(["./main"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    np.testing.assert_allclose(found, by_numpy(facts, blobs, (33, 70), 0.3), rtol=1e-8)


@needs_compiler
def test_too_little_room_is_told_with_what_is_needed(tmp_path: Path) -> None:
    facts = facts_for(tmp_path, "yolo")
    blobs = list(blobs_for(facts, 0).values())
    in_c = InC(tmp_path, facts)
    needed = -in_c(blobs, (33, 70), 0.3, room=3)
    assert needed > 3
    assert len(in_c(blobs, (33, 70), 0.3, room=needed)) > 3


def test_only_what_the_net_needs_is_in_them(tmp_path: Path) -> None:
    facts = facts_for(tmp_path, "detection")
    for language in ("python", "c"):
        text = standalone(facts, "deploy", language)
        assert MARK in text
        assert "detection" in text
        assert "def region" not in text
        assert "static void region" not in text
        assert "logistic(x)" not in text
        assert "{{" not in text
        assert "//@" not in text


def test_names_out_of_files_end_no_comment(tmp_path: Path) -> None:
    facts = facts_for(tmp_path, "yolo")
    evil = '*/ int x; """ \\\n import os'
    odd = replace(facts, heads=(replace(facts.heads[0], blob=evil, name=evil),))
    text = standalone(odd, f"deploy{evil}", "c")
    assert text.count("*/") == text.count("/*")
    names: dict[str, Any] = {}
    exec(compile(standalone(odd, evil, "python"), "x", "exec"), names)
    assert names["BLOBS"] == [evil]
    if CC is not None:
        (tmp_path / "x.c").write_text(text)
        subprocess.run([CC, *STRICT, "-c", "x.c"], cwd=tmp_path, check=True)


def test_nets_without_a_head_have_no_decoder(tmp_path: Path) -> None:
    facts = facts_of(
        heads_json(converted(tmp_path, net("[convolutional];filters=5;[avgpool];[softmax]"))).encode(), tmp_path
    )
    with pytest.raises(ConversionError, match="has no detection head"):
        standalone(facts, "deploy", "c")


def test_a_head_of_no_boxes_is_none(tmp_path: Path) -> None:
    facts = facts_for(tmp_path, "yolo")
    assert by_python(facts, {str(blob): np.full(count, -9) for blob, count in facts.heads[0].reads}, (9, 9), 0.5) == []
    assert json.dumps(by_python(facts, blobs_for(facts, 1), (9, 9), 0.3))
