# SPDX-License-Identifier: EUPL-1.2
"""The return to a moment with compose, rehearsed by the printed commands: rows of before are there, those of after are not."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from backup.archive_desk import CRON, ArchiveDesk
from runtime.integration.test_shipped_database import ShippedPostgres, set_up
from support.stack import fresh_stack

TABLE = "create table measured (at timestamptz not null, value int)"
FAILING = (
    "select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver"
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArchiveDesk]:
    """An installation that archives, with rows of group 1 before its first copy."""
    with fresh_stack() as stack:
        given = stack.postgres
        server = ShippedPostgres(given.root, given.data_dir, given.port)
        server.setup = tmp_path_factory.mktemp("setup")
        set_up(server.setup)
        with server:
            desk = ArchiveDesk(tmp_path_factory.mktemp("desk"), server, stack)
            desk.query("alter role stadttakt superuser")  # as compose's image makes it
            desk.query(TABLE)
            desk.query("select create_hypertable('measured', 'at')")
            insert(desk, 1)
            assert "is not archived" in desk.tool("base").stderr
            desk.set_up()
            yield desk


def insert(desk: ArchiveDesk, group: int) -> None:
    """Write a hundred rows over a hundred days, in chunks of a week."""
    day = "timestamptz '2026-01-01Z' + n * interval '1 day'"
    desk.query(f"insert into measured select {day}, {group} from generate_series(1, 100) n")


def rows(desk: ArchiveDesk) -> list[tuple[object, ...]]:
    return desk.query("select value, count(*) from measured group by 1 order by 1")


def now(desk: ArchiveDesk) -> datetime:
    """Return the moment by the server's clock, more than a second after what was before."""
    desk.query("select pg_sleep(1.1)")
    ((moment,),) = desk.query("select clock_timestamp()")
    assert isinstance(moment, datetime)
    return moment


def archived(desk: ArchiveDesk) -> None:
    """Have all that was written archived: nothing but the moment spares what was lost after it."""
    desk.query(
        "select pg_logical_emit_message(true, 'test', 'a piece that holds nothing is not ended')"
    )
    ((name,),) = desk.query("select pg_walfile_name(pg_switch_wal())")
    kept = desk.archive / f"wal/{name}.gz"
    while not kept.exists():
        desk.query("select pg_sleep(0.1)")


def copies(desk: ArchiveDesk) -> list[str]:
    return sorted(one.name for one in (desk.archive / "base").iterdir())


def test_archiving_begins_with_a_copy_that_is_told_and_taken_every_night(desk: ArchiveDesk) -> None:
    (copy,) = copies(desk)
    assert re.fullmatch(r"\d{8}T\d{6}Z", copy)
    assert (desk.metrics / "stadttakt_backup_archive.prom").exists()
    assert (desk.archive / "base").stat().st_mode & 0o777 == 0o700
    command = f"{desk.folder}/deploy/backup/point_in_time.sh base"
    assert (desk.folder / "cron").read_text() == f"30 0 * * * root {command}\n"
    assert CRON not in (desk.folder / "typed.log").read_text()
    settings = desk.query(
        "select current_setting('archive_mode'), current_setting('archive_timeout')"
    )
    assert settings == [("on", "1min")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('back-to --replace "2026-11-26 08:00:00"', "zone"),
        ("back-to --replace newest", "The database runs"),
        ("back-to", "zone"),
        ("backto", "point_in_time.sh begin | base"),
    ],
)
def test_what_is_not_clear_changes_nothing(desk: ArchiveDesk, arguments: str, said: str) -> None:
    refused = desk.tool(arguments)
    assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
    assert rows(desk) == [(1, 100)]


def test_copy_is_not_begun_while_the_log_cannot_be_archived(desk: ArchiveDesk) -> None:
    kept, aside = desk.archive / "wal", desk.archive / "away"
    kept.rename(aside)
    desk.query("select pg_switch_wal()")
    while desk.query(FAILING) != [(True,)]:
        desk.query("select pg_sleep(0.1)")
    refused = desk.tool("base")
    aside.rename(kept)
    archived(desk)
    assert (refused.returncode, "archive-failing.md" in refused.stderr) == (1, True)
    assert len(copies(desk)) == 1


def damage(copy: Path) -> None:
    """Change one byte of one file in a copy that can be unpacked all the same."""
    content = bytearray(gzip.decompress(copy.read_bytes()))
    with tarfile.open(fileobj=io.BytesIO(content)) as files:
        content[files.getmember("global/pg_filenode.map").offset_data + 20] ^= 1
    copy.write_bytes(gzip.compress(content, compresslevel=1))


def test_database_that_is_there_and_a_damaged_copy_stop_a_return(desk: ArchiveDesk) -> None:
    copy = desk.archive / "base" / copies(desk)[0] / "base.tar.gz"
    whole = copy.read_bytes()
    desk.database.stop()
    unasked = desk.tool("back-to newest")
    damage(copy)
    damaged = desk.tool("back-to --replace newest")
    copy.write_bytes(whole)
    early = desk.tool('back-to --replace "2020-01-01 00:00:00Z"')
    desk.up()
    assert (unasked.returncode, "There is a database" in unasked.stderr) == (1, True)
    assert (damaged.returncode, "is damaged; nothing" in damaged.stderr) == (1, True)
    assert (early.returncode, "nothing was changed" in early.stderr) == (1, True)
    assert rows(desk) == [(1, 100)]


def test_rows_of_before_the_moment_come_back_and_no_others(desk: ArchiveDesk) -> None:
    insert(desk, 2)
    before = now(desk)
    desk.query("delete from measured where value = 1")
    insert(desk, 3)
    archived(desk)
    desk.destroy()
    desk.back_to(before)
    assert rows(desk) == [(1, 100), (2, 100)]
    chunks = "select count(*) > 10 from timescaledb_information.chunks where hypertable_name = 'measured'"
    assert desk.query(chunks) == [(True,)]


def test_after_a_return_all_that_was_archived_since_comes_back(desk: ArchiveDesk) -> None:
    insert(desk, 4)
    archived(desk)
    insert(desk, 5)
    desk.back_to("newest")  # which stops the database: that archives the rest
    assert rows(desk) == [(1, 100), (2, 100), (4, 100), (5, 100)]
    (aside,) = desk.database.workdir.parent.glob("work-until-*")
    assert (aside / "PG_VERSION").exists()


def test_old_copies_go_with_the_pieces_that_they_alone_needed(desk: ArchiveDesk) -> None:
    before = {one.name for one in (desk.archive / "wal").iterdir()}
    refused = desk.tool("base", BASE_COPIES="0")
    assert (refused.returncode, "one at least" in refused.stderr) == (1, True)
    old = copies(desk)
    assert len(old) > 2
    taken = desk.tool("base", BASE_COPIES="2")
    assert taken.returncode == 0, taken.stderr
    left = copies(desk)
    assert (len(left), left[0]) == (2, old[-1])
    manifest = (desk.archive / "base" / left[0] / "backup_manifest").read_text()
    (begins,) = re.findall(r'"Start-LSN": "(.*?)"', manifest)
    ((needed,),) = desk.query(f"select pg_walfile_name('{begins}')")
    pieces = [one for one in (desk.archive / "wal").glob("*.gz") if "history" not in one.name]
    assert min(one.name[8:24] for one in pieces) == str(needed)[8:]
    assert before - {one.name for one in pieces}
