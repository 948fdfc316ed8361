from __future__ import annotations

import os
from pathlib import Path

import pytest

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


def test_files_of_an_earlier_time_that_are_not_made_again_go(tmp_path: Path) -> None:
    stem = tmp_path / "net"
    write(stem, "old", ".prototxt", ".caffemodel", ".heads.json")
    write(tmp_path / "other", "old", ".prototxt")
    before = [str(stem) + ending for ending in (".prototxt", ".caffemodel", ".heads.json")]
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


@pytest.mark.parametrize("ends_at", range(4))
def test_wherever_it_is_cut_off_no_prototxt_stands_beside_another_times_caffemodel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends_at: int
) -> None:
    stem = tmp_path / "net"
    write(stem, "old", ".prototxt", ".caffemodel")
    steps = 0

    def counted(act: object) -> object:
        def stepped(*args: object, **options: object) -> object:
            nonlocal steps
            if steps == ends_at:
                raise KeyboardInterrupt
            steps += 1
            assert callable(act)
            return act(*args, **options)

        return stepped

    monkeypatch.setattr(Path, "replace", counted(Path.replace))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))
    stage = tmp_path / "stage" / "net"
    stage.parent.mkdir()
    write(stage, "new", ".prototxt", ".caffemodel")
    try:
        publish(stage, stem, [f"{stem}.prototxt", f"{stem}.caffemodel"])
    except KeyboardInterrupt:
        assert ends_at < 3
    else:
        assert ends_at == 3
    found = {path.name: path.read_text() for path in tmp_path.glob("net.*")}
    assert len(set(found.values())) <= 1 or "net.prototxt" not in found


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
        with staged(tmp_path / stem) as stage:
            write(stage, "half", ".caffemodel")
            os.rename(stage.parent, str(stage.parent).replace(".tocaffe", "x.tocaffe"))
    (tmp_path / ".net.keep").mkdir()
    left = [name for name in names(tmp_path) if name.endswith("partial")]
    assert len(left) == 3
    remove_leftovers([tmp_path / "net", tmp_path / "net.v1", tmp_path / "not there" / "net"])
    assert [name for name in names(tmp_path) if name.endswith("partial")] == [one for one in left if "net_b" in one]
    assert ".net.keep" in names(tmp_path)
