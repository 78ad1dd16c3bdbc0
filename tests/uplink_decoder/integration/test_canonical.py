# SPDX-License-Identifier: EUPL-1.2
"""Partners' own observations over the platform's broker: rows, series, publishes, quarantine."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stadttakt_messages.catalogue import BY_NAME

OCCUPIED = base64.b64encode(b"\x01").decode()
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "bay-occupancy": ("bay/lot-01", {"occupied": True}),
    "vehicle-count": ("lot/messe/gate/nord", {"mode": "cumulative", "in": 2, "out": 1}),
    "passenger-count": (
        "vehicle/tram-1/door/2",
        {"mode": "delta", "counts": [{"class": "adult", "in": 2, "out": 0}]},
    ),
    "device-presence": ("vehicle/tram-1", {"wifi": 12}),
    "environment": (
        "asset/markt",
        {"quantities": [{"quantity": "air.temperature", "value": 4.5, "unit": "°C"}]},
    ),
}


def event(kind: str = "bay-occupancy", **changes: Any) -> dict[str, Any]:
    subject, data = CASES[kind]
    entry = BY_NAME[kind]
    return {
        "specversion": "1.0",
        "id": "17",
        "source": "urn:partner:detector",
        "type": entry.type,
        "subject": subject,
        "time": datetime.now(tz=UTC).isoformat(),
        "datacontenttype": "application/json",
        "dataschema": entry.dataschema,
        "data": data,
        **changes,
    }


@pytest.mark.parametrize("kind", sorted(CASES))
async def test_partners_observation_is_stored_and_published_as_the_platforms_own(
    running: Any, kind: str
) -> None:
    sent = event(kind)
    await running.send("partner/x", sent)
    topic, published = await running.observation()
    parsed = BY_NAME[kind].event.model_validate(published)
    assert parsed.data == BY_NAME[kind].data.model_validate(sent["data"])
    assert parsed.time == datetime.fromisoformat(sent["time"])
    assert parsed.subject == sent["subject"]
    assert published["source"] == "/stadttakt/uplink-decoder/partner"
    assert topic.startswith(f"{running.root}/observation/{kind}/")
    (row,) = await running.rows("select * from observation")
    assert (row["event_id"], row["topic"], row["source_id"]) == (published["id"], topic, "partner")
    (raw,) = await running.rows("select * from canonical_event")
    assert (json.loads(raw["raw"]), raw["event_id"], raw["kind"]) == (sent, "17", kind)
    assert published["id"] == f"{raw['identity']}:0"
    assert await running.rows("select 1 from device where dev_eui like '%partner%'") == []


async def test_environment_reading_of_a_partner_joins_the_series(running: Any) -> None:
    await running.send("partner/x", event("environment"))
    (row,) = await running.until_rows("select * from environment", 1)
    assert (row["asset_id"], row["quantity"], row["value"]) == ("markt", "air.temperature", 4.5)
    assert (row["source_id"], row["quality"]) == ("partner", "good")


async def test_repeated_event_is_one_row_and_the_same_publish(running: Any) -> None:
    first = event()
    await running.send("partner/x", first)
    published = await running.observation()
    await running.send("partner/y", first)
    assert await running.observation() == published
    await running.send("partner/z", event(id="18"))
    assert (await running.observation())[1]["id"] != published[1]["id"]
    await running.until_rows("select 1 from canonical_event", 2)
    await running.decoder.pipeline.note_ledger()
    (line,) = await running.rows("select * from ledger where source_id = 'partner'")
    assert (line["topic_class"], line["received"], line["stored"]) == ("observation", 3, 2)
    assert (line["duplicate"], line["quarantined"], line["in_flight"]) == (1, 0, 0)


async def test_which_sensor_of_a_partner_spoke_is_stored_and_published(running: Any) -> None:
    await running.send("partner/x", event(sensor="mast-7"))
    _, published = await running.observation()
    (row,) = await running.rows("select sensor from v1_observation")
    assert row["sensor"] == published["sensor"] == "source/partner/mast-7"
    await running.send("partner/x", event(id="18"))
    assert (await running.observation())[1]["sensor"] == "source/partner"
    await running.send("partner/x", event(sensor="mast-8"))
    rows = await running.until_rows("select reason from quarantine", 1)
    assert rows[0]["reason"] == "id_reused"


async def test_id_used_again_for_something_else_is_quarantined(running: Any) -> None:
    first = event()
    await running.send("partner/x", first)
    await running.observation()
    await running.send("partner/x", {**first, "data": {"occupied": False}})
    await running.send("partner/x", {**first, "subject": "bay/lot-02"})
    rows = await running.until_rows("select reason, detail from quarantine", 2)
    assert {row["reason"] for row in rows} == {"id_reused"}
    assert len(await running.rows("select 1 from observation")) == 1


async def test_what_a_partner_may_not_say_is_quarantined_and_counted(running: Any) -> None:
    bodies = (
        event(subject="bay/other-1"),
        event(type="city.stadttakt.bay-state.v1"),
        event(data={"occupied": "no"}),
        event(source="/stadttakt/uplink-decoder/cs"),
        b"{",
    )
    for body in bodies:
        await running.send("partner/x", body)
    await running.send("partner/x", event())
    await running.observation()
    rows = await running.rows("select reason, detail, payload from quarantine order by reason")
    assert [row["reason"] for row in rows] == [
        "invalid_json",
        "no_right",
        "own_event",
        "unknown_type",
        "wrong_form",
    ]
    assert rows[1]["detail"] == "partner may not speak for bay 'other-1'"
    assert json.loads(rows[1]["payload"]) == bodies[0]
    assert len(await running.rows("select 1 from observation")) == 1
    await running.decoder.pipeline.note_ledger()
    (line,) = await running.rows("select * from ledger where source_id = 'partner'")
    assert (line["received"], line["stored"], line["quarantined"]) == (6, 1, 5)


async def test_uplink_for_an_asset_beyond_its_sources_rights_is_kept_and_says_nothing(
    running: Any,
) -> None:
    for number in ("1", "2"):
        device = f"020000000000000{number}"
        message = {
            "deduplicationId": number,
            "deviceInfo": {"devEui": device},
            "fPort": 1,
            "data": OCCUPIED,
        }
        await running.send(f"narrow/application/a/device/{device}/event/up", message)
    (held,) = await running.until_rows("select * from quarantine where reason = 'no_right'", 1)
    assert held["dev_eui"] == "0200000000000001"
    assert held["detail"] == "narrow may not speak for bay 'lot-01'"
    rows = await running.until_rows("select dev_eui, flags, errors from uplink order by dev_eui", 2)
    assert rows[0]["flags"] == ["no_time", "no_right"]
    assert rows[0]["errors"] == [held["detail"]]
    assert "no_right" not in rows[1]["flags"]
    assert await running.rows("select 1 from observation where asset_id = 'lot-01'") == []


async def test_event_committed_and_not_published_is_published_at_the_next_start(
    start: Any,
) -> None:
    async with start() as running:
        await running.send("partner/x", event())
        _, published = await running.observation()
        await running.until_rows("select 1 from publish_mark where seq > 0", 1)
        await running.connection.execute("update publish_mark set seq = 0")
        running.decoder.pipeline._published_seq = 0
    async with start() as running:
        _, again = await running.observation()
        assert again == published
