from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError, Origin, Problem
from converters.batch.job import Job, Result
from converters.batch.work import Made, Tell, Trade, done


def job_in(folder: Path) -> Job:
    (folder / "a.cfg").write_text("[net]")
    options = {"cfg": str(folder / "a.cfg")}
    return Job(
        name="a",
        target="caffe",
        source="darknet",
        stem=folder / "out/a",
        folder=folder,
        options=options,
        files=("cfg",),
    )


def write(job: Job, stage: Path, tell: Tell) -> Made:
    tell("writing")
    stage.with_name("a.caffemodel").write_bytes(b"12345")
    stage.with_name("a.prototxt").write_bytes(b"123")
    return Made(layers=4, warnings=("w",), verify={"verdict": "agrees"}, report="a.html")


def do(job: Job, convert: Callable[[Job, Path, Tell], Made] = write) -> Result:
    return done(job, Trade(convert=convert), lambda text: None)


def test_a_job_becomes_files_and_is_then_known(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    result = do(job)
    assert (result.state, result.layers, result.bytes, result.warnings) == ("converted", 4, 8, ("w",))
    assert result.report == str(tmp_path / "out/a.html")
    assert {Path(path).name: size for path, (size, _) in result.files.items()} == {"a.caffemodel": 5, "a.prototxt": 3}
    again = do(replace(job, known=result), _must_not_run)
    assert again == replace(result, state="unchanged", seconds=again.seconds)


def _must_not_run(job: Job, stage: Path, tell: Tell) -> Made:
    pytest.fail("it was converted before")


def test_a_changed_input_or_a_lost_output_is_converted_again(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    known = replace(job, known=do(job))
    (tmp_path / "out/a.prototxt").unlink()
    second = do(known)
    assert second.state == "converted"
    (tmp_path / "a.cfg").write_text("[net] changed")
    assert do(replace(job, known=second)).state == "converted"


def test_problems_are_told_as_they_are_and_the_old_files_stay(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    known = do(job)
    origin = Origin(layer="conv_0", file="a.cfg", line=3)

    def refuse(job: Job, stage: Path, tell: Tell) -> Made:
        stage.with_name("a.caffemodel").write_bytes(b"half")
        raise ConversionError(Problem(what="first", origin=origin), Problem(what="second", hint="do so"))

    result = do(replace(job, known=replace(known, fingerprint="")), refuse)
    assert (result.state, result.problems) == ("failed", ("a.cfg:3: first", "second\n    -> do so"))
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["a.caffemodel", "a.prototxt"]
    assert (tmp_path / "out/a.caffemodel").read_bytes() == b"12345"


def _leave(job: Job, stage: Path, tell: Tell) -> Made:
    sys.exit("enough")


@pytest.mark.parametrize(("way", "told"), [(lambda *_: 1 // 0, "ZeroDivisionError"), (_leave, "SystemExit: enough")])
def test_any_other_error_is_told_with_its_place(tmp_path: Path, way: Callable[..., Made], told: str) -> None:
    result = do(job_in(tmp_path), way)
    assert result.state == "failed"
    assert told in result.problems[0]
    assert __file__ in result.problems[0]


def test_a_file_that_went_away_is_named(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    (tmp_path / "a.cfg").unlink()
    assert do(job).problems == (f"TC0101 {tmp_path}/a.cfg: No such file or directory",)


def test_what_is_refused_after_it_was_written_does_not_come_out(tmp_path: Path) -> None:
    def differ(job: Job, stage: Path, tell: Tell) -> Made:
        stage.with_name("a.html").write_text("why")
        return replace(write(job, stage, tell), refused=("verify: conv_0 differs",))

    result = do(job_in(tmp_path), differ)
    assert (result.state, result.problems, result.files) == ("failed", ("verify: conv_0 differs",), {})
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.html"]
    assert result.report == str(tmp_path / "out/a.html")


def test_memory_errors_are_for_the_worker(tmp_path: Path) -> None:
    def exhaust(job: Job, stage: Path, tell: Tell) -> Made:
        raise MemoryError

    with pytest.raises(MemoryError):
        do(job_in(tmp_path), exhaust)


@pytest.mark.parametrize("name", ["a.prototxt", "a.caffemodel"])
def test_what_somebody_else_wrote_or_edited_stays(tmp_path: Path, name: str) -> None:
    job = job_in(tmp_path)
    known = replace(job, known=replace(do(job), fingerprint=""))
    (tmp_path / "out" / name).write_text("edited")
    for each in (known, job):
        result = do(each, _must_not_run)
        assert result.state == "failed"
        assert f"{name} already exists" in "".join(result.problems)
        assert "move it away, or give the model another output" in result.problems[0]
    assert (tmp_path / "out" / name).read_text() == "edited"


def test_a_file_that_only_this_time_belongs_to_the_net_replaces_none_either(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    (tmp_path / "out").mkdir()
    for name in ("a.heads.json", "a.verify.html"):
        (tmp_path / "out" / name).write_text("mine")

        def with_more(job: Job, stage: Path, tell: Tell, name: str = name) -> Made:
            stage.with_name(name).write_text("ours")
            return write(job, stage, tell)

        result = do(job, with_more)
        assert f"{name} already exists" in "".join(result.problems)
        assert [
            path.name
            for path in sorted((tmp_path / "out").iterdir())
            if path.name not in ("a.heads.json", "a.verify.html")
        ] == []
        (tmp_path / "out" / name).unlink()


def test_an_input_is_not_replaced(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.prototxt").symlink_to(tmp_path / "a.cfg")
    result = do(job, _must_not_run)
    assert "a.prototxt is the same file as" in result.problems[0]
    assert (tmp_path / "a.cfg").read_text() == "[net]"


def test_a_job_that_was_killed_between_two_files_is_done_again(tmp_path: Path) -> None:
    """What it left is its own, though no prototxt says so, and goes with the next set."""
    job = job_in(tmp_path)
    for name in ("a.caffemodel", "a.heads.json"):
        (tmp_path / "out" / ".a.prototxt.tocaffe" / "old").mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text("old")
    assert do(job, lambda job, stage, tell: Made(refused=("no",))).problems == ("no",)
    assert do(job).state == "converted"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.caffemodel", "a.prototxt"]
