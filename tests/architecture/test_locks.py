# SPDX-License-Identifier: EUPL-1.2
"""Locks are hash-pinned requirement files that name no registry (docs/decisions/0016)."""

import re
from pathlib import Path

import pytest

from architecture.tracked import ROOT, tracked

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
REQUIREMENT = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+( ; [^\\]+)?")

each_lock = pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)


def test_there_is_a_lock_for_development() -> None:
    assert ROOT / "requirements/dev.lock" in LOCKS


@each_lock
def test_every_requirement_is_pinned_with_hashes(lock: Path) -> None:
    logical = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    requirements = [line for line in logical if line.strip() and not line.startswith("#")]
    assert requirements
    for line in requirements:
        name, *hashes = line.split(" --hash=")
        assert REQUIREMENT.fullmatch(name.strip()), name
        assert hashes, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", digest) for digest in hashes), name


@each_lock
def test_no_lock_names_an_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.findall(r"--[a-z-]*(?:index|find-links|trusted)[a-z-]*|://", text)


def test_uv_lock_is_not_tracked_and_ignored() -> None:
    assert "uv.lock" not in {path.name for path in tracked()}
    assert "/uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_npm_locks_name_no_registry() -> None:
    for path in tracked():
        if path.name == "package-lock.json":
            assert '"resolved"' not in path.read_text(encoding="utf-8"), path
