# SPDX-License-Identifier: EUPL-1.2
"""The documentation's links, paths and test names lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from architecture.tracked import ROOT as PROJECT
from support.documents import FILES

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
FOREIGN = re.compile(r"^[a-z][a-z0-9+.-]*:")
TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
PATH = re.compile(r"/|\.py$|^(?:simulators|tests)$")
NAMED = re.compile(r"test_\w+")
NAMES = [str(file.relative_to(PROJECT)) for file in FILES]


def anchors(file: Path) -> set[str]:
    """Return the anchors that code hosts make of headings: lower case, spaces to hyphens."""
    headings = HEADING.findall(FENCE.sub("", file.read_text(encoding="utf-8")))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def faults(file: Path, project: Path = PROJECT) -> list[str]:
    found = []
    for target in LINK.findall(FENCE.sub("", file.read_text(encoding="utf-8"))):
        if FOREIGN.match(target):
            continue
        path, _, anchor = target.partition("#")
        linked = (file.parent / path).resolve() if path else file
        inside = linked.is_relative_to(project)
        if not inside or not linked.exists():
            found.append(f"{target}: there is nothing")
        elif anchor and anchor not in anchors(linked):
            found.append(f"{target}: there is no such heading")
    return found


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_relative_links_resolve(file: Path):
    assert faults(file) == []


def test_every_path_of_the_code_map_exists():
    text = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Code map\n")[2].partition("\n## ")[0]
    base, missing = PROJECT, []
    for line in section.splitlines():
        paths = [code for code in CODE.findall(line) if PATH.search(code)]
        if line.startswith("### "):
            base = PROJECT / (paths[0] if paths else "")
        missing += [
            each for each in paths if not any((at / each).exists() for at in (base, PROJECT))
        ]
    assert "libs/runtime/src/stadttakt_runtime" in section
    assert missing == []


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_every_test_that_the_documents_name_exists(file: Path):
    sources = (PROJECT / "tests").rglob("*.py")
    known = {name for source in sources for name in TEST.findall(source.read_text("utf-8"))}
    named = [code for code in CODE.findall(file.read_text("utf-8")) if NAMED.fullmatch(code)]
    assert sorted(set(named) - known) == []


def test_links_to_nowhere_are_found(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("# Two words\n[a](#two-words) [b](#no) [c](absent.md) [d](https://x.example)\n")
    assert faults(page, tmp_path) == [
        "#no: there is no such heading",
        "absent.md: there is nothing",
    ]
