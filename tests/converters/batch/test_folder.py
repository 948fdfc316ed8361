from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.toml import parsed
from converters.batch.folder import chosen, manifest_text
from converters.batch.manifest import manifest_of


def lay(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_a_folder_becomes_a_manifest_that_can_be_read(tmp_path: Path) -> None:
    lay(
        tmp_path,
        "yolo.cfg",
        "yolo_best.weights",
        "yolo_1000.weights",
        "yolo-tiny.cfg",
        "yolo-tiny.weights",
        "sub/é net.pt2",
        "lonely.cfg",
        "stray.weights",
        "traced.pt",
        "resnet.pth",
        ".hidden/x.pt2",
        "readme.txt",
    )
    text = manifest_text(tmp_path)
    jobs = manifest_of(text, tmp_path, ("caffe",), file="zoo.toml").jobs
    found = {job.name: [Path(job.options[key]).name for key in job.files] for job in jobs}
    assert found == {
        "sub/é net": ["é net.pt2"],
        "yolo-tiny": ["yolo-tiny.cfg", "yolo-tiny.weights"],
        "yolo_1000": ["yolo.cfg", "yolo_1000.weights"],
        "yolo_best": ["yolo.cfg", "yolo_best.weights"],
    }
    assert {job.stem for job in jobs} == {tmp_path / "caffe" / name for name in found}
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert comments == [
        "# lonely: the weights of lonely.cfg is missing",
        "# resnet: a factory or the input's shape for resnet.pth is missing",
        "# stray: the cfg of stray.weights is missing",
        "# traced: a factory or the input's shape for traced.pt is missing",
    ]


def test_weights_go_to_the_longest_name_that_theirs_begins_with(tmp_path: Path) -> None:
    lay(tmp_path, "yolo.cfg", "yolo_v2.cfg", "yolo_v2_final.weights", "yolo_final.weights", "other/yolo.weights")
    jobs = manifest_of(manifest_text(tmp_path), tmp_path, ("caffe",), file="").jobs
    assert {job.name: Path(job.options["cfg"]).name for job in jobs} == {
        "yolo_final": "yolo.cfg",
        "yolo_v2_final": "yolo_v2.cfg",
    }


def test_a_model_called_like_the_defaults_keeps_its_name_out_of_their_table(tmp_path: Path) -> None:
    lay(tmp_path, "a.b.pt2", 'quo"te.pt2')
    jobs = manifest_of(manifest_text(tmp_path), tmp_path, ("caffe",), file="").jobs
    assert {job.name for job in jobs} == {"a.b", 'quo"te'}


def test_patterns_stand_for_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "a/x.pt2", "a/y.pt2", "a/b/z.pt2")
    monkeypatch.chdir(tmp_path)
    assert sorted(map(str, chosen(["a/*.pt2", "a/x.pt2"]))) == ["a/x.pt2", "a/y.pt2"]
    assert sorted(map(str, chosen(["a/**/*.pt2"]))) == ["a/b/z.pt2", "a/x.pt2", "a/y.pt2"]
    with pytest.raises(ConversionError) as caught:
        chosen(["no*.pt2", "none"])
    assert len(caught.value.problems) == 2
    jobs = manifest_of(manifest_text(Path(), chosen(["a/*"])), Path(), ("caffe",), file="").jobs
    assert [job.stem for job in jobs] == [tmp_path / "caffe/a/x", tmp_path / "caffe/a/y"]


def test_names_that_no_terminal_should_see_are_written_as_escapes(tmp_path: Path) -> None:
    names = ["\x1b[31m.pt2", "a\n[b]\nfactory = 'evil:run'.pt2", "\x7f\x9b\u202e.pt2", "two\nlines.weights"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / os.fsdecode(b"\xff.pt2")).touch()
    text = manifest_text(tmp_path)
    assert all(line.isprintable() for line in text.split("\n"))
    assert {table["model"] for name, table in parsed(text).items() if name != "defaults"} == set(names[:3])
    assert "# two\\nlines: the cfg of two\\nlines.weights is missing" in text
    assert "# \\xff.pt2: its name is no UTF-8" in text
