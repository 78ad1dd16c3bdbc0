# SPDX-License-Identifier: EUPL-1.2
"""What the documents tell a reader to type: their fenced blocks, and the commands in running text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

from architecture.tracked import ROOT, tracked

FILES = [path for path in tracked() if path.suffix == ".md"]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, what it says it is, and its text without the document's indent."""

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks() -> list[Block]:
    """Return the blocks of all documents, in order."""
    found = []
    for path in FILES:
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        for fence in _FENCE.finditer(text):
            line = text.count("\n", 0, fence.start()) + 1
            found.append(Block(name, line, fence[2], dedent(fence[3])))
    return found


def inline_code() -> list[tuple[str, str]]:
    """Return document and text of each `code` in running text, on one line."""
    found = []
    for path in FILES:
        text = _FENCE.sub("", path.read_text(encoding="utf-8"))
        name = str(path.relative_to(ROOT))
        found += [(name, " ".join(code.split())) for code in _CODE.findall(text)]
    return found
