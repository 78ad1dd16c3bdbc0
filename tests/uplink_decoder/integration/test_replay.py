# SPDX-License-Identifier: EUPL-1.2
"""Stored uplinks decoded again: reported first, then for real, and consumers end up right."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from parking_occupancy.domain.sensors import fold
from parking_occupancy.domain.track import Observation
from parking_occupancy.reading import read_message, read_row
from parking_occupancy.storage.events import BayEvent
from stadttakt_runtime.auth import storage
from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder.codecs.model import BayReading, Codec, Decoded, Frame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.settings import UplinkSettings

DEVICE, OTHER = "0200000000000001", "0200000000000002"
OCCUPIED = base64.b64encode(b"\x01").decode()
FREE = base64.b64encode(b"\x00").decode()
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def ask(running: Any, settings: UplinkSettings) -> Ask:
    """Ask as somebody who may replay and see to the quarantine."""
    key = mint()
    url = settings.database_url.get_secret_value()
    async with (
        Database.open(url, schema="platform") as platform,
        platform.transaction() as connection,
    ):
        await storage.insert_key(
            connection,
            key,
            scopes=["replay", "quarantine"],
            label="test",
            created_at=utc_now(),
            expires_at=None,
        )

    async def asked(method: str, path: str, **fields: Any) -> Any:
        headers = {"authorization": f"Bearer {key}", **fields.pop("headers", {})}
        return await running.http.request(method, path, headers=headers, **fields)

    return asked


async def replayed(running: Any, ask: Ask, **body: Any) -> dict[str, Any]:
    chosen = body if "filter" in body else {"everything": True, **body}
    started = await ask("POST", "/v1/replays", json=chosen)
    assert started.status_code == 202, started.text
    id_ = started.json()["replay_id"]
    await running.until_rows("select 1 from replay where replay_id = $1 and state = 'done'", 1, id_)
    report: dict[str, Any] = (await ask("GET", f"/v1/replays/{id_}")).json()
    return report


def upgrade(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a second version in place of the Bosch codec, which had bit 0 the wrong way round."""

    def decode(frame: Frame) -> Decoded:
        occupied = not frame.payload[0] & 1
        return Decoded({"occupied": occupied, "extra": 1}, (BayReading(occupied),))

    codec = Codec("bosch-tps110", 2, "Bosch", "TPS110", decode)
    codecs = MappingProxyType({**NATIVE_CODECS, codec.codec_id: codec})
    monkeypatch.setattr(running.decoder._replayer._windows, "_codecs", codecs)


