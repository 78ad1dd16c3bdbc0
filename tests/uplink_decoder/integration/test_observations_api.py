# SPDX-License-Identifier: EUPL-1.2
"""Partners' observations over HTTP: each with its outcome, once it is stored and published."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from stadttakt_messages.catalogue import BY_NAME
from support.asking import Ask
from uplink_decoder.settings import UplinkSettings

SOURCES = """
sources:
  - {{source_id: cs, dialect: chirpstack, topics: ["{root}/application/+/device/+/event/+"]}}
  - source_id: partner
    dialect: canonical
    topics: ["{root}/partner/#"]
    rights:
      - {{kinds: [bay], assets: ["lot-*"]}}
      - {{kinds: [environment]}}
    webhook: {{secret_variable: TEST_SECRET_PARTNER}}
  - source_id: other
    dialect: canonical
    topics: ["{root}/other/#"]
    rights: all
    webhook: {{secret_variable: TEST_SECRET_OTHER}}
"""
PARTNER = {"authorization": "Bearer secret-of-partner"}
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
HEADER = "time,asset_id,quantity,value,unit\n"
PATH = "/v1/observations"
IMPORT = "/v1/observations:import"


@pytest.fixture
def settings(settings: UplinkSettings, monkeypatch: Any) -> UplinkSettings:
    monkeypatch.setenv("TEST_SECRET_PARTNER", "secret-of-partner")
    monkeypatch.setenv("TEST_SECRET_OTHER", "secret-of-other")
    assert settings.city
    text = SOURCES.format(root=settings.topic_root)
    (settings.city / "sources.yaml").write_text(text, encoding="utf-8")
    return settings


def event(event_id: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "urn:partner:detector",
        "type": BY_NAME["bay-occupancy"].type,
        "subject": "bay/lot-01",
        "time": datetime.now(tz=UTC).isoformat(),
        "dataschema": BY_NAME["bay-occupancy"].dataschema,
        "data": {"occupied": True},
        **changes,
    }


async def send(running: Any, body: Any, media_type: str = ONE, **options: Any) -> httpx.Response:
    headers = {**PARTNER, "content-type": media_type, **options.pop("headers", {})}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer: httpx.Response = await running.http.post(
        options.pop("path", PATH), content=content, headers=headers, **options
    )
    return answer


async def upload(running: Any, text: str, **query: Any) -> dict[str, Any]:
    answer = await send(running, text.encode(), "text/csv", path=IMPORT, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_event_is_stored_and_published_when_the_answer_comes(running: Any) -> None:
    sent = event()
    answer = await send(running, sent)
    (row,) = await running.rows("select event_id, source_id, subject from observation")
    assert answer.status_code == 200
    assert answer.json()["stored"] == 1
    assert (row["source_id"], row["subject"]) == ("partner", "bay/lot-01")
    topic, published = await running.observation()
    assert topic == f"{running.root}/observation/bay-occupancy/lot-01"
    assert published["id"] == row["event_id"]


async def test_repeated_event_is_a_duplicate_and_published_again(running: Any) -> None:
    sent = event()
    await send(running, sent)
    first = await running.observation()
    again = await send(running, sent)
    assert again.json()["items"][0]["outcome"] == "duplicate"
    assert await running.observation() == first
    assert len(await running.rows("select 1 from observation")) == 1


async def test_same_event_over_broker_and_http_is_one(running: Any) -> None:
    sent = event()
    await running.send("partner/x", sent)
    await running.observation()
    answer = await send(running, sent)
    assert answer.json()["duplicate"] == 1


async def test_every_event_of_a_batch_has_its_own_outcome(running: Any) -> None:
    await send(running, known := event("known"))
    batch = [
        event("new"),
        known,
        event("foreign", subject="bay/other-1"),
        event("new", data={"occupied": False}),
        {"id": "broken"},
        7,
        known | {"data": {"occupied": False}},
        event("late", time="2001-01-01T00:00:00Z"),
    ]
    answer = await send(running, batch, BATCH)
    items = answer.json()["items"]
    assert answer.status_code == 200
    assert [(item["id"], item["outcome"], item["reason"]) for item in items] == [
        ("new", "stored", None),
        ("known", "duplicate", None),
        ("foreign", "rejected", "no_right"),
        ("new", "rejected", "id_reused"),
        ("broken", "rejected", "unknown_type"),
        (None, "rejected", "wrong_form"),
        ("known", "rejected", "id_reused"),
        ("late", "rejected", "time_too_old"),
    ]
    counts = {name: answer.json()[name] for name in ("stored", "duplicate", "rejected")}
    assert counts == {"stored": 1, "duplicate": 1, "rejected": 6}
    assert len(await running.rows("select 1 from observation")) == 2
    assert await running.rows("select 1 from quarantine") == []


async def test_ledger_tells_the_way_in_and_is_balanced(running: Any) -> None:
    await send(running, [event("1"), event("2"), event("1", subject="bay/no")], BATCH)
    await running.decoder.pipeline.note_ledger()
    (line,) = await running.rows(
        "select topic_class, received, stored, in_flight from ledger where source_id = 'partner'"
    )
    assert line == {
        "topic_class": "http/observation",
        "received": 2,
        "stored": 2,
        "in_flight": 0,
    }


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (event(subject="bay/other-1"), ONE, 403, "no_right"),
        (event(data={"occupied": "no"}), ONE, 422, "wrong_form"),
        (b"{", ONE, 422, "invalid_json"),
        (b"\xff", ONE, 422, "invalid_json"),
        (b"{", BATCH, 422, "invalid_json"),
        (b"{}", BATCH, 422, "wrong_form"),
        (b"[" * 600 + b"]" * 600, BATCH, 422, "invalid_json"),
        ([{}] * 1001, BATCH, 422, "too_many"),
        (event(), "text/plain", 415, "unsupported_media_type"),
        (event(), "", 415, "unsupported_media_type"),
    ],
)
async def test_what_is_wrong_as_a_whole_is_a_problem(
    running: Any, body: Any, media_type: str, status: int, code: str
) -> None:
    answer = await send(running, body, media_type)
    problem = answer.json()
    codes = {problem["code"], *(each["code"] for each in problem.get("errors", []))}
    assert (answer.status_code, code in codes) == (status, True)
    assert await running.rows("select 1 from observation") == []


@pytest.mark.parametrize("path", [PATH, IMPORT])
async def test_only_the_source_itself_or_a_key_with_the_scope_may_speak(
    running: Any, ask: Ask, path: str
) -> None:
    wrong = await send(running, event(), path=path, headers={"authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthenticated")
    other = await send(running, event(), path=path, params={"source": "other"})
    assert (other.status_code, other.json()["code"]) == (403, "other_source")
    scopeless = await ask("POST", f"{path}?source=partner", "devices:write", content=b"{}")
    assert scopeless.status_code == 403
    for name in ("cs", "nobody"):
        unknown = await ask("POST", f"{path}?source={name}", "observations:write", content=b"{}")
        assert unknown.json()["errors"][0]["code"] == "unknown_source"


async def test_key_with_the_scope_speaks_for_the_source_that_it_names(
    running: Any, ask: Ask
) -> None:
    headers = {"content-type": ONE}
    body = json.dumps(event(subject="bay/anything")).encode()
    path = f"{PATH}?source=other"
    answer = await ask("POST", path, "observations:write", content=body, headers=headers)
    assert answer.json()["stored"] == 1
    assert await running.rows("select source_id from observation") == [{"source_id": "other"}]


async def test_old_readings_are_imported_converted_rolled_up_and_the_newest_stays(
    running: Any,
) -> None:
    await send(
        running,
        event(
            "live",
            type=BY_NAME["environment"].type,
            dataschema=BY_NAME["environment"].dataschema,
            subject="asset/markt",
            data={"quantities": [{"quantity": "air.temperature", "value": 4.5, "unit": "°C"}]},
        ),
    )
    text = (
        "time,asset_id,quantity,value,unit\n"
        "2019-03-01T12:00:00Z,markt,air.temperature,50,°F\n"
        "2019-03-01T13:00:00+01:00,markt,air.pressure,101325,Pa\n"
        "2019-03-01T12:10:00Z,markt,own.quantity,7,things\n"
    )
    done = await upload(running, text)
    assert (done["lines"], done["stored"], done["errors"]) == (3, 3, [])
    rows = await running.rows(
        "select quantity, value, unit, observed_at from environment"
        " where observed_at < '2020-01-01' order by quantity"
    )
    assert [(row["quantity"], row["value"], row["unit"]) for row in rows] == [
        ("air.pressure", 1013.25, "hPa"),
        ("air.temperature", 10.0, "°C"),
        ("own.quantity", 7.0, "things"),
    ]
    assert rows[0]["observed_at"] == datetime(2019, 3, 1, 12, tzinfo=UTC)
    (newest,) = await running.rows(
        "select value from environment_newest where quantity = 'air.temperature'"
    )
    assert newest["value"] == 4.5
    dirty = await running.rows(
        "select start from environment_dirty where start < '2020-01-01' group by 1"
    )
    assert [row["start"] for row in dirty] == [datetime(2019, 3, 1, 12, tzinfo=UTC)]


async def test_same_file_again_changes_nothing_also_when_identities_are_forgotten(
    running: Any,
) -> None:
    text = HEADER + "2019-03-01T12:00:00Z,markt,air.temperature,5,°C\n" * 2
    first = await upload(running, text)
    assert (first["stored"], first["duplicate"]) == (1, 1)
    await running.connection.execute("delete from uplink_identity")
    again = await upload(running, text)
    assert (again["stored"], again["duplicate"]) == (0, 2)
    assert len(await running.rows("select 1 from environment")) == 1
    assert await running.rows("select 1 from quarantine") == []


async def test_dry_run_tells_the_same_and_stores_nothing(running: Any) -> None:
    text = (
        HEADER + "2019-03-01T12:00:00Z,markt,air.temperature,5,°C\nx,markt,air.temperature,5,°C\n"
    )
    tried = await upload(running, text, dry_run=True)
    assert await running.rows("select 1 from canonical_event") == []
    done = await upload(running, text)
    assert {**tried, "dry_run": False} == done
    assert (done["stored"], done["rejected"]) == (1, 1)


async def test_wrong_lines_are_told_by_number_and_the_others_taken(running: Any) -> None:
    future = (datetime.now(tz=UTC) + timedelta(days=1)).isoformat()
    text = (
        "time,asset_id,kind,quantity,value,unit\n"
        "2019-03-01T12:00:00Z,markt,,air.temperature,5,°C\n"
        "2019-03-01T12:00:00Z,markt,,air.temperature,6,°C\n"
        "\n"
        "2019-03-01T12:00:00,markt,,air.temperature,5,°C\n"
        "2019-03-01T12:00:00Z,markt,,air.temperature,5,furlong\n"
        "2019-03-01T12:00:00Z,other-1,bay-occupancy,,occupied,\n"
        f"{future},markt,,air.temperature,5,°C\n"
        "1950-03-01T12:00:00Z,markt,,air.temperature,5,°C\n"
        "2019-03-01T12:00:00Z,lot-01,bay-occupancy,,occupied,\n"
    )
    done = await upload(running, text)
    assert [(each["line"], each["field"], each["code"]) for each in done["errors"]] == [
        (3, "", "id_reused"),
        (5, "time", "no_zone"),
        (6, "unit", "wrong_unit"),
        (7, "", "no_right"),
        (8, "", "time_in_future"),
        (9, "", "time_too_old"),
    ]
    assert (done["stored"], done["rejected"], done["lines"]) == (2, 6, 8)
    (bay,) = await running.rows("select observed_at from observation where asset_id = 'lot-01'")
    assert bay["observed_at"] == datetime(2019, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "query", "code"),
    [
        (b"", {}, "wrong_header"),
        (b"a,b\n", {}, "wrong_header"),
        (b"time,asset_id,asset_id\n", {}, "wrong_header"),
        (b'time,asset_id\n"x', {}, "invalid_csv"),
        (b"time,asset_id\n\xff", {}, "invalid_utf8"),
        (HEADER.encode(), {"timezone": "Europe/Atlantis"}, "unknown_timezone"),
        (HEADER.encode(), {"timezone": "../../etc/passwd"}, "unknown_timezone"),
    ],
)
async def test_file_that_cannot_be_read_is_a_problem(
    running: Any, body: bytes, query: dict[str, str], code: str
) -> None:
    answer = await send(running, body, "text/csv", path=IMPORT, params=query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


async def test_import_of_another_media_type_is_refused(running: Any) -> None:
    answer = await send(running, b"", "application/json", path=IMPORT)
    assert (answer.status_code, answer.headers["accept"]) == (415, "text/csv")
