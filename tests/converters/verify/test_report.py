from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from caffe_ir.errors import ConversionError
from converters.verify.report import report, write_report
from converters.verify.trial import Comparison
from tests.converters.verify.planting import converted, parameter, verified

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory):
    """Of a right net and of one with a fault."""
    folder = tmp_path_factory.mktemp("report")
    net = converted(folder)
    spoilt = net.made.copy()
    parameter("maxpool_6", pool="AVE")(spoilt)
    return verified(folder, net.source, net.made), verified(folder, net.source, spoilt)


class Fetched(HTMLParser):
    """Whatever a browser would look up."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.found += [f"<{tag}>" for _ in attrs if tag in ("script", "link", "iframe", "img", "object")]
        self.found += [value for name, value in attrs if name in ("src", "href", "xlink:href") and value[:1] != "#"]


def test_it_holds_every_row_and_fetches_nothing(comparisons) -> None:
    texts = [report(each, remarks=["somebody else judged"]) for each in comparisons]
    for comparison, text in zip(comparisons, texts, strict=True):
        parser = Fetched()
        parser.feed(text)
        assert parser.found == []
        assert not re.search(r"@import|url\(\s*['\"]?(?!#)", text)
        assert text.count('<tr class="row">') == len(comparison.values)
        assert "Python" in text
    assert '<h1 id="verdict" class="agrees">AGREES</h1>' in texts[0]
    text = texts[1]
    assert '<h1 id="verdict" class="differs">DIFFERS</h1>' in text
    assert "pool is AVE where MAX belongs" in text
    assert "somebody else judged" in text
    assert text.index(">maxpool_6</a></b>") < text.index("<b>conv_5</b>")
    assert "WindowPool(pool=MAX" in text
    assert text.count("number wrong") == 1


def test_it_says_what_made_it_and_shows_the_net(comparisons) -> None:
    """The faulty layer is coloured, and the picture is open where there is one."""
    right, wrong = (report(each, command="convert verify 'my net' x") for each in comparisons)
    (made,) = re.findall(r'<p id="made">(.*?)</p>', right)
    assert html.unescape(re.sub("<.*?>", "", made)).startswith("convert verify 'my net' x, tocaffe ")
    assert '<details id="net"><summary>' in right
    assert '<details id="net" open><summary>' in wrong
    assert right.count('class="box wrong"') == 0
    (box,) = re.findall(r'<g id="(.*?)" class="box wrong"><title>(.*?)</title>', wrong)
    assert box[1] == "maxpool_6: Pooling"
    assert f'<b><a href="#{box[0]}">maxpool_6</a></b>' in wrong
    assert 'name="viewport"' in right
    assert "prefers-color-scheme: dark" in right


def test_the_same_comparison_gives_the_same_report(comparisons) -> None:
    assert report(comparisons[0]) == report(comparisons[0])


def test_names_are_text_and_not_markup(comparisons) -> None:
    nasty = replace(comparisons[0], source="<script>alert(1)</script>")
    assert "<script>" not in report(nasty)


def test_a_comparison_without_rows_has_a_report() -> None:
    text = report(Comparison(source="s", caffe="c", refused="conv takes other weights"))
    assert "NOT COMPARED" in text
    assert "conv takes other weights" in text


def test_a_report_is_written_whole_or_not_at_all(tmp_path, comparisons) -> None:
    write_report(comparisons[0], tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == report(comparisons[0])
    write_report(comparisons[0], tmp_path / "r.html")
    with pytest.raises(ConversionError, match="cannot write"):
        write_report(comparisons[0], tmp_path / "r.html" / "r.html")
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    with pytest.raises(ConversionError, match="already exists"):
        write_report(comparisons[0], tmp_path / "mine.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.html", "r.html"]


def test_it_says_what_to_install(monkeypatch, comparisons) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConversionError, match="jinja2"):
        report(comparisons[0])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Debian's package chromium is not installed")
def test_a_browser_shows_it_and_is_refused_nothing(tmp_path, comparisons) -> None:
    """The page forbids itself to load anything, so whatever it tried to fetch would be told as refused."""
    write_report(comparisons[1], tmp_path / "r.html")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--log-level=0", profile]
    command = ["chromium", *options, "--dump-dom", (tmp_path / "r.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.count('<tr class="row">') == len(comparisons[1].values)
    assert 'class="differs"' in done.stdout
    assert done.stdout.count("<svg") > 10
    assert "Refused to" not in done.stderr
    assert "Content Security Policy" not in done.stderr
