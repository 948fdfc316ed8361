from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from converters.batch import journal
from converters.batch.job import Result


def result(name: str, fingerprint: str = "f", **others: object) -> Result:
    told = Result(name=name, target="caffe", state="converted", fingerprint=fingerprint).to_json()
    return Result.from_json({**told, **others})


def add(path: Path, *results: Result) -> None:
    with journal.opened(path) as kept:
        for one in results:
            kept.add(one)


def begin(path: Path, text: str = "") -> None:
    """A journal that nothing was added to but this text."""
    add(path)
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def known(path: Path) -> dict[str, Result]:
    with journal.opened(path) as kept:
        return dict(kept.known)


def test_the_last_result_of_each_job_is_known(tmp_path: Path) -> None:
    path = tmp_path / "new/zoo.state.jsonl"
    add(path, result("a", "1"), result("b", "1"))
    add(path, result("a", "2"))
    assert known(path) == {"a@caffe": result("a", "2"), "b@caffe": result("b", "1")}


def test_failures_and_what_was_known_are_not_added(tmp_path: Path) -> None:
    path = tmp_path / "state"
    add(path, result("a"), result("a", state="failed"), result("b", state="unchanged"))
    assert known(path) == {"a@caffe": result("a")}


@pytest.mark.parametrize("cut", [1, 10, 50])
def test_a_line_that_was_cut_short_is_as_if_it_had_not_been_begun(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "state"
    add(path, result("a"), result("b"))
    os.truncate(path, path.stat().st_size - cut)
    assert known(path) == {"a@caffe": result("a")}
    add(path, result("c"))
    assert set(known(path)) == {"a@caffe", "c@caffe"}


@pytest.mark.parametrize(
    "text",
    [
        "my notes",
        "my notes\nwithout an end",
        "\n",
        json.dumps(result("a").to_json()),
        '{"tool": "tocaffe"}',
        "my notes, and a line of a journal\n" + json.dumps(result("a").to_json()) + "\n",
    ],
)
def test_a_file_of_somebody_else_s_is_neither_cut_nor_added_to(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(ConversionError, match=r"state already exists .it does not begin as a journal"):
        add(path, result("b"))
    assert path.read_text() == text


def test_a_journal_of_the_first_version_is_read_and_gets_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "state"
    lines = [json.dumps(result(name).to_json()) for name in "ab"]
    path.write_text("\n".join(lines) + "\n" + lines[0][:40])
    assert set(known(path)) == {"a@caffe", "b@caffe"}
    assert len(path.read_text().splitlines()) == 3
    add(path, result("c"))
    assert set(known(path)) == {"a@caffe", "b@caffe", "c@caffe"}


def test_a_journal_that_was_killed_at_its_first_line_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "state"
    add(path)
    head = path.read_bytes()
    for length in range(len(head)):
        path.write_bytes(head[:length])
        add(path, result("a"))
        assert set(known(path)) == {"a@caffe"}


def test_a_link_out_of_the_folder_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo/state").symlink_to("../elsewhere")
    with pytest.raises(ConversionError, match="link out of the manifest's folder"):
        add(tmp_path / "zoo/state", result("a"))
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "zoo/other").symlink_to("real")
    add(tmp_path / "zoo/other", result("a"))
    assert set(known(tmp_path / "zoo/real")) == {"a@caffe"}


def test_lines_of_another_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "state"
    begin(path, json.dumps({"name": "a", "of": "the future"}) + "\n[]\nno json\n")
    add(path, result("b"))
    assert set(known(path)) == {"b@caffe"}


def test_what_is_worn_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "state"
    add(path, *(result("a", str(number)) for number in range(100)), result("b"))
    with journal.opened(path) as kept:
        kept.add(result("c"))
        with pytest.raises(ConversionError), journal.opened(path, patience=0):
            pass
    assert len(path.read_bytes().splitlines()) == 4
    assert known(path) == {"a@caffe": result("a", "99"), "b@caffe": result("b"), "c@caffe": result("c")}
    assert os.listdir(tmp_path) == ["state"]


def test_two_runs_exclude_each_other(tmp_path: Path) -> None:
    with journal.opened(tmp_path / "state"):
        with pytest.raises(ConversionError, match="another batch is at work"):
            journal.opened(tmp_path / "state", patience=0).__enter__()
        with journal.opened(tmp_path / "other", patience=0):
            pass
    with journal.opened(tmp_path / "state", patience=0):
        pass


def test_a_process_that_inherits_the_lock_holds_it(tmp_path: Path) -> None:
    with journal.opened(tmp_path / "state") as kept:
        command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[kept.lock])
    try:
        with pytest.raises(ConversionError, match="another batch"):
            journal.opened(tmp_path / "state", patience=0).__enter__()
    finally:
        child.communicate()
    with journal.opened(tmp_path / "state", patience=5):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConversionError, match="cannot write"):
        journal.opened(tmp_path / "file/state").__enter__()
    with pytest.raises(ConversionError, match="cannot write"):
        journal.opened(tmp_path).__enter__()


@pytest.mark.parametrize(
    "changed",
    [
        {"files": [1, 2]},
        {"files": {"a": [1]}},
        {"files": {"a": ["1", 2]}},
        {"seconds": "long"},
        {"state": "done"},
        {"name": ["a"]},
        {"problems": "text"},
        {"verify": [1]},
    ],
)
def test_a_result_of_other_types_is_passed_over(tmp_path: Path, changed: dict[str, object]) -> None:
    path = tmp_path / "state"
    told = {**result("a").to_json(), **changed}
    begin(path, json.dumps(told) + "\n" + json.dumps(result("b").to_json()) + "\n")
    assert set(known(path)) == {"b@caffe"}


def test_no_line_takes_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "state"
    lines = [b"[" * 100_000, b'{"layers": ' + b"9" * 5000 + b"}", json.dumps(result("a").to_json()).encode()]
    begin(path)
    with open(path, "ab") as file:
        file.write(b"\n".join([*lines, b"x" * (17 << 20), b""]))
    assert set(known(path)) == {"a@caffe"}


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes among the files")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(ConversionError, match="cannot write"), journal.opened(tmp_path / name):
            pass
