from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.header import Origins
from caffe_ir.files.writer import write
from caffe_ir.layers import ReLU
from caffe_ir.targets import CAFFE
from caffe_ir.toml import parsed
from converters.batch.folder import chosen, found_in
from converters.batch.manifest import manifest_of
from tests.caffe_ir.build import add, net_of


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
    text = found_in(tmp_path).text()
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
        "# lonely.cfg is not paired: there is no lonely.weights or lonely_*.weights beside it",
        "# resnet.pth is not paired: it holds weights alone: give it a table with factory, weights and input",
        "# stray.weights is not paired: there is no cfg beside it with its name, or with the first part of its name "
        "before a _",
        "# traced.pt is not paired: if it is TorchScript, give it a table with model and input; if it holds weights, "
        "with factory and weights",
    ]


def test_weights_go_to_the_longest_name_that_theirs_begins_with(tmp_path: Path) -> None:
    lay(tmp_path, "yolo.cfg", "yolo_v2.cfg", "yolo_v2_final.weights", "yolo_final.weights", "other/yolo.weights")
    jobs = found_in(tmp_path).manifest(("caffe",), file="").jobs
    assert {job.name: Path(job.options["cfg"]).name for job in jobs} == {
        "yolo_final": "yolo.cfg",
        "yolo_v2_final": "yolo_v2.cfg",
    }


def test_a_model_called_like_the_defaults_keeps_its_name_out_of_their_table(tmp_path: Path) -> None:
    lay(tmp_path, "a.b.pt2", 'quo"te.pt2', "defaults.pt2")
    jobs = found_in(tmp_path).manifest(("caffe",), file="").jobs
    assert {job.name for job in jobs} == {"a.b", 'quo"te', "./defaults"}
    assert tmp_path / "caffe/defaults" in {job.stem for job in jobs}


def test_caffe_nets_are_models_and_what_was_written_is_none(tmp_path: Path) -> None:
    lay(tmp_path, "vgg.prototxt", "vgg.caffemodel", "ssd.prototxt", "ssd_iter_12000.caffemodel")
    lay(tmp_path, "solver.prototxt", "lost.caffemodel")
    net = net_of((1, 3))
    add(net, "relu", ReLU())
    write(net, tmp_path / "ours", CAFFE, origins=Origins(command="convert darknet a.cfg a.weights"))
    found = found_in(tmp_path)
    jobs = found.manifest(("caffe",), file="").jobs
    assert {job.name: [Path(job.options[key]).name for key in job.files] for job in jobs} == {
        "ssd_iter_12000": ["ssd.prototxt", "ssd_iter_12000.caffemodel"],
        "vgg": ["vgg.prototxt", "vgg.caffemodel"],
    }
    assert list(map(str, found.unpaired)) == [
        "lost.caffemodel is not paired: there is no prototxt beside it with its name, or with the first part of its "
        "name before a _",
        "solver.prototxt is not paired: there is no solver.caffemodel or solver_*.caffemodel beside it",
    ]


def test_models_of_one_name_keep_their_endings(tmp_path: Path) -> None:
    lay(tmp_path, "net.cfg", "net.weights", "net.pt2", "other.pt2")
    assert {job.name for job in found_in(tmp_path).manifest(("caffe",), file="").jobs} == {
        "net.weights",
        "net.pt2",
        "other",
    }


def test_endings_in_capitals_are_known(tmp_path: Path) -> None:
    lay(tmp_path, "YOLO.CFG", "YOLO_final.WEIGHTS", "alone.Cfg")
    found = found_in(tmp_path)
    assert dict(found.models) == {"YOLO_final": {"cfg": "YOLO.CFG", "weights": "YOLO_final.WEIGHTS"}}
    assert [one.path for one in found.unpaired] == ["alone.Cfg"]


def test_files_of_no_model_are_kept_with_the_manifest(tmp_path: Path) -> None:
    lay(tmp_path, "net.pt2", "sub/lonely.cfg")
    (one,) = found_in(tmp_path).manifest(("caffe",), file="").unpaired
    assert (one.path, one.why) == ("sub/lonely.cfg", "there is no lonely.weights or lonely_*.weights beside it")


def test_a_folder_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    lay(tmp_path, "lonely.cfg", "stray.weights")
    with pytest.raises(ConversionError) as caught:
        found_in(tmp_path).manifest(("caffe",), file="zoo")
    assert [str(problem).partition(":")[0] for problem in caught.value.problems] == [
        "there is no model in zoo\n    -> a model is NAME.cfg with NAME.weights, NAME.prototxt with NAME.caffemodel, "
        "or NAME.pt2",
        "lonely.cfg is not paired",
        "stray.weights is not paired",
    ]


def test_patterns_stand_for_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "a/x.pt2", "a/y.pt2", "a/b/z.pt2")
    monkeypatch.chdir(tmp_path)
    assert sorted(map(str, chosen(["a/*.pt2", "a/x.pt2"]))) == ["a/x.pt2", "a/y.pt2"]
    assert sorted(map(str, chosen(["a/**/*.pt2"]))) == ["a/b/z.pt2", "a/x.pt2", "a/y.pt2"]
    with pytest.raises(ConversionError) as caught:
        chosen(["no*.pt2", "none"])
    assert len(caught.value.problems) == 2
    jobs = found_in(Path(), chosen(["a/*"])).manifest(("caffe",), file="").jobs
    assert [job.stem for job in jobs] == [tmp_path / "caffe/a/x", tmp_path / "caffe/a/y"]


def test_names_that_no_terminal_should_see_are_written_as_escapes(tmp_path: Path) -> None:
    names = ["\x1b[31m.pt2", "a\n[b]\nfactory = 'evil:run'.pt2", "\x7f\x9b\u202e.pt2", "two\nlines.weights"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / os.fsdecode(b"\xff.pt2")).touch()
    text = found_in(tmp_path).text()
    assert all(line.isprintable() for line in text.split("\n"))
    assert {table["model"] for name, table in parsed(text).items() if name != "defaults"} == set(names[:3])
    assert "# two\\nlines.weights is not paired: there is no cfg" in text
    assert "# \\xff.pt2 is not paired: its name is not UTF-8" in text
