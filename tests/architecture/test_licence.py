# SPDX-License-Identifier: EUPL-1.2
"""Each source file names its licence in the words of SPDX, as the European Commission asks for reuse."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("libs", "services", "simulators", "deploy", "schemas", "tests")
SUFFIXES = frozenset({".py", ".sh", ".js", ".css"})
TAG = "SPDX-License-Identifier: EUPL-1.2"


def sources() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [path for path in found if path.suffix in SUFFIXES and path.is_file()]


def test_each_source_file_names_its_licence() -> None:
    named = {path: path.read_text(encoding="utf-8") for path in sources()}
    assert len(named) > 1000
    without = [
        str(path.relative_to(ROOT))
        for path, text in named.items()
        if text.strip() and TAG not in "\n".join(text.split("\n", 3)[:3])
    ]
    assert without == []
