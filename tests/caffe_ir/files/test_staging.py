from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from caffe_ir.files import staging
from caffe_ir.files.staging import aside, forget_old, interrupted, remove_leftovers, room_of, staged


def test_the_room_is_empty_and_goes_with_the_block(tmp_path: Path) -> None:
    place = tmp_path / "net.prototxt"
    with staged(place) as room:
        assert list(room.iterdir()) == []
        (room / "half").touch()
        assert os.listdir(tmp_path) == [".net.prototxt.tocaffe"]
    with pytest.raises(ZeroDivisionError), staged(place) as room:
        aside(room / f"{1 // 0}", place)
    assert os.listdir(tmp_path) == []


def test_a_second_one_waits(tmp_path: Path) -> None:
    place = tmp_path / "net.prototxt"
    order: list[str] = []

    def second() -> None:
        with staged(place) as room:
            order.append(f"second: {os.listdir(room)}")

    thread = threading.Thread(target=second)
    with staged(place) as room:
        (room / "a").touch()
        thread.start()
        thread.join(0.1)
        with staged(tmp_path / "other.prototxt"):
            order.append("other")
        order.append("first")
    thread.join()
    assert order == ["other", "first", "second: []"]
    assert os.listdir(tmp_path) == []


def test_who_has_waited_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_PATIENCE", 0.05)
    refused = pytest.raises(BlockingIOError, match="another process is writing it")
    with staged(tmp_path / "net"), refused, staged(tmp_path / "net"):
        raise AssertionError("two have it")
    assert os.listdir(tmp_path) == []


def test_many_at_once_come_one_after_the_other(tmp_path: Path) -> None:
    place, inside, most = tmp_path / "net.prototxt", [0], [0]

    def work() -> None:
        for _ in range(20):
            with staged(place):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert os.listdir(tmp_path) == []


def left_behind(place: Path, *, within: bool) -> None:
    """What a process leaves that is killed while it writes, or while its files change places."""
    (room_of(place) / "new").mkdir(parents=True)
    (room_of(place) / "lock").touch()
    (room_of(place) / "new" / place.name).touch()
    if within:
        aside(room_of(place) / "new" / place.name, place)


def test_leftovers_go_but_for_those_that_show_whose_a_caffemodel_is(tmp_path: Path) -> None:
    writing, moved, whole = (tmp_path / f"{name}.prototxt" for name in ("writing", "moved", "whole"))
    whole.touch()
    left_behind(writing, within=False)
    left_behind(moved, within=True)
    left_behind(whole, within=True)
    assert [interrupted(place) for place in (writing, moved, whole)] == [False, True, False]
    remove_leftovers([writing, moved, whole, tmp_path / "never.prototxt", tmp_path / "no folder" / "net.prototxt"])
    assert sorted(os.listdir(tmp_path)) == [".moved.prototxt.tocaffe", "whole.prototxt"]
    with staged(moved):
        assert interrupted(moved), "until a set has taken its places"
    assert interrupted(moved)
    with staged(moved) as room:
        forget_old(room / moved.name)
    assert os.listdir(tmp_path) == ["whole.prototxt"]


def test_long_names_have_rooms_of_their_own(tmp_path: Path) -> None:
    names = ["é" * 120 + end for end in ("a", "b")]
    rooms = [room_of(tmp_path / name) for name in names]
    assert len(set(rooms)) == 2
    for room in rooms:
        room.mkdir()


def test_a_link_in_the_room_s_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine" / "new").mkdir(parents=True)
    (tmp_path / "mine" / "new" / "work").touch()
    room_of(tmp_path / "net").symlink_to("mine")
    with pytest.raises(OSError, match="symbolic link"), staged(tmp_path / "net"):
        raise AssertionError("it must not begin")
    assert (tmp_path / "mine" / "new" / "work").exists()


@pytest.mark.parametrize("name", ["new", "old"])
def test_links_in_the_room_are_not_followed(tmp_path: Path, name: str) -> None:
    """A folder out of an archive may hold a room with anything in it."""
    place, mine = tmp_path / "net", tmp_path / "mine"
    mine.mkdir()
    (mine / "net").write_text("mine")
    room_of(place).mkdir()
    (room_of(place) / name).symlink_to(mine)
    assert not interrupted(place)
    place.touch()
    with staged(place) as room:
        os.replace(place, aside(room / "net", place))
        forget_old(room / "net")
    assert (mine / "net").read_text() == "mine"
    assert os.listdir(tmp_path) == ["mine"]


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    room_of(tmp_path / "net").mkdir()
    (room_of(tmp_path / "net") / "lock").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic links"), staged(tmp_path / "net"):
        raise AssertionError("it must not begin")
    assert not (tmp_path / "mine").exists()


def test_nobody_is_waited_for_to_remove_what_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it waits"))
    with staged(tmp_path / "net") as room:
        (room / "half").touch()
        remove_leftovers([tmp_path / "net"])
        assert os.listdir(room) == ["half"]


def test_where_there_are_no_locks_each_has_another_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: int) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(staging, "locked", none)
    with staged(tmp_path / "net") as one, staged(tmp_path / "net") as other:
        assert one != other
    assert os.listdir(tmp_path) == []
