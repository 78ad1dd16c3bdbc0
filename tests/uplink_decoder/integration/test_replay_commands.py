# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt quarantine` and `stadttakt replays` beside a running decoder."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from stadttakt_runtime.cli import build
from uplink_decoder.settings import UplinkSettings

from .conftest import Running

DEVICE = "0200000000000001"
OCCUPIED = base64.b64encode(b"\x01").decode()


class Stadttakt:
    """Runs a command on a thread, since it has an event loop of its own."""

    def __init__(self, database_url: str, width: int = 300) -> None:
        self._environment = {"STADTTAKT_DATABASE_URL": database_url, "COLUMNS": str(width)}

    async def __call__(self, *words: object, code: int = 0, answer: str | None = None) -> Result:
        def run() -> Result:
            command = CliRunner(env=self._environment)
            return command.invoke(build(), [str(word) for word in words], input=answer)

        done = await asyncio.to_thread(run)
        assert done.exit_code == code, done.output
        return done

    async def json(self, *words: object) -> Any:
        return json.loads((await self(*words, "--json")).stdout)


@pytest.fixture
def stadttakt(settings: UplinkSettings) -> Stadttakt:
    return Stadttakt(settings.database_url.get_secret_value())


@pytest.fixture
async def broken(running: Running) -> list[uuid.UUID]:
    for number in range(3):
        await running.send(f"application/a/device/{DEVICE}/event/up", b"{broken %d" % number)
    query = "select quarantine_id from quarantine order by received_at, quarantine_id"
    return [row["quarantine_id"] for row in await running.until_rows(query, 3)]


async def test_quarantine_is_looked_into_retried_and_discarded(
    running: Running, settings: UplinkSettings, stadttakt: Stadttakt, broken: list[uuid.UUID]
) -> None:
    (reason,) = await stadttakt.json("quarantine", "reasons")
    assert (reason["open"], reason["discarded"]) == (3, 0)
    piped = Stadttakt(settings.database_url.get_secret_value(), width=80)
    table = (await piped("quarantine", "list", "--device", DEVICE.upper())).output
    assert all(str(each) in table for each in broken)
    shown = await stadttakt("quarantine", "show", broken[0])
    assert "{broken" in shown.output
    retried = await stadttakt("quarantine", "retry", broken[0], "--role", "operator", "--watch")
    assert "0 resolved, 1 failed again" in retried.output
    found = await stadttakt.json("quarantine", "show", broken[0])
    assert (found["retries"], found["history"][0]["author"]) == (1, "command_line")
    (replay,) = await stadttakt.json("replays", "list")
    assert str(replay["replay_id"]) in (await piped("replays", "list")).output
    why = ("--role", "operator", "--because", "a test rig")
    kept = await stadttakt("quarantine", "discard", broken[0], *why, answer="n\n", code=1)
    assert "Discard 1 messages for good?" in kept.output
    done = await stadttakt("quarantine", "discard", broken[0], *why, "--yes")
    assert "1 messages discarded" in done.output
    again = await stadttakt("quarantine", "discard", broken[0], *why, "--yes", code=1)
    assert f"message {broken[0]} is discarded" in again.output
    many = await stadttakt("quarantine", "discard", "--source", "cs", *why, "--yes")
    assert "2 messages discarded" in many.output
    listed = await stadttakt.json("quarantine", "list", "--state", "discarded")
    assert len(listed) == 3


async def test_replay_is_started_watched_shown_and_listed(
    running: Running, stadttakt: Stadttakt
) -> None:
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.until_rows("select 1 from uplink", 1)
    options = ("--codec", "bosch-tps110", "--asset", "bay:lot-01", "--from", "2026-01-01")
    done = await stadttakt("replays", "start", *options, "--dry-run", "--watch")
    assert "1 uplinks (dry run): 0 changed, 0 new, 0 gone, 1 the same, 0 refused" in done.output
    (one,) = await stadttakt.json("replays", "list")
    assert (one["state"], one["dry_run"], one["requested_by"]) == ("done", True, "command_line")
    assert one["filter"]["from_time"] == "2026-01-01T00:00:00+00:00"
    report = await stadttakt.json("replays", "show", one["replay_id"])
    assert report["counts"]["observations"]["same"] == 1
    assert "bay" not in (await stadttakt("replays", "show", one["replay_id"])).output
    watched = await stadttakt("replays", "watch", one["replay_id"])
    assert "done" in watched.output
    refused = await stadttakt("replays", "cancel", one["replay_id"], code=1)
    assert f"replay {one['replay_id']} is done" in refused.output


async def test_wrong_words_are_one_line_and_exit_1(
    running: Running, stadttakt: Stadttakt, broken: list[uuid.UUID]
) -> None:
    absent = uuid.uuid4()
    for words, told in (
        (("quarantine", "show", absent), f"there is no message {absent}"),
        (("quarantine", "retry"), "name messages or a filter, or say --all"),
        (("quarantine", "retry", absent), f"there is no message {absent}"),
        (("quarantine", "list", "--state", "gone"), "no such state"),
        (("quarantine", "list", "--from", "2026-02-01", "--to", "2026-01-01"), "--from must be"),
        (("quarantine", "discard", "--role", "r", "--because", "b"), "name messages or a filter"),
        (("replays", "show", 77), "there is no replay 77"),
        (("replays", "cancel", 77), "there is no replay 77"),
        (("replays", "start", "--from", "2026-02-01", "--to", "2026-01-01"), "from must be before"),
        (("replays", "start", "--version", 2), "codec_version needs codec_id"),
        (("replays", "start"), "name something in the filter"),
        (
            ("replays", "start", "--with", "nobody", "--codec", "bosch-tps110"),
            "there is no codec 'nobody'",
        ),
        (
            (
                "replays",
                "start",
                "--codec",
                "bosch-tps110",
                "--with",
                "bosch-tps110",
                "--version",
                99,
            ),
            "there is no version 99 of 'bosch-tps110'",
        ),
    ):
        done = await stadttakt(*words, code=1)
        assert told in done.output.replace("\n", " "), (words, done.output)
        assert "Traceback" not in done.output
