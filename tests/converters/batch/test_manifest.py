from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caffe_ir.errors import ConversionError
from converters.batch.manifest import manifest_of, read_manifest
from tests.converters.batch.manifests import TARGETS, problems, read, with_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_models(tmp_path)


def test_models_take_the_defaults_that_mean_something_to_them(folder: Path) -> None:
    text = """
    [defaults]
    output = "out/{target}/{name}"
    fold_bn = true
    head = "activated"
    input = "1x3x8x8"
    [a]
    cfg = "a.cfg"
    weights = "a.weights"
    head = "raw"
    [b]
    model = "b.pt2"
    fold_bn = false
    """
    manifest = read(text, folder)
    a, b = manifest.jobs
    weights: dict[str, Any] = {"cfg": str(folder / "a.cfg"), "weights": str(folder / "a.weights")}
    assert a.options == {**weights, "verify": True, "fold_bn": True, "head": "raw"}
    assert (a.source, a.stem, a.size) == ("darknet", folder / "out/caffe/a", 43)
    assert b.options == {"model": str(folder / "b.pt2"), "verify": True, "fold_bn": False, "input": "1x3x8x8"}
    assert (b.source, b.stem, b.files) == ("pytorch", folder / "out/caffe/b", ("model",))


def test_each_target_is_a_job_with_an_output_of_its_own(folder: Path) -> None:
    jobs = read('[a]\ncfg = "a.cfg"\nweights = "a.weights"\ntarget = ["caffe", "opencv", "caffe"]', folder).jobs
    assert [(job.target, job.stem) for job in jobs] == [("caffe", folder / "caffe/a"), ("opencv", folder / "opencv/a")]


def test_paths_of_factories_are_relative_to_the_manifest(folder: Path) -> None:
    text = '[a]\nfactory = "zoo.py:net"\n[b]\nfactory = "package.module:net"\nweights = "w.pth"'
    a, b = read(text, folder).jobs
    assert (a.options["factory"], a.stem) == (f"{folder}/zoo.py:net", folder / "a")
    assert (b.options["factory"], b.options["weights"]) == ("package.module:net", str(folder / "w.pth"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[[model]]\nmodel = "b.pt2"\n[[model]]\nmodel = "b.pt2"\n',
            "zoo.toml:1: [[model]] is a list of tables\n"
            "    -> each model has a table of its own, called after it: [NAME] in place of [[model]]",
        ),
        (
            '[yolo.v3]\nmodel = "b.pt2"\n',
            "zoo.toml:1: [yolo] v3 is a table inside of another, for the dot in [yolo.v3]\n"
            '    -> its name needs quotes: ["yolo.v3"]',
        ),
        (
            "fold_bn = true\n",
            "zoo.toml:1: [fold_bn] is not a table, but stands before the first one\n"
            "    -> for all models it belongs under [defaults], for one into its table",
        ),
        (
            'cfg = "a.cfg"\n',
            "zoo.toml:1: [cfg] is not a table, but stands before the first one\n    -> write [NAME] above it",
        ),
        (
            "models = 3\n",
            'zoo.toml:1: [models] is not a table\n    -> give each model a table: [NAME], cfg = "...", weights = "..."',
        ),
    ],
)
def test_tables_in_the_wrong_place_are_answered_with_the_right_one(text: str, told: str, folder: Path) -> None:
    assert problems(text, folder) == [told]


def test_every_model_is_verified_unless_the_manifest_says_no(folder: Path) -> None:
    text = '[a]\nmodel = "b.pt2"\n[b]\nmodel = "b.pt2"\nverify = false\n'
    assert [job.options["verify"] for job in read(text, folder).jobs] == [True, False]
    assert [job.options["verify"] for job in read(f"[defaults]\nverify = false\n{text}", folder).jobs] == [False, False]


def test_two_entries_with_one_output_are_refused(folder: Path) -> None:
    text = """
[a]
cfg = "a.cfg"
weights = "a.weights"
output = "out/x"
[b]
model = "b.pt2"
output = "./out/../out/x"
[c]
model = "b.pt2"
target = ["caffe", "opencv"]
output = "c"
"""
    assert problems(text, folder) == [
        f"zoo.toml:8: [b] output: it and [a] would both write {folder}/out/x.*\n    -> give each an output of its own",
        f"zoo.toml:12: [c] output: two of its targets would both write {folder}/c.*\n    -> put {{target}} into output",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no model"),
        ("[defaults]\n", "names no model"),
        ("[a\n", "at line 1"),
        ('cfg = "a.cfg"\n', "[cfg] is not a table"),
        ("defaults = 3\n[a]\nmodel='b.pt2'", "[defaults] is not a table"),
        ("[a]\nmodel = 'b.pt2'\n[a]\n", "(at line 3"),
        ("[a]\nmodel = '.'\n", "is not a file"),
        ("[a]\nmodel = 'nets.py:net'\n", "a function that makes the model is given as factory"),
        ("[a]\nfactory = 'zoo.py'\n", "names no function"),
        ("[a]\nfactory = 'no.py:net'\n", "cannot find"),
        ('[a]\nmodel = "\\u0000"\n', "embedded null"),
        ("[a]\nmodel = 'b.pt2'\noutput = 'x/..'\n", "names no file"),
    ],
)
def test_what_is_no_manifest_is_refused(text: str, told: str, folder: Path) -> None:
    assert any(told in problem for problem in problems(text, folder))


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# \xe9\n")
    with pytest.raises(ConversionError, match="byte 2 is not UTF-8"):
        read_manifest(latin, TARGETS)
    with pytest.raises(ConversionError, match="cannot read"):
        read_manifest(tmp_path / "none.toml", TARGETS)


def test_a_file_is_read_with_paths_from_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "zoo.toml").write_text('["é"]\nmodel = "b.pt2"\n', encoding="utf-8")
    monkeypatch.chdir("/")
    manifest = read_manifest(folder / "zoo.toml", TARGETS)
    assert [job.stem for job in manifest.jobs] == [folder / "é"]


def test_braces_stand_for_themselves_where_they_are_doubled(folder: Path) -> None:
    text = "['{x}']\nmodel = 'b.pt2'\noutput = '{{{name}}}'\n"
    assert [job.stem.name for job in manifest_of(text, folder, TARGETS, file="zoo.toml").jobs] == ["{{x}}"]


def test_a_manifest_without_an_end_is_refused() -> None:
    with pytest.raises(ConversionError, match="more than 8 MB"):
        read_manifest("/dev/zero", TARGETS)
