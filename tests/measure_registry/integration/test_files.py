# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import csv
import io

import httpx
import pytest

from support.asking import Ask
from support.ideas import ANY, PERSON, WHY, submit

HEADER = "external_id,call_id,submitted_on,title,summary,handlungsfeld,mehrwerte,place_name,lat,lon"
LINES = (
    "77,aufruf-2022,2022-11-20,Karrierebus,Besuch in Betrieben,bildung,vernetzen|clever,Neustadt,51.481,11.919",
    '78,aufruf-2022,2023-01-02,"Titel, mit Komma",Eine Zusammenfassung der Idee,mobilitaet,,,,',
)
KIND = {"content-type": "text/csv"}


async def send(ask: Ask, *lines: str, header: str = HEADER, query: str = "") -> httpx.Response:
    content = "\n".join((header, *lines)).encode()
    path = f"/v1/ideas:import{query}"
    return await ask("POST", path, "registry:write", content=content, headers=KIND)


async def test_ideas_of_a_past_call_are_imported_once(ask: Ask) -> None:
    tried = await send(ask, *LINES, query="?dry_run=true")
    assert tried.json() == {"dry_run": True, "ideas": 2, "known": 0, "idea_ids": []}
    assert (await ask("GET", "/v1/ideas", "registry:read")).json()["items"] == []
    done = await send(ask, *LINES)
    assert (done.status_code, len(done.json()["idea_ids"])) == (200, 2)
    newest, oldest = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    assert (oldest["title"], oldest["submitted_at"], oldest["mehrwerte"], oldest["channel"]) == (
        "Karrierebus",
        "2022-11-20T00:00:00Z",
        ["vernetzen", "clever"],
        "import",
    )
    assert (newest["title"], newest["call_id"]) == ("Titel, mit Komma", "aufruf-2022")
    again = await send(ask, *LINES)
    assert (again.json()["ideas"], again.json()["known"]) == (0, 2)


async def test_every_wrong_line_is_named_and_nothing_is_imported(ask: Ask) -> None:
    wrong = (
        LINES[0],
        "1,aufruf-1999,2022-11-20,Idee eins,Eine Zusammenfassung,bildung,,,,",
        "2,aufruf-2022,gestern,Idee zwei,Eine Zusammenfassung,sport,,,,",
        "3,aufruf-2022,2022-11-20,Oh,kurz,bildung,,,91,11",
        "77,aufruf-2022,2022-11-20,Noch einmal,Eine Zusammenfassung,bildung,,,,",
        "4,zu,wenige",
    )
    answer = await send(ask, *wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused")
    told = [(each["line"], each["field"]) for each in answer.json()["errors"]]
    assert told == [
        (3, "call_id"), (4, "handlungsfeld"), (4, "submitted_on"), (5, "title"), (5, "summary"),
        (5, "place.lat"), (6, "external_id"), (7, ""),
    ]  # fmt: skip
    assert (await ask("GET", "/v1/ideas", "registry:read")).json()["items"] == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "missing"),
        (b"title,summary,handlungsfeld\n", "empty"),
        (b"title,summary,handlungsfeld,name\n", "unknown_column"),
        (b"title,summary,handlungsfeld\n\x81", "invalid_encoding"),
        (b'title,summary,handlungsfeld\n"a,b', "invalid_csv"),
    ],
)
async def test_a_file_that_is_none_is_refused(ask: Ask, content: bytes, code: str) -> None:
    answer = await ask("POST", "/v1/ideas:import", "registry:write", content=content, headers=KIND)
    assert answer.status_code == 422
    assert code in [each["code"] for each in answer.json()["errors"]]


async def test_import_asks_for_an_editor_and_for_csv(http: httpx.AsyncClient, ask: Ask) -> None:
    assert (await http.post("/v1/ideas:import", content=b"x", headers=KIND)).status_code == 401
    rater = await ask("POST", "/v1/ideas:import", "registry:rate", content=b"x", headers=KIND)
    assert rater.status_code == 403
    json = await ask("POST", "/v1/ideas:import", "registry:write", json={})
    assert json.status_code == 415


async def test_exports_tell_what_the_caller_may_see_and_nobodys_name(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    first = await submit(http, contact=PERSON, title='=HYPERLINK("http://x")')
    await submit(http, contact=PERSON, title="Noch nicht öffentlich")
    path = f"/v1/ideas/{first['idea_id']}:publish"
    await ask("POST", path, "registry:write", headers=ANY, json=WHY)
    public = await http.get("/v1/export.csv")
    rows = list(csv.DictReader(io.StringIO(public.text)))
    assert [each["title"] for each in rows] == ['\'=HYPERLINK("http://x")']
    assert rows[0]["mehrwerte"] == "erreichbarkeit|clever"
    everything = await ask("GET", "/v1/export.csv", "registry:read")
    assert len(list(csv.DictReader(io.StringIO(everything.text)))) == 2
    as_json = await ask("GET", "/v1/export.json", "registry:read")
    assert [each["public"] for each in as_json.json()] == [False, True]
    for text in (everything.text, as_json.text, public.text):
        assert not [each for each in PERSON.values() if each in text]
        assert "pseudonym" not in text


async def test_an_export_of_nothing_is_an_empty_list(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/export.json")).json() == []
    assert len((await http.get("/v1/export.csv")).text.splitlines()) == 1
