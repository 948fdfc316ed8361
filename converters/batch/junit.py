"""What a batch came to as the JUnit XML that servers of continuous integration read: one test case a job.

It fits both schemas that are in use, the one for Ant's junitreport (windyroad/JUnit-Schema) and Jenkins's
(xunit-plugin, junit-10.xsd): what either asks for is there, and what either does not know is left out.
"""

from __future__ import annotations

import socket
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from caffe_ir.version import VERSION
from caffe_ir.visible import visible
from converters.batch.job import Result
from converters.batch.outcome import Outcome

MARK = 'name="tocaffe"'
"""What such a file of ours is known by."""
_SUITE = "tocaffe"


def junit_text(outcome: Outcome) -> str:
    """The document as text. A file that no job takes is a skipped test, or a failed one where the batch is strict."""
    unpaired = len(outcome.unpaired)
    failed = outcome.counts()["failed"] + (unpaired if outcome.strict else 0)
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        {
            "name": _SUITE,
            "id": "0",
            "package": _SUITE,
            "tests": str(outcome.total),
            "failures": str(failed),
            "errors": "0",
            "skipped": str(0 if outcome.strict else unpaired),
            "time": f"{outcome.seconds:.3f}",
            "timestamp": outcome.begin.isoformat(timespec="seconds"),
            "hostname": socket.gethostname() or "localhost",
        },
    )
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", {"name": "tocaffe", "value": outcome.version or VERSION})
    for result in outcome.results:
        _add_result(suite, result)
    for one in outcome.unpaired:
        case = _case(suite, one.path, "unpaired", 0.0)
        if outcome.strict:
            _add_failure(case, "not paired", one.why)
        else:
            SubElement(case, "skipped", {"message": visible(one.why)})
    SubElement(suite, "system-out").text = outcome.headline()
    SubElement(suite, "system-err")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _add_result(suite: Element, result: Result) -> None:
    case = _case(suite, result.name, result.target, result.seconds)
    if result.state == "failed":
        _add_failure(case, "cannot be converted", *result.problems)


def _case(suite: Element, name: str, group: str, seconds: float) -> Element:
    told = {"name": visible(name), "classname": f"{_SUITE}.{visible(group)}", "time": f"{seconds:.3f}"}
    return SubElement(suite, "testcase", told)


def _add_failure(case: Element, kind: str, *problems: str) -> None:
    """The first line as the message, which lists show, and all of it as the text."""
    texts = [visible(problem, keep="\n") for problem in problems] or [kind]
    message = texts[0].partition("\n")[0] + (f" (and {len(texts) - 1} more)" if len(texts) > 1 else "")
    SubElement(case, "failure", {"type": kind, "message": message}).text = "\n".join(texts)
