from __future__ import annotations

import os
from pathlib import Path

import pytest

from caffe_ir.errors import ConversionError
from caffe_ir.files.header import Origins, with_header
from caffe_ir.files.replaceable import check_absent, check_file, check_set, check_weights, is_ours, stale
from caffe_ir.files.staging import room_of

SET = (".caffemodel", ".heads.json", ".prototxt")


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    """A net that tocaffe wrote."""
    (tmp_path / "net.caffemodel").write_bytes(bytes(5))
    (tmp_path / "net.heads.json").write_text("{}")
    text = with_header("name: 'net'\n", Origins(), "caffe", {".caffemodel": 5, ".heads.json": 2})
    (tmp_path / "net.prototxt").write_text(text)
    return tmp_path / "net"


def refused(stem: Path, *endings: str, inputs: tuple[Path, ...] = (), force: bool = False) -> list[str]:
    try:
        check_set(stem, endings or SET, inputs=inputs, force=force)
    except ConversionError as error:
        return [str(problem).replace(f"{stem.parent}/", "").partition("\n")[0] for problem in error.problems]
    return []


def test_our_own_files_are_replaced(stem: Path) -> None:
    assert refused(stem) == []
    assert refused(stem.with_name("new")) == []
    check_weights(stem.with_name("net.caffemodel"))
    stem.with_name("other").write_text("mine")
    with pytest.raises(ConversionError, match="no prototxt of tocaffe lists it"):
        check_weights(stem.with_name("other"))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("net.prototxt", "name: 'mine'\n", "it does not begin with tocaffe's comment"),
        ("net.prototxt", None, "it was edited after tocaffe wrote it"),
        ("net.caffemodel", "trained on", "it had 5 bytes when tocaffe wrote it"),
        ("net.heads.json", "{ }", "it had 2 bytes when tocaffe wrote it"),
        ("net.caffemodel.h5", "mine", "the prototxt beside it does not list it"),
    ],
)
def test_what_somebody_else_wrote_or_edited_is_not(stem: Path, name: str, text: str | None, why: str) -> None:
    path = stem.with_name(name)
    path.write_text(path.read_text() + "layer {}\n" if text is None else text)
    ending = name.removeprefix("net")
    endings = list(dict.fromkeys((*SET, ending)))
    found = refused(stem, *endings)
    assert f"{name} already exists ({why})" in found
    assert refused(stem, *endings, force=True) == []
    assert refused(stem, *(one for one in endings if one != ending)) == [
        one for one in found if not one.startswith(name)
    ]


def test_a_caffemodel_without_a_prototxt_is_somebody_s(tmp_path: Path) -> None:
    (tmp_path / "net.caffemodel").write_bytes(bytes(5))
    told = "net.caffemodel already exists (no prototxt of tocaffe lists it)"
    assert refused(tmp_path / "net") == [told]
    (tmp_path / "net.caffemodel").write_bytes(b"")
    assert refused(tmp_path / "net") == [], "nothing is lost with an empty file"


def test_what_a_killed_run_left_without_its_prototxt_is_ours(stem: Path) -> None:
    (room_of(stem.with_name("net.prototxt")) / "old").mkdir(parents=True)
    os.rename(stem.with_name("net.prototxt"), room_of(stem.with_name("net.prototxt")) / "old" / "net.prototxt")
    assert refused(stem) == []
    stem.with_name("net.prototxt").write_text("name: 'mine'\n")
    assert len(refused(stem)) == 3


def test_no_input_is_replaced_whatever_it_is_called(
    stem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = stem.with_name("net.caffemodel")
    relative = Path("..", tmp_path.name, "net.caffemodel")
    os.link(source, tmp_path / "hard.caffemodel")
    (tmp_path / "soft.caffemodel").symlink_to(source)
    for force in (False, True):
        assert refused(stem, inputs=(source,), force=force) == ["net.caffemodel is read, and cannot be written too"]
        assert "the same file" in refused(stem, inputs=(relative,), force=force)[0]
        for name in ("hard", "soft"):
            told = f"{name}.caffemodel is the same file as net.caffemodel, which is read, and cannot be written too"
            assert refused(tmp_path / name, ".caffemodel", inputs=(source,), force=force)[0] == told
    assert refused(stem, inputs=(tmp_path / "not there", tmp_path / "a\0b")) == []


def test_a_file_is_ours_by_the_prototxt_that_lists_it(stem: Path) -> None:
    assert all(is_ours(stem.with_name(f"net{ending}")) for ending in SET)
    stem.with_name("net.heads.json").write_text("mine")
    stem.with_name("other.caffemodel").write_text("mine")
    for name in ("net.heads.json", "other.caffemodel", "net.txt", "net.caffemodel.h5"):
        assert not is_ours(stem.with_name(name))


def test_two_outputs_are_not_one_file(stem: Path) -> None:
    (stem.parent / "x.caffemodel").symlink_to("net.prototxt")
    (stem.parent / "x.prototxt").symlink_to("net.prototxt")
    found = refused(stem.with_name("x"), ".caffemodel", ".prototxt", force=True)
    assert found == ["x.prototxt and x.caffemodel are the same file"]


def test_files_of_the_old_net_that_a_new_one_lacks(stem: Path) -> None:
    assert [path.name for path in stale(stem, (".caffemodel.h5", ".prototxt"))] == ["net.caffemodel", "net.heads.json"]
    assert list(stale(stem, SET)) == []
    stem.with_name("net.heads.json").write_text("mine")
    assert [path.name for path in stale(stem, (".caffemodel", ".prototxt"))] == []
    stem.with_name("net.prototxt").write_text("mine")
    assert list(stale(stem, (".prototxt",))) == []


def test_a_single_file_is_ours_by_its_mark(tmp_path: Path) -> None:
    path, mark = tmp_path / "report.html", "<made by us>"
    check_file(path, mark)
    for text in ("", f"{mark}" + 5000 * " ", 5000 * " " + mark):
        path.write_text(text)
        check_file(path, mark)
        with pytest.raises(ConversionError, match=r"report.html is read"):
            check_file(path, mark, [path])
    for text in ("mine", 5000 * " " + mark + 5000 * " "):
        path.write_text(text)
        with pytest.raises(ConversionError, match=r"report.html already exists .it was edited, or tocaffe did not"):
            check_file(path, mark)
    with pytest.raises(ConversionError, match="already exists"):
        check_file(tmp_path, mark)
    path.write_text(mark)
    with pytest.raises(ConversionError, match="already exists"):
        check_file(path)


def test_where_there_must_be_nothing(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    check_absent(path, "weights")
    path.write_text("weights")
    with pytest.raises(ConversionError, match=r"net.caffemodel already exists .its numbers would be lost"):
        check_absent(path, "its numbers would be lost")
    check_absent(path, "", force=True)
    with pytest.raises(ConversionError, match="is read"):
        check_absent(path, "", inputs=[path], force=True)
