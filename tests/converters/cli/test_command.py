from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from converters.cli import main
from converters.cli.command import RENAMED, Command, InputFile, SectionedOption, missing_file, refuse_missing


@click.command(cls=Command, examples=("tool one", "tool two --more x"))
@click.argument("first", type=InputFile())
@click.option("--more", type=InputFile(), multiple=True, cls=SectionedOption, section="Some more")
@click.option("--out", type=click.Path())
def tool(first: Path, more: tuple[Path, ...], out: str | None) -> None:
    """Do nothing."""
    click.echo(f"{first} {len(more)}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("yolov3.cfg", "yolov3.weights", "{x}.cfg"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_is_not_a_file(folder: Path) -> None:
    done = CliRunner().invoke(tool, [".", "--more", "yolov3.cfg", "--more", str(folder)])
    assert done.exit_code == 2
    assert [line.strip() for line in done.output.splitlines()[-2:]] == [
        "Error: . is a folder, and a file is needed",
        f"{folder} is a folder, and a file is needed",
    ]


def test_options_stand_in_their_sections() -> None:
    lines = CliRunner().invoke(tool, ["-h"]).stdout.splitlines()
    headings = [line for line in lines if line.endswith(":")]
    assert headings == ["Examples:", "Options:", "Some more:"]
    assert {"  tool one", "  tool two --more x"} <= set(lines)
    places = [next(n for n, line in enumerate(lines) if line.strip().startswith(text)) for text in ("-h", "Some more:")]
    assert places == sorted(places)
    assert not any("FIRST" in line for line in lines[2:])


def test_files_that_are_there(folder: Path) -> None:
    done = CliRunner().invoke(tool, ["yolov3.cfg", "--more", "yolov3.weights", "--out", "nowhere"])
    assert done.exit_code == 0
    assert done.stdout == "yolov3.cfg 1\n"


def test_all_missing_files_at_once(folder: Path) -> None:
    done = CliRunner().invoke(tool, ["yolo3.cfg", "--more", "yolov3.weights", "--more", "x/y.weights"])
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-2:] == [
        "Error: there is no file yolo3.cfg; did you mean yolov3.cfg?",
        "       there is no file x/y.weights: there is no folder x",
    ]


def test_names_that_may_be_meant_are_spelled_as_they_must_be_typed(folder: Path) -> None:
    assert missing_file(Path("yolov3.wieghts")).endswith("did you mean yolov3.weights?")
    assert missing_file(folder / "yolov3.wieghts").endswith(f"did you mean {folder / 'yolov3.weights'}?")
    assert missing_file(Path("{x.cfg")).endswith("did you mean {x}.cfg?")
    assert missing_file(Path("something else")) == "there is no file something else"


def test_a_long_ending_alone_makes_no_names_alike(folder: Path) -> None:
    (folder / "y.prototxt").touch()
    assert missing_file(Path("deploy.prototxt")) == "there is no file deploy.prototxt"
    assert missing_file(Path("yy.prototxt")).endswith("did you mean y.prototxt?")
    assert missing_file(Path("y.prototext")).endswith("did you mean y.prototxt?")


def test_a_folder_with_braces_in_its_name(folder: Path) -> None:
    (folder / "{0}").mkdir()
    (folder / "{0}/net.cfg").touch()
    assert missing_file(Path("{0}/nett.cfg")).endswith("did you mean {0}/net.cfg?")


def test_nothing_is_missing(folder: Path) -> None:
    refuse_missing([Path("yolov3.cfg"), folder])


def commands_with(option: str) -> list[str]:
    commands = [vars(importlib.import_module(module))[name] for name, (module, _) in main.COMMANDS.items()]
    return [one.name for one in commands if any(option in param.opts for param in one.params)]


@pytest.mark.parametrize("old", sorted(RENAMED))
def test_a_renamed_option_has_its_name_of_today(old: str) -> None:
    new = RENAMED[old]
    assert commands_with(old) == []
    assert commands_with(new)
    for command in main.COMMANDS:
        for words in ([f"{old}=x"], [old, "x"], ["x", old]):
            done = CliRunner().invoke(main.convert, [command, *words])
            assert done.exit_code == 2
            if command in commands_with(new):
                assert done.stderr.endswith(f"Error: TC0001 {old} is called {new} now.\n")
            else:
                assert new not in done.stderr


def test_an_unknown_option_has_the_nearest_name() -> None:
    done = CliRunner().invoke(main.convert, ["darknet", "--inputsize", "1x1"])
    assert "--inputsize" in done.stderr
    assert "--input-size" in done.stderr.replace("--inputsize", "")
