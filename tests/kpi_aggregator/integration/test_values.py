# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_and_retire, apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.plugins import CityError
from support.asking import Ask, asker
from support.http_app import in_process

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
EVENTS = "/v1/indicators/digitale-instrumente/values"
BODY: dict[str, Any] = {
    "period": "year",
    "period_start": "2025-01-01",
    "value": 14,
    "source": "Liste der Formate",
    "source_date": "2026-01-15",
    "author_role": "Sachbearbeitung",
}
IMPORT = "/v1/values:import?author_role=Sachbearbeitung"
NOTE = {"note": "mit der Liste verglichen", "role": "Sachgebietsleitung"}


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    await asyncio.to_thread(apply_city, HALLE, database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield client


@pytest.fixture
def ask(http: httpx.AsyncClient, database_url: str) -> Ask:
    return asker(http, database_url)


async def propose(ask: Ask, path: str = EVENTS, **changes: Any) -> httpx.Response:
    return await ask("POST", path, "kpi:write", json={**BODY, **changes})


async def approve(ask: Ask, proposed: httpx.Response) -> httpx.Response:
    path = f"/v1/values/{proposed.json()['value_id']}:approve"
    return await ask("POST", path, "kpi:approve", json=NOTE)


async def test_indicators_are_public_but_for_those_that_are_not(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    public = (await http.get("/v1/indicators")).json()["items"]
    everything = (await ask("GET", "/v1/indicators", "kpi:write")).json()["items"]
    hidden = {each["indicator_id"] for each in everything} - {
        each["indicator_id"] for each in public
    }
    assert hidden == {"funkabdeckung"}
    assert public[0]["title"] == {
        "de": "Vernetzungsformate pro Jahr",
        "en": "Networking events per year",
    }
    assert (await http.get("/v1/indicators/funkabdeckung")).status_code == 404
    assert (await ask("GET", "/v1/indicators/funkabdeckung", "kpi:write")).status_code == 200


async def test_value_holds_only_when_somebody_else_approved_it(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    proposed = await propose(ask)
    assert (proposed.status_code, proposed.json()["state"]) == (201, "pending")
    assert (await http.get(EVENTS)).json()["items"] == []
    approved = await approve(ask, proposed)
    assert (approved.json()["state"], approved.json()["decision_note"]) == (
        "approved",
        NOTE["note"],
    )
    (value,) = (await http.get(EVENTS)).json()["items"]
    assert (value["value"], value["source"], value["cause"]) == (14, BODY["source"], "first entry")
    again = await approve(ask, proposed)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_nobody_approves_an_own_value(ask: Ask) -> None:
    proposed = await ask("POST", EVENTS, "admin", json=BODY)
    path = f"/v1/values/{proposed.json()['value_id']}:approve"
    refused = await ask("POST", path, "admin", json=NOTE)
    assert refused.status_code == 409
    assert "somebody else" in refused.json()["detail"]


async def test_correction_keeps_what_was_before_and_says_why(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    await approve(ask, await propose(ask))
    await approve(ask, await propose(ask, value=15, cause="ein Format fehlte"))
    (value,) = (await http.get(EVENTS)).json()["items"]
    assert (value["value"], value["cause"]) == (15, "ein Format fehlte")
    path = "/v1/values?indicator_id=digitale-instrumente&limit=1"
    newest = (await ask("GET", path, "kpi:write")).json()
    older = (await ask("GET", f"{path}&cursor={newest['next_cursor']}", "kpi:write")).json()
    assert [each["items"][0]["value"] for each in (newest, older)] == [15, 14]


async def test_correction_without_a_cause_is_refused_at_entry_and_at_approval(ask: Ask) -> None:
    first, second = await propose(ask), await propose(ask, value=15)
    assert (await approve(ask, first)).status_code == 200
    refused = await approve(ask, second)
    assert (refused.status_code, refused.json()["code"]) == (409, "cause_missing")
    for cause in ({}, {"cause": "first entry"}, {"cause": "CSV import"}):
        refused = await propose(ask, value=16, **cause)
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [
            ("cause", "cause_missing")
        ]
    # of another period it is a first value
    assert (await propose(ask, period_start="2024-01-01")).status_code == 201


async def test_line_that_corrects_without_a_cause_is_refused_and_one_told_already_is_not(
    ask: Ask,
) -> None:
    await approve(ask, await propose(ask, source="Liste"))

    async def imported(line: str) -> httpx.Response:
        content = f"{HEADER};cause\n{line}".encode()
        options = {"content": content, "headers": {"content-type": "text/csv"}}
        return await ask("POST", IMPORT, "kpi:write", **options)

    line = "digitale-instrumente;year;2025-01-01;{};Liste;2026-01-15;{}"
    refused = await imported(line.format(15, ""))
    assert [(each["line"], each["code"]) for each in refused.json()["errors"]] == [
        (2, "cause_missing")
    ]
    assert (await imported(line.format(14, ""))).json()["unchanged"] == 1
    assert (await imported(line.format(15, "ein Format fehlte"))).json()["corrections"] == 1


async def test_rejected_value_never_holds(http: httpx.AsyncClient, ask: Ask) -> None:
    proposed = await propose(ask)
    path = f"/v1/values/{proposed.json()['value_id']}:reject"
    rejected = await ask(
        "POST", path, "kpi:approve", json={"note": "doppelt gezählt", "role": "Sachgebietsleitung"}
    )
    assert rejected.json()["state"] == "rejected"
    assert (await http.get(EVENTS)).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "changes", "code"),
    [
        (EVENTS, {"value": -1}, "out_of_range"),
        (EVENTS, {"value": 1.5}, "not_whole"),
        (EVENTS, {"period_start": "2025-03-01"}, "not_a_start"),
        ("/v1/indicators/auslastung-linien/values", {}, "computed"),
        (
            "/v1/indicators/zufriedenheit/values",
            {"value": 2.1, "group_size": 9},
            "group_too_small",
        ),
    ],
)
async def test_impossible_values_are_refused_and_nothing_is_stored(
    ask: Ask, path: str, changes: dict[str, Any], code: str
) -> None:
    refused = await propose(ask, path, **changes)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    assert code in [error["code"] for error in refused.json()["errors"]]
    assert (await ask("GET", "/v1/values", "kpi:write")).json()["items"] == []


async def test_only_who_may_enters_and_approves(http: httpx.AsyncClient, ask: Ask) -> None:
    assert (await http.post(EVENTS, json=BODY)).status_code == 401
    assert (await ask("POST", EVENTS, "kpi:approve", json=BODY)).status_code == 403
    proposed = await propose(ask)
    path = f"/v1/values/{proposed.json()['value_id']}:approve"
    assert (await ask("POST", path, "kpi:write", json=NOTE)).status_code == 403
    assert (await http.get("/v1/values")).status_code == 401


HEADER = "indicator_id;period;period_start;value;source;source_date"
LINES = "\n".join(
    [
        HEADER,
        *(
            f"digitale-instrumente;year;{year}-01-01;{year - 2010};Liste;2026-01-15"
            for year in (2023, 2024, 2025)
        ),
    ]
)


async def test_an_import_tells_which_values_are_so_far_as_the_database_does(ask: Ask) -> None:
    early = LINES.replace("15;Liste;2026-01-15", "15;Liste;2025-12-19")
    options = {"content": early.encode(), "headers": {"content-type": "text/csv"}}
    assert (await ask("POST", f"{IMPORT}&dry_run=true", "kpi:write", **options)).json()[
        "so_far"
    ] == 1
    assert (await ask("POST", IMPORT, "kpi:write", **options)).json()["so_far"] == 1
    listed = (await ask("GET", "/v1/values?state=pending", "kpi:write")).json()["items"]
    assert {each["period_start"]: each["so_far"] for each in listed} == {
        "2023-01-01": False, "2024-01-01": False, "2025-01-01": True,
    }  # fmt: skip


async def test_import_tells_first_what_it_would_do(ask: Ask) -> None:
    header, *lines = LINES.splitlines()
    told = "\n".join([f"{header};cause", *(f"{line};Liste ergänzt" for line in lines)])
    options = {"content": told.encode(), "headers": {"content-type": "text/csv"}}
    await approve(ask, await propose(ask))
    dry = await ask("POST", f"{IMPORT}&dry_run=true", "kpi:write", **options)
    assert dry.json() == {
        "dry_run": True, "values": 3, "corrections": 1, "unchanged": 0, "file_id": None,
        "value_ids": [], "remarks": [], "so_far": 0,
    }  # fmt: skip
    pending = "/v1/values?state=pending"
    assert (await ask("GET", pending, "kpi:write")).json()["items"] == []
    done = await ask("POST", IMPORT, "kpi:write", **options)
    assert len(done.json()["value_ids"]) == 3
    items = (await ask("GET", pending, "kpi:write")).json()["items"]
    assert [each["value"] for each in items] == [15, 14, 13]


async def test_import_names_every_wrong_line_and_takes_none(ask: Ask) -> None:
    broken = f"""{LINES}
nichts;year;2025-01-01;1;Liste;2026-01-15
digitale-instrumente;year;2025-01-01;-1;Liste;2026-01-15
digitale-instrumente;year;gestern;viel;;2026-01-15
digitale-instrumente;year"""
    options = {"content": broken.encode(), "headers": {"content-type": "text/csv"}}
    refused = await ask("POST", IMPORT, "kpi:write", **options)
    assert (refused.status_code, refused.json()["code"]) == (422, "import_refused")
    assert [(each["line"], each["field"]) for each in refused.json()["errors"]] == [
        (5, "indicator_id"),
        (6, "period_start"),
        (6, "value"),
        (7, "source"),
        (7, "period_start"),
        (7, "value"),
        (8, ""),
    ]
    assert (await ask("GET", "/v1/values", "kpi:write")).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "column", "wrong"),
    [
        ("", ["", "", ""], [(2, "missing"), (3, "missing"), (4, "missing")]),
        ("?dry_run=true", ["Amt 61", "", "Amt 61"], [(3, "missing")]),
        ("", ["Amt 61", "AL", "Amt 61"], [(3, "string_too_short")]),
        ("?author_role=Amt+61", ["", "Statistik", ""], []),
        ("", ["Amt 61", "Statistik", "Amt 61"], []),
    ],
)
async def test_a_key_says_in_whose_function_each_line_of_a_file_is(
    ask: Ask, query: str, column: list[str], wrong: list[tuple[int, str]]
) -> None:
    header, *lines = LINES.splitlines()
    told = [
        f"{header};author_role",
        *(f"{line};{role}" for line, role in zip(lines, column, strict=True)),
    ]
    options = {"content": "\n".join(told).encode(), "headers": {"content-type": "text/csv"}}
    answer = await ask("POST", f"/v1/values:import{query}", "kpi:write", **options)
    errors = answer.json().get("errors", [])
    assert {each["field"] for each in errors} <= {"author_role"}
    assert [(each["line"], each["code"]) for each in errors] == wrong
    values = (await ask("GET", "/v1/values", "kpi:write")).json()["items"]
    if wrong:
        assert (answer.status_code, values) == (422, [])
        return
    assert [each["author_role"] for each in values] == ["Amt 61", "Statistik", "Amt 61"]
    (file,) = (await ask("GET", "/v1/value-files", "kpi:write")).json()["items"]
    assert file["author_role"] == "Amt 61"
    path, note = f"/v1/value-files/{file['file_id']}:approve", {"note": "verglichen"}
    mute = await ask("POST", path, "kpi:approve", json=note)
    assert [each["code"] for each in mute.json()["errors"]] == ["missing"]
    same = await ask("POST", path, "kpi:approve", json={**note, "role": "STATISTIK"})
    assert (same.status_code, same.json()["line"]) == (409, 3)
    done = await ask("POST", path, "kpi:approve", json=NOTE)
    assert done.json()["approved"] == 3


