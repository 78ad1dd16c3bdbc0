# SPDX-License-Identifier: EUPL-1.2
"""Files of a dry run: one of each login, so many bytes of all, and not for long."""

from __future__ import annotations

import asyncio

from measure_registry.api.pages.staff.kept_files import KeptFile, KeptFiles

ONE, TWO, THREE = b"one", b"two", b"three"


def _file(content: bytes, profile: str = "") -> KeptFile:
    return KeptFile("ideen.csv", profile, content)


async def test_a_login_finds_its_last_file_and_nobody_else_does() -> None:
    kept, first, second = KeptFiles(), _file(b"a"), _file(b"b")
    kept.keep(ONE, first)
    assert kept.of(ONE, first.digest) is first
    assert kept.of(TWO, first.digest) is None
    kept.keep(ONE, second)
    assert kept.of(ONE, first.digest) is None
    assert kept.of(ONE, second.digest) is second
    kept.forget(ONE, second)
    assert kept.of(ONE, second.digest) is None


async def test_the_same_bytes_read_in_another_form_are_another_file() -> None:
    assert _file(b"a").digest != _file(b"a", "adhocracy").digest


async def test_the_oldest_gives_way_where_there_is_no_room() -> None:
    kept = KeptFiles(most_bytes=10)
    files = {name: _file(name * 2) for name in (ONE, TWO, THREE)}
    for name, file in files.items():
        kept.keep(name, file)
    assert [kept.of(name, file.digest) is file for name, file in files.items()] == [
        False,
        False,
        True,
    ]
    kept.keep(TWO, _file(b"abcd"))
    assert kept.of(THREE, files[THREE].digest) is None


async def test_a_file_is_forgotten_by_itself_and_a_later_one_stays_its_own_time() -> None:
    kept, file = KeptFiles(lasts_s=0), _file(b"a")
    kept.keep(ONE, file)
    await asyncio.sleep(0.05)
    assert kept.of(ONE, file.digest) is None
    kept.keep(ONE, file)
    kept.forget(ONE, _file(b"a"))
    assert kept.of(ONE, file.digest) is file
