from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffe_ir.files.header import Origins, with_header
from caffe_ir.files.text_files import HTML
from converters.batch.publish import publish, remove_leftovers, staged, stamps, untouched


def write(stem: Path, text: str, *endings: str) -> None:
    for ending in endings:
        stem.with_name(stem.name + ending).write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_come_to_their_places_and_nothing_is_left_beside_them(tmp_path: Path) -> None:
    stem = tmp_path / "deep/er/net.v1"
    with staged(stem) as stage:
        write(stage, "new", ".prototxt", ".caffemodel", ".heads.json")
        assert names(stem.parent) != []
        made = publish(stage, stem)
    assert names(stem.parent) == ["net.v1.caffemodel", "net.v1.heads.json", "net.v1.prototxt"]
    assert made == stamps(stem.parent.iterdir())
    assert untouched(made)


def write_net(stem: Path) -> dict[str, tuple[int, int]]:
    """The files of a net that tocaffe wrote, and their stamps."""
    write(stem, "old", ".caffemodel", ".heads.json")
    text = with_header("name: 'net'\n", Origins(), "caffe", {".caffemodel": 3, ".heads.json": 3})
    write(stem, text, ".prototxt")
    return stamps(stem.with_name(stem.name + ending) for ending in (".caffemodel", ".heads.json", ".prototxt"))


def test_files_of_an_earlier_time_that_are_not_made_again_go(tmp_path: Path) -> None:
    stem = tmp_path / "net"
    before = write_net(stem)
    write(tmp_path / "other", "old", ".prototxt")
    with staged(stem) as stage:
        write(stage, "new", ".prototxt", ".caffemodel")
        publish(stage, stem, before)
    assert names(tmp_path) == ["net.caffemodel", "net.prototxt", "other.prototxt"]
    assert (tmp_path / "net.prototxt").read_text() == "new"


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    stem = tmp_path / "net"
    write(stem, "old", ".prototxt", ".caffemodel")
    with pytest.raises(ZeroDivisionError), staged(stem) as stage:  # noqa: PT012
        write(stage, "new", ".caffemodel")
        raise ZeroDivisionError
    assert names(tmp_path) == ["net.caffemodel", "net.prototxt"]
    assert (tmp_path / "net.caffemodel").read_text() == "old"


def test_a_link_into_another_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    stem = tmp_path / "net"
    (tmp_path / "net.caffemodel").symlink_to("big/one")
    for text in ("old", "new"):
        with staged(stem) as stage:
            write(stage, text, ".prototxt", ".caffemodel")
            made = publish(stage, stem)
        assert untouched(made)
        assert (tmp_path / "net.caffemodel").is_symlink()
        assert (tmp_path / "big" / "one").read_text() == (tmp_path / "net.prototxt").read_text() == text
    assert names(tmp_path / "big") == ["one"]
    assert names(tmp_path) == ["big", "net.caffemodel", "net.prototxt"]


def test_files_of_an_earlier_time_elsewhere_go_too(tmp_path: Path) -> None:
    before = write_net(tmp_path / "net")
    write(tmp_path / "net", HTML, ".verify.html")
    before |= stamps([tmp_path / "net.verify.html"])
    with staged(tmp_path / "other" / "net") as stage:
        write(stage, "new", ".prototxt", ".caffemodel")
        publish(stage, tmp_path / "other" / "net", before)
    assert names(tmp_path) == ["other"]


def test_no_file_goes_because_a_journal_names_it(tmp_path: Path) -> None:
    """The journal may come with a folder from anywhere, and its stamps may be right."""
    write_net(tmp_path / "edited")
    write(tmp_path / "edited", "mine", ".heads.json")
    write(tmp_path / "mine", "mine", ".prototxt", ".caffemodel", ".html", ".txt")
    before = names(tmp_path)
    with staged(tmp_path / "out" / "net") as stage:
        write(stage, "new", ".prototxt", ".caffemodel")
        known = stamps(path for path in tmp_path.iterdir() if path.is_file() and path.stem != "edited")
        publish(stage, tmp_path / "out" / "net", known | stamps([tmp_path / "edited.heads.json"]))
    assert names(tmp_path) == sorted([*before, "out"])
    ours = write_net(tmp_path / "net")
    with staged(tmp_path / "out" / "net") as stage:
        write(stage, "new", ".prototxt", ".caffemodel")
        publish(stage, tmp_path / "out" / "net", {name: (size, time + 1) for name, (size, time) in ours.items()})
    assert {Path(name).name for name in ours} <= set(names(tmp_path)), "they were touched since"


def test_an_edit_a_touch_and_a_loss_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("text")
    known = stamps([path])
    assert untouched(known)
    os.utime(path, ns=(1, 1))
    assert not untouched(known)
    path.unlink()
    assert not untouched(known)
    assert not untouched({})


def test_leftovers_of_our_stems_go_and_no_others(tmp_path: Path) -> None:
    for stem in ("net", "net.v1", "net_b"):
        (tmp_path / f".{stem}.prototxt.tocaffe" / "new").mkdir(parents=True)
    remove_leftovers([tmp_path / "net", tmp_path / "net.v1", tmp_path / "not there" / "net"])
    assert names(tmp_path) == [".net_b.prototxt.tocaffe"]
