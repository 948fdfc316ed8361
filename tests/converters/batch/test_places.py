from __future__ import annotations

import os
from pathlib import Path

import pytest

from converters.batch.places import LeadsOut, filled, leads_out, stem_in


def test_name_and_target_are_filled_in_and_nothing_else() -> None:
    assert filled("{target}/{name}", "net", "caffe") == "caffe/net"
    assert filled("{{{name}}}", "{x}", "caffe") == "{{x}}"
    for pattern in ("{other}", "{name!r}", "{name:>99}", "{name.x}", "{0}", "{}", "{name"):
        assert filled(pattern, "net", "caffe") is None


def test_equal_places_are_equal_paths(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("out")
    for pattern in ("out/{name}", "out/../out/{name}", "./out/{name}", "link/{name}", f"{tmp_path}/out/{{name}}"):
        assert stem_in(tmp_path, pattern, "net", "caffe") == tmp_path / "out/net"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("../{name}", "net"),
        ("out/../../{name}", "net"),
        ("{name}", "../net"),
        ("{name}", "/elsewhere/net"),
        ("out/{name}", "../../net"),
        ("away/{name}", "net"),
        ("out/{name}", "linked"),
        ("out/{name}", "hanging"),
        ("{target}/{name}", "../../net"),
    ],
)
def test_nothing_leads_out_of_the_folder_that_does_not_say_so(tmp_path: Path, pattern: str, name: str) -> None:
    folder = tmp_path / "zoo"
    (folder / "out").mkdir(parents=True)
    (folder / "away").symlink_to(tmp_path)
    (tmp_path / "mine").write_text("mine")
    (folder / "out/linked.caffemodel").symlink_to(tmp_path / "mine")
    (folder / "out/hanging.heads.json").symlink_to("../../none")
    with pytest.raises(LeadsOut, match="outside of the manifest's folder"):
        stem_in(folder, pattern, name, "caffe")


def test_an_absolute_path_says_so_and_links_inside_of_the_folder_are_followed(tmp_path: Path) -> None:
    folder = tmp_path / "zoo"
    (folder / "out").mkdir(parents=True)
    (tmp_path / "else").mkdir()
    (folder / "out/net.caffemodel").symlink_to("../big")
    (folder / "away").symlink_to(tmp_path / "else")
    assert stem_in(folder, "out/{name}", "net", "caffe") == folder / "out/net"
    assert stem_in(folder, f"{tmp_path}/else/{{name}}", "net", "caffe") == tmp_path / "else/net"
    assert stem_in(folder, f"{folder}/away/{{name}}", "net", "caffe") == tmp_path / "else/net"
    assert stem_in(folder, f"{tmp_path}/else/x{{name}}", "sub/net", "caffe") == tmp_path / "else/xsub/net"


def test_a_name_does_not_lead_out_of_the_folder_that_an_absolute_path_says(tmp_path: Path) -> None:
    for name in ("../net", "../../etc/net", "/etc/net"):
        where = "{name}" if name.startswith("/") else f"{tmp_path}/else/{{name}}"
        with pytest.raises(LeadsOut, match="outside of"):
            stem_in(tmp_path / "zoo", where, name, "caffe")
    with pytest.raises(LeadsOut, match="outside of"):
        stem_in(tmp_path / "zoo", f"{tmp_path}/else/x{{name}}", "/../../net", "caffe")


def test_a_folder_that_is_reached_by_a_link_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "zoo").symlink_to("real")
    assert stem_in(tmp_path / "zoo", "{name}", "net", "caffe") == tmp_path / "real/net"


def test_a_null_byte_is_no_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="null byte"):
        stem_in(tmp_path, "a\0/{name}", "net", "caffe")


def test_links_of_links_are_followed_to_their_end(tmp_path: Path) -> None:
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to(os.pardir)
    assert leads_out(folder, folder / "one")
    assert not leads_out(folder, folder / "none")


def test_a_name_that_no_file_can_have_leads_nowhere(tmp_path: Path) -> None:
    assert not leads_out(tmp_path, tmp_path / ("a" * 5000))
