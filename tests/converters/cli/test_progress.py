"""What is seen on a terminal, which is a pseudo terminal here, and that nothing is seen elsewhere."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from converters.cli import progress

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo terminals here")


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Standard error is a terminal within the block; the list gets what was written to it, whole at the end."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    master, slave = os.openpty()
    parts: list[str] = []

    def read() -> None:
        try:
            while part := os.read(master, 4096):
                parts.append(part.decode())
        except OSError:  # what Linux says when the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with open(slave, "w", buffering=1) as stderr, monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stderr)
            yield parts
    finally:
        reader.join()
        os.close(master)


def clock(monkeypatch: pytest.MonkeyPatch, *times: float) -> None:
    """The times that the module reads, one after the other, and the last one from then on."""
    left = list(times)
    monkeypatch.setattr(progress, "monotonic", lambda: left.pop(0) if len(left) > 1 else left[0])


def test_a_bar_appears_after_a_second_and_goes_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, 0.0, 0.5, 1.1)
    with terminal(monkeypatch) as seen, progress.bytes_written("writing net[0]") as advance:
        advance(1_000_000, 4_000_000)
        advance(1_000_000, 4_000_000)
    text = "".join(seen)
    assert "writing net[0]" in text
    assert "2.0/4.0 MB" in text
    assert text.endswith("\x1b[2K")  # the line is cleared


def test_no_bar_appears_within_the_first_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, 0.0, 0.5, 0.9)
    with terminal(monkeypatch) as seen, progress.bytes_written("writing net") as advance:
        advance(2, 4)
        advance(2, 4)
    assert seen == []


def test_no_bar_appears_when_it_shall_be_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, 0.0, 9.0)
    with terminal(monkeypatch) as seen, progress.bytes_written("writing net", quiet=True) as advance:
        advance(2, 4)
    assert seen == []


def test_no_bar_appears_where_nobody_looks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, 0.0, 9.0)
    with progress.bytes_written("writing net") as advance:
        advance(2, 4)
    assert capsys.readouterr() == ("", "")


def test_the_bar_is_gone_after_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, 0.0, 9.0)

    def interrupted() -> None:
        with progress.bytes_written("writing net") as advance:
            advance(1, 4)
            raise KeyboardInterrupt

    with terminal(monkeypatch) as seen, pytest.raises(KeyboardInterrupt):
        interrupted()
    text = "".join(seen)
    assert "writing net" in text
    assert text.endswith("\x1b[2K")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again


def test_what_goes_on_is_said_when_it_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with terminal(monkeypatch) as seen, progress.working("reading models.py:net"):
        for _ in range(1000):
            if "reading" in "".join(seen):
                break
            threading.Event().wait(0.01)
    assert "reading models.py:net" in "".join(seen)


@pytest.mark.parametrize("quiet", [False, True])
def test_what_goes_on_is_not_said_when_it_is_done_at_once(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    with terminal(monkeypatch) as seen, progress.working("reading net", quiet=quiet):
        pass
    assert seen == []


@pytest.mark.parametrize("quiet", [False, True])
def test_what_goes_on_is_not_said_where_nobody_looks_or_listens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quiet: bool
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with progress.working("reading net", quiet=quiet):
        threading.Event().wait(0.05)
    assert capsys.readouterr() == ("", "")


def test_a_bar_counts_things(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as parts, progress.counted("pictures", 3) as count:
        for _ in range(3):
            count.done()
    assert "3/3" in "".join(parts)


def test_one_thing_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as parts, progress.counted("pictures", 1) as count:
        count.done()
    assert parts == []


def test_what_is_printed_stands_in_lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time the bar's line is cleared, as a terminal shows it: nothing of the bar is left in the end."""
    with terminal(monkeypatch) as parts, progress.counted("pictures", 3) as count:
        for number in range(3):
            with count.aside():
                sys.stderr.write(f"picture {number}\n")
            count.done()
    assert shown("".join(parts)) == ["picture 0", "picture 1", "picture 2"]


def test_standard_output_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a file, while the bar is on a terminal."""
    out = sys.stdout
    with terminal(monkeypatch) as parts, progress.counted("pictures", 3):
        assert sys.stdout is out
    assert parts


def shown(text: str) -> list[str]:
    """The lines of a terminal that knows the orders of the bar: up, clear the line, the cursor seen or not, colours."""
    lines, row = [""], 0
    for part in re.findall("\\x1b\\[[?\\d;]*[A-Za-z]|\r|\n|[^\\x1b\r\n]+", text):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part.startswith("\x1b["):
            assert part[-1] in "Amhl", part
            row -= int(part[2:-1]) if part[-1] == "A" else 0
        elif part != "\r":
            lines[row] += part
    return [line for line in lines if line]
