"""The JUnit XML of a batch, read by another program, and by what its schemas ask for."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from converters.batch.job import Result
from converters.batch.junit import MARK, junit_text
from converters.batch.manifest import Unpaired
from converters.batch.outcome import Outcome

BAD = Result(
    name="<b>\x1b",
    target="mnn",
    state="failed",
    seconds=0.25,
    problems=("x.cfg:3: <script>\n    -> \x00mend it", "two"),
)
GOOD = Result(name="a", target="caffe", state="converted", seconds=1.5)
LEFT = Unpaired(path="c\udcff.cfg", why="there is no c.weights")


def outcome(*, strict: bool = False) -> Outcome:
    return Outcome(
        results=[GOOD, BAD],
        unpaired=[LEFT],
        strict=strict,
        begin=datetime(2020, 1, 2, 3, 4, 5, 678),
        seconds=2.0,
        version="0.1+abc",
    )


def test_another_program_reads_it(tmp_path: Path) -> None:
    junitparser = pytest.importorskip("junitparser")
    (tmp_path / "junit.xml").write_text(junit_text(outcome()), encoding="utf-8")
    (suite,) = junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) == ("tocaffe", 3, 1, 0, 1)
    good, bad, left = suite
    assert (good.name, good.classname, good.time, good.is_passed) == ("a", "tocaffe.caffe", 1.5, True)
    assert (bad.name, bad.classname, bad.is_failure) == ("<b>\\x1b", "tocaffe.mnn", True)
    assert bad.result[0].message == "x.cfg:3: <script> (and 1 more)"
    assert bad.result[0].text == "x.cfg:3: <script>\n    -> \\x00mend it\ntwo"
    assert (left.name, left.is_skipped, left.result[0].message) == ("c\\xff.cfg", True, "there is no c.weights")


def test_a_strict_batch_fails_for_files_of_no_model(tmp_path: Path) -> None:
    (suite,) = ElementTree.fromstring(junit_text(outcome(strict=True)))
    assert (suite.get("failures"), suite.get("skipped")) == ("2", "0")
    (failure,) = suite.findall("testcase")[2]
    assert (failure.tag, failure.get("message")) == ("failure", "there is no c.weights")


def test_it_has_what_the_schemas_ask_for_in_their_order() -> None:
    """The names and forms are those of windyroad/JUnit-Schema; Jenkins's junit-10.xsd asks for no more."""
    root = ElementTree.fromstring(junit_text(outcome()))
    assert (root.tag, dict(root.attrib)) == ("testsuites", {})
    (suite,) = root
    wanted = {"package", "id", "name", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"}
    assert set(suite.attrib) == wanted
    assert suite.get("timestamp") == "2020-01-02T03:04:05"
    tags = [part.tag for part in suite]
    assert tags == ["properties", "testcase", "testcase", "testcase", "system-out", "system-err"]
    for case in suite.findall("testcase"):
        assert set(case.attrib) == {"name", "classname", "time"}
        assert re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}", case.attrib["time"])
        assert len(case) <= 1
        assert all("type" in part.attrib for part in case if part.tag == "failure")


def test_it_is_known_again_by_its_begin() -> None:
    assert MARK in junit_text(outcome())[:200]
