from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.converters.cli.given import tool


def test_the_code_of_a_message_leads_to_its_page(tmp_path: Path) -> None:
    (tmp_path / "net.cfg").write_text("[net]\nheight=8\nwidth=8\nchannels=3\n[convolutionall]\n", encoding="utf-8")
    (tmp_path / "net.weights").write_bytes(bytes(20))
    failed = tool("darknet", tmp_path / "net.cfg", tmp_path / "net.weights", "-o", tmp_path / "out")
    assert failed.exit_code == 1
    (code,) = set(re.findall(r"^  (TC\d{4}) .*is an unknown section", failed.stderr, re.MULTILINE))
    command = re.search(r"convert (explain .*)$", failed.stderr, re.MULTILINE)
    assert command is not None
    assert code in command[1]
    found = tool(*command[1].split())
    assert found.exit_code == 0
    assert f"{code}: The cfg has an unknown section" in found.stdout
    assert "What to do: Correct the spelling." in found.stdout
    said = found.stdout.partition("For example:")[0]
    assert max(map(len, said.splitlines())) < 80


def test_a_code_may_be_in_small_letters_and_of_several_each_has_its_page() -> None:
    found = tool("explain", "tc0101", "TC0102")
    assert "TC0101: A file cannot be read" in found.stdout
    assert "TC0102: A file cannot be written" in found.stdout


@pytest.mark.parametrize("code", ["211", "0211", "tc211", "TC0211"])
def test_a_code_may_be_its_number_alone(code: str) -> None:
    assert tool("explain", code).stdout == tool("explain", "TC0211").stdout
    assert tool("explain", code).stdout.startswith("TC0211: ")


def test_without_a_code_all_are_listed() -> None:
    found = tool("explain")
    assert found.exit_code == 0
    assert "Darknet nets" in found.stdout
    assert "  TC0203  The cfg has an unknown section" in found.stdout


def test_an_unknown_code_is_refused() -> None:
    found = tool("explain", "TC0101", "E42", "99999", "TC")
    assert found.exit_code == 2
    assert "E42, 99999, TC: no such code; `convert explain` lists all" in found.stderr


def test_wrong_usage_has_a_code_too() -> None:
    assert "TC0001 " in tool("darknet").stderr
    assert "TC0002 there is no file a.cfg" in tool("darknet", "a.cfg", "b.weights").stderr
    assert "TC0004 " in tool("darknet", __file__, __file__, "--batch", "many").stderr