async def test_dry_run_reports_what_would_differ_and_changes_nothing(
    running: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.send_up(DEVICE, 2, FREE)
    await running.send_up(OTHER, 1, OCCUPIED)
    await running.until_rows("select * from uplink", 3)
    before = await running.rows("select * from uplink order by uplink_id")
    upgrade(running, monkeypatch)
    report = await replayed(running, ask, dry_run=True)
    counts = report["counts"]
    assert {name: counts[name] for name in ("uplinks", "changed", "same", "new", "gone")} == {
        "uplinks": 3, "changed": 2, "same": 1, "new": 0, "gone": 0
    }  # fmt: skip
    assert counts["observations"] == {"new": 0, "changed": 2, "gone": 0, "same": 1}
    assert report["progress"] == 1.0
    fields = {each["field"]: each["changed"] for each in report["fields"]}
    assert fields["bay-occupancy.occupied"] == 2
    example = next(e for e in report["examples"] if e["field"] == "bay-occupancy.occupied")
    assert (example["before"], example["after"], example["dev_eui"]) == (True, False, DEVICE)
    assert await running.rows("select * from uplink order by uplink_id") == before
    assert len(await running.rows("select * from observation")) == 3
    table = await ask("GET", f"/v1/replays/{report['replay_id']}/differences.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[0] == "uplink_id,dev_eui,observed_at,field,change,before,after"
    assert len(table.text.splitlines()) == 1 + report["differences_kept"]


async def test_codec_upgrade_publishes_corrections_and_every_consumer_ends_the_same(
    running: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.send_up(DEVICE, 2, FREE)
    heard = [await running.observation() for _ in range(2)]
    upgrade(running, monkeypatch)
    report = await replayed(running, ask, filter={"codec_id": "bosch-tps110"}, note="bit 0")
    assert report["counts"]["observations"] == {"new": 0, "changed": 2, "gone": 0, "same": 0}
    corrections = [await running.observation() for _ in range(2)]
    for (_, event), (_, correction) in zip(heard, corrections, strict=True):
        assert correction["id"] == f"{event['id']}.0001"
        assert (correction["time"], correction["corrects"]) == (event["time"], event["id"])
        assert correction["data"]["occupied"] is not event["data"]["occupied"]
        assert correction["data"]["codec_version"] == 2
    rows = await running.rows("select codec_version, errors from uplink")
    assert rows == [{"codec_version": 2, "errors": None}] * 2
    superseded = "select event_id, superseded_by from observation where superseded_at is not null"
    marked = {row["event_id"]: row["superseded_by"] for row in await running.rows(superseded)}
    assert marked == {event["id"]: f"{event['id']}.0001" for _, event in heard}
    # Again: nothing is different any more.
    again = await replayed(running, ask)
    assert (again["counts"]["same"], again["counts"]["uplinks"]) == (2, 2)
    assert running.observations.empty()
    await assert_consumers_converge(running, [*heard, *corrections])


async def assert_consumers_converge(running: Any, heard: list[tuple[str, dict[str, Any]]]) -> None:
    """One that heard all, one that did in reverse, one that read the view: parking's own rules."""
    now = utc_now()
    live = [bay_observation(read_message(t, orjson.dumps(event), now)) for t, event in heard]
    query = "select *, data::text as data from v1_observation order by seq"
    rows = await running.connection.fetch(query.replace("*", VIEW_COLUMNS))
    caught_up = [bay_observation(read_row(row, now)) for row in rows]
    assert {each.key for each in caught_up} == {each.key for each in live}
    tracks = [fold(None, each) for each in (live, live[::-1], caught_up)]
    assert tracks[0] is not None
    assert tracks[0] == tracks[1] == tracks[2]
    newest = max(heard, key=lambda each: (each[1]["time"], each[1]["id"]))[1]
    assert tracks[0].newest.event_id == newest["id"]


def bay_observation(event: object) -> Observation:
    assert isinstance(event, BayEvent)
    return event.observation


VIEW_COLUMNS = (
    "seq, kind, event_id, subject, asset_id, observed_at, simulated, corrects,"
    " superseded_at is not null as superseded, sensor"
)


async def test_what_cannot_be_replayed_is_told(running: Any, ask: Ask) -> None:
    chosen = {"codec_id": "bosch-tps110"}
    backwards = {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    for body, told in (
        ({"filter": chosen, "codec_id": "bosch-tps110", "codec_version": 99}, "no version 99"),
        ({"filter": chosen, "codec_id": "nobody"}, "no codec 'nobody'"),
        ({"filter": {}, "codec_id": "bosch-tps110"}, "must name dev_euis, codec_id or asset"),
        ({"filter": backwards}, "from must be before to"),
        ({"codec_version": 1}, "codec_version needs codec_id"),
        ({"filter": {"unknown": 1}}, "unknown"),
        ({}, "name something in the filter, or say everything: true"),
        ({"filter": {"codec_id": None}}, "name something in the filter"),
        ({"filter": {"dev_euis": []}}, "dev_euis"),
        ({"filter": {"flags": []}}, "flags"),
        ({"filter": chosen, "everything": True}, "everything goes with an empty filter only"),
        ({"filter": {"dev_euis": ["zz"]}}, "dev_euis"),
    ):
        answer = await ask("POST", "/v1/replays", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), body
        assert told in answer.json()["detail"], answer.json()
    for method, path in (("GET", "77"), ("POST", "77:cancel"), ("POST", "77:resume")):
        answer = await ask(method, f"/v1/replays/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    done = await replayed(running, ask, dry_run=True)
    for action in ("cancel", "resume"):
        answer = await ask("POST", f"/v1/replays/{done['replay_id']}:{action}")
        assert (answer.status_code, answer.json()["state"]) == (409, "done")
