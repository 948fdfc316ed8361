from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caffe_ir.files.staging import interrupted
from caffe_ir.files.whole_files import whole_files


def test_all_files_take_their_places_together(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b.txt"
    with whole_files(first, second) as (one, other):
        one.write(b"1")
        other.write(b"2")
        assert not first.exists()
        assert not second.exists()
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert sorted(os.listdir(tmp_path)) == ["a", "b.txt"]


def test_they_have_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_set(tmp_path, "text", "a")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_folders_are_made_and_go_again_where_nothing_comes_of_it(tmp_path: Path) -> None:
    with whole_files(tmp_path / "a" / "b" / "c", make_folders=True) as (file,):
        file.write(b"text")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"text"
    with pytest.raises(ZeroDivisionError), whole_files(tmp_path / "a" / "d" / "e", make_folders=True) as (file,):
        file.write(b"%d" % (1 // 0))
    assert os.listdir(tmp_path / "a") == ["b"]
    with pytest.raises(OSError, match="No such file"), whole_files(tmp_path / "none" / "c"):
        pass


def test_an_exception_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_files(tmp_path / "a", tmp_path / "b") as (one, _):
        one.write(b"%d" % (1 // 0))
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_in_the_place_of_one_file_keeps_the_others_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").mkdir()
    with pytest.raises(IsADirectoryError), whole_files(tmp_path / "a", tmp_path / "b"):
        raise AssertionError("nothing can be written")
    assert (tmp_path / "a").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_name_may_be_as_long_as_the_folder_allows(tmp_path: Path) -> None:
    name = "é" * 127  # of 255 bytes at most
    write_set(tmp_path, "text", name)
    assert os.listdir(tmp_path) == [name]


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is heard, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("threads", [0, 3])
def test_a_signal_between_two_moves_waits_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """Whichever thread the system gives it to."""
    done = threading.Event()
    for _ in range(threads):
        threading.Thread(target=done.wait, daemon=True).start()
    replace, moved = os.replace, list[str]()

    def interrupted(source: Path, target: Path) -> None:
        moved.append(target.name)
        os.kill(os.getpid(), signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), whole_files(tmp_path / "a", tmp_path / "b"):
        pass
    done.set()
    assert moved == sorted(os.listdir(tmp_path)) == ["a", "b"]


SET = ("net.caffemodel", "net.heads.json", "net.prototxt")
"""The last one makes it a net."""


def write_set(folder: Path, text: str, *names: str, gone: tuple[str, ...] = (), durable: bool = False) -> None:
    places = [folder / name for name in names or SET]
    with whole_files(*places, gone=lambda: [folder / name for name in gone], durable=durable) as files:
        for file in files:
            file.write(text.encode())


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def killed_at(step: int, act: Callable[[], None]) -> bool:
    """Do something in a process that ends without a word before its step of this number; whether it ended so."""
    child = os.fork()
    if child == 0:
        steps, replace = 0, os.replace

        def counted(source: Path, target: Path) -> None:
            nonlocal steps
            if steps == step:
                os._exit(9)
            steps += 1
            replace(source, target)

        os.replace = counted  # type: ignore[assignment]
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("durable", [False, True])
def test_wherever_it_is_killed_no_two_runs_are_mixed(tmp_path: Path, durable: bool) -> None:
    old, new = dict.fromkeys(SET, "old"), dict.fromkeys(SET, "new")
    seen, step = set[str](), 0
    while True:
        write_set(tmp_path, "old", durable=durable)
        killed = killed_at(step, lambda: write_set(tmp_path, "new", durable=durable))
        found = contents(tmp_path)
        assert "net.prototxt" not in found or found in (old, new)
        seen.add(found.get("net.prototxt", "nothing"))
        assert interrupted(tmp_path / "net.prototxt") == ("net.prototxt" not in found)
        write_set(tmp_path, "newer", durable=durable)
        assert contents(tmp_path) == dict.fromkeys(SET, "newer")
        assert sorted(os.listdir(tmp_path)) == sorted(SET), "what the killed one left is gone"
        if not killed:
            break
        step += 1
    assert step == 6, "three old files go, three new ones come"
    assert seen == {"old", "nothing", "new"}


@pytest.mark.parametrize("step", range(6))
def test_a_step_that_fails_has_the_others_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """As on Windows where a program has one of the files open."""
    write_set(tmp_path, "old")
    before, steps, replace = contents(tmp_path), 0, os.replace

    def refused(source: Path, target: Path) -> None:
        nonlocal steps
        steps += 1
        if steps == step + 1:
            raise PermissionError(13, "it is used by another process", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError):
        write_set(tmp_path, "new")
    assert contents(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == sorted(SET)


def test_a_file_that_the_new_set_lacks_goes_with_the_old_one(tmp_path: Path) -> None:
    write_set(tmp_path, "old")
    (tmp_path / "net.notes").write_text("mine")
    write_set(tmp_path, "new", "net.caffemodel.h5", "net.prototxt", gone=("net.caffemodel", "net.heads.json", "none"))
    assert contents(tmp_path) == {"net.caffemodel.h5": "new", "net.prototxt": "new", "net.notes": "mine"}


def test_a_link_is_followed_into_its_folder(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "net.caffemodel").symlink_to("big/one")
    (tmp_path / "net.prototxt").symlink_to("real")
    for text in ("old", "new"):
        write_set(tmp_path, text)
        assert (tmp_path / "net.caffemodel").is_symlink()
        assert (tmp_path / "net.prototxt").is_symlink()
        assert contents(tmp_path / "big") == {"one": text}
        assert contents(tmp_path) == {
            "net.caffemodel": text,
            "net.heads.json": text,
            "net.prototxt": text,
            "real": text,
        }
    assert os.listdir(tmp_path / "big") == ["one"]
    assert len(os.listdir(tmp_path)) == 5


def test_a_file_of_the_old_set_goes_where_the_new_ones_are_elsewhere(tmp_path: Path) -> None:
    """It lies beside the links, perhaps on another disk than the files."""
    (tmp_path / "big").mkdir()
    write_set(tmp_path, "old")
    for name in ("net.caffemodel", "net.prototxt"):
        (tmp_path / name).unlink()
        (tmp_path / name).symlink_to(f"big/{name}")
    write_set(tmp_path, "new", "net.caffemodel", "net.prototxt", gone=("net.heads.json",))
    assert contents(tmp_path / "big") == {"net.caffemodel": "new", "net.prototxt": "new"}
    assert sorted(os.listdir(tmp_path)) == ["big", "net.caffemodel", "net.prototxt"]


def test_a_single_file_of_a_set_waits_for_who_writes_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caffe_ir.files.staging._PATIENCE", 0.05)
    files, last = tmp_path / "net.caffemodel", tmp_path / "net.prototxt"
    refused = pytest.raises(BlockingIOError, match="another process is writing it")
    with whole_files(files, last), refused, whole_files(files, of_set=last):
        raise AssertionError("two have it")
    with whole_files(files, of_set=last) as (file,), refused, whole_files(files, last):
        file.write(b"alone")
    assert sorted(os.listdir(tmp_path)) == ["net.caffemodel", "net.prototxt"]


def test_a_single_file_leaves_what_a_killed_run_left_of_its_set(tmp_path: Path) -> None:
    write_set(tmp_path, "old")
    assert killed_at(4, lambda: write_set(tmp_path, "new"))
    with whole_files(tmp_path / "net.caffemodel", of_set=tmp_path / "net.prototxt") as (file,):
        file.write(b"alone")
    assert interrupted(tmp_path / "net.prototxt")


def test_a_device_a_pipe_and_a_loop_of_links_are_no_places(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "null").symlink_to("/dev/null")
    for name in ("pipe", "loop", "null"):
        with pytest.raises(OSError, match=r"pipe|links"):
            write_set(tmp_path, "text", name)
    assert len(os.listdir(tmp_path)) == 3


def test_what_is_durable_is_on_the_disk_before_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file, then the folder once the old files are away, once the new ones are there, and at the end."""
    done: list[str] = []

    def name_of(descriptor: int) -> str:
        return Path(os.readlink(f"/proc/self/fd/{descriptor}")).name

    replace = os.replace

    def moved(source: Path, target: Path) -> None:
        done.append(f"move {source.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", lambda file: done.append(f"sync {name_of(file)}"))
    monkeypatch.setattr(os, "replace", moved)
    write_set(tmp_path, "old")
    assert not any(one.startswith("sync") for one in done)
    done.clear()
    write_set(tmp_path, "new", durable=True)
    folder = f"sync {tmp_path.name}"
    moves = [f"move {name}" for name in SET]
    assert done[:3] == [f"sync {name}" for name in SET]
    assert done[3:] == [moves[2], *moves[:2], folder, *moves[:2], folder, moves[2], folder]
    done.clear()
    with whole_files(tmp_path / "a/b/net", durable=True, make_folders=True):
        pass
    assert set(done[:2]) == {folder, "sync a"}, "the new folders are on the disk before their files"
