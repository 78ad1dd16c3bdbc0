# SPDX-License-Identifier: EUPL-1.2
"""What is checked in below `schemas/` is what the code generates, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

from contract.test_openapi import BUILT, PROBES
from stadttakt_runtime.commands.openapi import documents

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"
BY_HAND = {"generate.py", "reference.py"}


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in files}


def test_schemas_are_what_the_models_generate(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SCHEMAS / "generate.py", tmp_path], check=True)
    checked_in = tree(SCHEMAS)
    own = {name for name in checked_in if name.startswith("openapi/") or name in BY_HAND}
    assert {name: checked_in[name] for name in checked_in.keys() - own} == tree(tmp_path)


def test_generating_again_removes_what_nothing_makes(tmp_path: Path) -> None:
    orphan = tmp_path / "messages" / "examples" / "gone.v1.json"
    orphan.parent.mkdir(parents=True)
    orphan.touch()
    subprocess.run([sys.executable, SCHEMAS / "generate.py", tmp_path], check=True)
    assert not orphan.exists()


def test_openapi_documents_are_what_the_services_generate() -> None:
    checked_in = tree(SCHEMAS / "openapi")
    assert checked_in == {name: content.decode() for name, content in documents().items()}


def test_reference_page_is_what_the_openapi_documents_say(tmp_path: Path) -> None:
    made = tmp_path / "api.md"
    subprocess.run([sys.executable, SCHEMAS / "reference.py", made], check=True)
    text = made.read_text(encoding="utf-8")
    assert (ROOT / "docs/reference/api.md").read_text(encoding="utf-8") == text
    for service, operations in BUILT.items():
        section = text.split(f"## {service}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| `(\w+ [^?`]+)[^|]*\| \S", section, re.MULTILINE)
        assert sorted(rows) == sorted(operations - PROBES), service
    assert "| `GET /v1/ledger?from&to&source&by_class` | Read the books" in text
    assert "| `uplinks:read` |" in text
    assert "more with a key |" in text


def test_make_schemas_calls_all_generators() -> None:
    recipe = subprocess.run(
        ["make", "--dry-run", "--always-make", "schemas"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "schemas/generate.py" in recipe
    assert recipe.index("openapi schemas/openapi") < recipe.index("schemas/reference.py")
