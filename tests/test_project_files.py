"""What stands around the code says what the code says: versions, Pythons, files, links."""

from __future__ import annotations

import ast
import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caffe_ir.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def setup() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def test_one_version_and_one_date() -> None:
    """Lines of today stand under Unreleased, above the version that the program says, which has its date."""
    first, second, *_ = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    released = re.fullmatch(rf"{re.escape(VERSION)} \((\d{{4}}-\d\d-\d\d)\)", second)
    assert first == "Unreleased"
    assert released
    assert f'\nversion: {VERSION}\ndate-released: "{released[1]}"\n' in text("CITATION.cff")


def test_the_workflow_runs_every_python_that_is_promised() -> None:
    yaml = pytest.importorskip("yaml")
    promised = re.findall(r"Python :: (3\.\d+)", setup()["metadata"]["classifiers"])
    jobs = yaml.safe_load(text(".github/workflows/checks.yml"))["jobs"]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == promised
    assert {"lint", "tests", "slow", "build", "docs"} <= jobs.keys()


def test_ruff_reads_the_programs_without_a_suffix() -> None:
    read = set(re.findall(r'"(scripts/\w+)"', text("pyproject.toml")))
    programs = {path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix}
    python = {path for path in programs if "python3" in path.read_text(encoding="utf-8").splitlines()[0]}
    assert read == {f"scripts/{path.name}" for path in python}


def test_templates_and_hooks_are_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    for path in [*ROOT.glob(".github/ISSUE_TEMPLATE/*.yml"), ROOT / ".pre-commit-config.yaml", ROOT / "CITATION.cff"]:
        assert yaml.safe_load(path.read_text(encoding="utf-8")), path


def test_the_image_is_built_of_files_that_are_there() -> None:
    copied = [
        word for line in re.findall(r"^COPY (.*)$", text("Dockerfile"), re.MULTILINE) for word in line.split()[:-1]
    ]
    assert copied
    kept = re.findall(r"^!(.*)$", text(".dockerignore"), re.MULTILINE)
    for name in copied:
        assert (ROOT / name).exists()
        assert name in kept


def test_the_oldest_versions_are_those_of_setup_cfg() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/oldest_constraints"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert "torch==2.9.*" in lines
    assert "numpy==1.26.*" in lines
    assert not any(line.startswith("mkdocs") for line in lines)


@pytest.mark.parametrize("home", ["", "https://github.com/someone/tocaffe"])
def test_packages_have_the_addresses_of_the_repository_that_builds_them(home: str, tmp_path: Path) -> None:
    """As the build's own tool writes them; built elsewhere, packages name no address."""
    pytest.importorskip("setuptools")
    server, _, repository = home.partition("/someone")
    named = {"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": f"someone{repository}"} if home else {}
    rest = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=rest | named, check=True, capture_output=True)
    [metadata] = tmp_path.glob("*/PKG-INFO")
    urls = re.findall(r"^Project-URL: (\w+), (\S+)$", metadata.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(urls) == (5 if home else 0)
    for name, url in urls:
        assert url.startswith(home)
        path = url[len(home) :].removeprefix("/blob/main").lstrip("/")
        assert name in {"Issues", "Security"} or (ROOT / path).exists()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"])
def test_links_lead_somewhere(name: str) -> None:
    broken = [link for link in LINK.findall(text(name)) if not (ROOT / link).exists()]
    assert broken == []


ODD = re.compile(r"\b(?<!--)(told|judges?|judged|mended|without a word|how many-eth)\b(?!`)", re.IGNORECASE)
"""What an English reader stumbles over: messages are reported, programs are references, faults are fixed."""


def _texts(module: Path) -> Iterator[tuple[int, str]]:
    """The literals of a module by their lines: messages, help and docstrings, without `names` in them."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, re.sub(r"`[^`]*`", "", node.value)


def test_texts_are_plain_english() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in pages
        for number, line in enumerate(re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8")).splitlines(), 1)
        if ODD.search(line)
    ]
    modules = [path for room in ("caffe_ir", "converters") for path in (ROOT / room).rglob("*.py")]
    assert len(modules) > 300
    found += [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()}"
        for path in modules
        for line, text in _texts(path)
        if ODD.search(text)
    ]
    assert not found, "\n".join(found)
