# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from rich.table import Table

from bench import reports
from bench.city import write_city
from bench.peers import contenders, measuring, scoring, target
from bench.peers.measuring import Entry
from bench.peers.playing import Drain, Ground, Killed, drain, kill_twice
from bench.script_codecs import DECODED, FRAMES, USUAL
from stadttakt_simulators.burst import burst_pool
from stadttakt_simulators.clock import EpochNs
from support.stack import running_stack
from uplink_decoder.codecs.model import Frame
from uplink_decoder.javascript.answers import ScriptResult
from uplink_decoder.javascript.process import ScriptProcess

MESSAGES = 600
BATCH = 5
DEVICES = 20
SEED = 7
WRITTEN = f"""
select dev_eui, f_cnt, payload, decoded,
    coalesce(uplink_id::text, convert_from(raw, 'UTF8')::jsonb ->> 'deduplicationId')
from {target.TABLE}
"""
KNOWS_FIELDS, DECODES = ("bare", "mq-bridge", "node-red"), ("node-red",)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("peers")
    city = folder / "city"
    devices = write_city(city)[:DEVICES]
    with running_stack() as stack:
        yield measuring.ground_of(stack, city, devices, MESSAGES, folder)


@pytest.fixture(scope="module")
def ours(ground: Ground) -> list[Entry]:
    return measuring.entries(ground, [], print)[0]


@pytest.mark.parametrize("name", contenders.MAKERS)
def test_another_writes_each_uplink_that_was_sent(
    ground: Ground, ours: list[Entry], name: str
) -> None:
    if lacking := contenders.missing(name):
        pytest.skip(f"{name} needs {' and '.join(lacking)}, which this machine has not")
    peer = contenders.MAKERS[name][0](ground.place, MESSAGES)

    drain(ground, peer, SEED)

    with psycopg.connect(target.plain(ground.place.database_url)) as connection:
        found = connection.execute(WRITTEN).fetchall()
    sent = {
        each.identity: each
        for each in burst_pool(
            MESSAGES, ground.devices, started=EpochNs(0), seed=SEED, first_f_cnt=700
        )
    }
    assert sorted(row[4] for row in found) == sorted(sent)
    for dev_eui, f_cnt, payload, decoded, identity in found:
        if name in KNOWS_FIELDS:
            assert dev_eui == sent[identity].dev_eui
            assert f'"fCnt":{f_cnt},'.encode() in sent[identity].payload
            read = base64.b64decode(payload) if name == "mq-bridge" else payload
            assert read == FRAMES[sent[identity].occupied]
        if name in DECODES:
            assert decoded == {**DECODED, "occupied": sent[identity].occupied}


@pytest.mark.timeout(900)
def test_ours_does_the_same_job_and_loses_nothing_when_killed(
    ground: Ground, ours: list[Entry]
) -> None:
    scripted = ours[0]
    scripted.prepare()
    # In one batch all would be written by the time of the kill, and whoever acknowledges too early lose nothing.
    small = {**scripted.peer.environment, "STADTTAKT_UPLINK_BATCH_SIZE": str(BATCH)}
    peer = replace(scripted.peer, environment=small)

    measured = drain(ground, peer, SEED + 1)
    killed = kill_twice(ground, peer, SEED + 2, measured)

    assert measured.per_s > 0
    assert min(killed.at) < MESSAGES
    assert killed == Killed(lost=0, doubled=0)
    with psycopg.connect(target.plain(ground.place.database_url)) as connection:
        found = connection.execute(
            "select codec_id, decoded - 'occupied', count(distinct decoded -> 'occupied'), count(*)"
            " from uplink.uplink group by 1, 2"
        ).fetchall()
    assert found == [(measuring.CODEC, DECODED, 2, MESSAGES)]


@pytest.mark.parametrize("occupied", [False, True])
async def test_the_formatter_decodes_every_channel_of_its_frames(*, occupied: bool) -> None:
    frame = Frame(1, FRAMES[occupied], datetime(2026, 11, 24, tzinfo=UTC))
    async with ScriptProcess() as process:
        answer = await process.decode_one(USUAL, frame, {})

    assert isinstance(answer, ScriptResult)
    assert answer.data == {**DECODED, "occupied": occupied}
    assert len(frame.payload) == 20


def test_who_acknowledges_at_receipt_and_commits_at_the_end_loses_what_it_had(
    ground: Ground, ours: list[Entry]
) -> None:
    if lacking := contenders.missing("pipe"):
        pytest.skip(f"needs {' and '.join(lacking)}, which this machine has not")
    # It waits for more than there are, so that each kill comes before its end.
    peer = contenders.pipe(ground.place, 2 * MESSAGES)

    killed = kill_twice(ground, peer, SEED + 3, Drain(MESSAGES / 20, 0, 0, 0))

    assert killed == Killed(lost=MESSAGES, doubled=0)


def scores() -> list[scoring.Score]:
    peer = contenders.Peer("bare | loop", "bare", [], "no", "raw message", "after commit")
    drains = [Drain(1000, 10, 20, 1), Drain(3000, 30, 40, 1), Drain(2000, 20, 30, 1)]
    node = replace(peer, name="Node-RED 4 + pg", acknowledges="at receipt")
    slower = [Drain(500, 1, 2, 1), Drain(300, 1, 2, 1), Drain(400, 1, 2, 1)]
    return [scoring.Score(peer, drains, Killed(3, 4)), scoring.Score(node, slower)]


def test_ratios_are_taken_round_by_round() -> None:
    first, second = scoring.rows(scores())

    assert first[1:6] == (
        "2,000 (1,000 to 3,000)",
        "5.00 (2.00 to 10.00)",
        "1.00 (1.00 to 1.00)",
        "20",
        "30",
    )
    assert first[-2:] == ("3", "4")
    assert second[3] == "0.20 (0.10 to 0.50)"
    assert second[-2:] == ("not tried", "not tried")


def test_a_yardstick_that_did_not_run_makes_no_ratio() -> None:
    assert scoring.rows(scores()[:1])[0][2] == "not run"


def test_a_page_has_the_tables_and_the_chart(tmp_path: Path) -> None:
    page = reports.write("peers", "uplinks to rows", [scoring.table(scores(), 10)], tmp_path)

    text = page.read_text()
    names = [node.text for node in ET.parse(tmp_path / "peers.svg").iter() if node.text]
    assert {"bare | loop", "Node-RED 4 + pg", "2,000", "Stadttakt", "others"} <= set(names)
    assert "| bare \\| loop | 2,000 (1,000 to 3,000) |" in text
    assert text.endswith("![Uplinks to committed rows, rows/s](peers.svg)\n")


def test_a_page_without_a_chart_names_none(tmp_path: Path) -> None:
    page = reports.write("soak", "memory", [Table("minute")], tmp_path)

    assert page.read_text().startswith("# Memory\n")
    assert "svg" not in page.read_text()