async def test_a_file_without_the_column_of_roles_needs_one_of_a_key_where_it_says_something_new(
    ask: Ask,
) -> None:
    options = {"content": LINES.encode(), "headers": {"content-type": "text/csv"}}
    mute = await ask("POST", "/v1/values:import", "kpi:write", **options)
    assert (mute.status_code, mute.json()["code"]) == (422, "import_refused")
    assert (await ask("POST", IMPORT, "kpi:write", **options)).json()["values"] == 3
    again = await ask("POST", "/v1/values:import", "kpi:write", **options)
    assert (again.status_code, again.json()["unchanged"]) == (200, 3)


async def test_scorecard_tells_value_trend_light_and_why(http: httpx.AsyncClient, ask: Ask) -> None:
    await approve(ask, await propose(ask, period_start="2024-01-01", value=12))
    await approve(ask, await propose(ask))
    await approve(ask, await propose(ask, value=15, cause="ein Format fehlte"))
    card = (await http.get("/v1/scorecard")).json()
    assert card["mehrwerte"][0]["mehrwert"] == "vernetzen"
    line = card["mehrwerte"][4]["indicators"][0]
    assert (line["value"]["value"], line["before"]["value"], line["trend"]) == (15, 12, "rising")
    assert (line["light"], line["rule"]["de"]) == ("grey", "kein Zielpfad")
    assert [each["de"] for each in line["causes"]] == ["Ersterfassung", "ein Format fehlte"]
    before = (await http.get("/v1/scorecard?as_of=2026-01-01")).json()
    assert before["mehrwerte"][4]["indicators"][0]["value"] is None


async def test_framework_is_applied_again_and_a_broken_one_changes_nothing(
    http: httpx.AsyncClient, ask: Ask, database_url: str, tmp_path: Path
) -> None:
    assert (
        "(0 new or changed, 0 retired)"
        in (await asyncio.to_thread(apply_city, HALLE, database_url))[1]
    )
    folder = tmp_path / "kpi"
    folder.mkdir()
    text = (HALLE / "kpi/framework.yaml").read_text(encoding="utf-8")
    (folder / "framework.yaml").write_text(text.replace("direction: up", "direction: hoch", 1))
    with pytest.raises(CityError, match=r"framework.yaml:\d+: direction"):
        await asyncio.to_thread(apply_city, tmp_path, database_url)
    assert len((await http.get("/v1/indicators")).json()["items"]) == 19
    (folder / "framework.yaml").write_text(text)
    (folder / "formulas.yaml").write_bytes((HALLE / "kpi/formulas.yaml").read_bytes())
    lines = await asyncio.to_thread(apply_and_retire, tmp_path, database_url)
    assert lines[1] == "indicators: 15 (0 new or changed, 5 retired)"
    assert len((await http.get("/v1/indicators")).json()["items"]) == 15
