from __future__ import annotations

import sys

from converters.cli.verify_progress import steps


class Terminal:
    """A standard error that says it is a terminal and keeps what it is told."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_the_layer_at_work_is_shown_on_a_terminal(monkeypatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with steps() as told:
        told("rounding, opencv", "conv[/12]", 3, 40)  # a name is not a markup
    assert "conv[/12]" in terminal.text
    assert "3/40" in terminal.text
    assert "rounding, opencv" in terminal.text


def test_nothing_is_shown_elsewhere_or_to_the_quiet(monkeypatch, capsys) -> None:
    with steps() as told:
        told("meaning", "conv_12", 3, 40)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with steps(quiet=True) as told:
        told("meaning", "conv_12", 3, 40)
    assert terminal.text == ""
    assert capsys.readouterr() == ("", "")
