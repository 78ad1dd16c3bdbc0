# SPDX-License-Identifier: EUPL-1.2
"""Files of values at `/erfassen/einlesen` and at the API: tried, handed in, decided on as a whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from kpi_aggregator.storage import value_files
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import mint_key
from support.http_app import in_process
from support.indicators import indicator, libpq, write_city

PAPER = indicator(
    "paper", "none", source="manual", period="year", unit="Formate", whole=True, maximum=5000,
    title={"de": "Vernetzungsformate", "en": "Events"},
)  # fmt: skip
SURVEY = indicator(
    "survey", "none", source="survey", period="quarter", groups=["rad", "oepnv"], least_group=10
)
for each in (PAPER, SURVEY):
    del each["formula"]
HEAD = "Kennzahl;Zeitraum;Wert;Befragte;Quelle;Stand der Quelle"
FORGED = "Dieses Formular gehört nicht zu Ihrer Anmeldung"
GOOD = f"""{HEAD}\r
paper;2024;1.200;;Liste für 2024;31.1.2025\r
Vernetzungsformate;01.01.2025;1.300;;Liste für 2025;31.01.2026\r
survey;2025-Q3;58,5;1.215;Befragung;15.10.2025\r
"""
API = "/v1/values:import?author_role=Erfassung"


@dataclass
class Desk:
    """Somebody logged in with a key, at the pages."""

    http: httpx.AsyncClient
    cookie: dict[str, str]
    token: str
    key: str

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers=self.cookie)

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        data = {"form_token": self.token, **fields}
        return await self.http.post(path, data=data, headers=self.cookie)

    async def send(self, content: bytes, name: str = "werte.csv", **fields: Any) -> httpx.Response:
        data = {"form_token": self.token, "author_role": "Erfassung", **fields}
        files = {"file": (name, content, "application/vnd.ms-excel")}
        return await self.http.post(
            "/erfassen/einlesen", data=data, files=files, headers=self.cookie
        )

    async def take(self, tried: httpx.Response) -> httpx.Response:
        found = re.search(r'name="sha256" value="([0-9a-f]{64})"', tried.text)
        assert found, tried.text
        path = "/erfassen/einlesen/uebernehmen"
        return await self.post(path, sha256=found[1], author_role="Erfassung")

    async def hand_in(self, content: bytes, name: str = "werte.csv") -> str:
        taken = await self.take(await self.send(content, name))
        assert taken.status_code == 303, taken.text
        return "/erfassen/" + taken.headers["location"].partition("erfassen/")[2].partition("?")[0]

    async def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)


@dataclass
class World:
    http: httpx.AsyncClient
    url: str

    async def desk(self, *scopes: Scope) -> Desk:
        key = await mint_key(self.url, *scopes)
        came = await self.http.post("/erfassen/anmelden", data={"key": key})
        cookie = {"cookie": came.headers["set-cookie"].split(";")[0]}
        page = await self.http.get("/erfassen", headers=cookie)
        token = re.search(r'id="form_token" value="([0-9a-f]+)"', page.text)
        assert token
        return Desk(self.http, cookie, token[1], key)

    def stored(self, what: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
        with psycopg.connect(libpq(self.url)) as connection:
            asked = f"select {what} from kpi.indicator_value where {where} order by value_id"
            return connection.execute(asked).fetchall()


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [PAPER, SURVEY]), database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield World(client, database_url)


async def test_a_german_file_is_tried_taken_over_and_approved_as_a_whole(world: World) -> None:
    author = await world.desk("kpi:write")
    tried = await author.send(GOOD.encode("cp1252"), "C:\\Daten\\Werte Oktober.csv")
    assert tried.status_code == 200
    assert "Probelauf: Werte Oktober.csv" in tried.text
    assert "3 neu, 0 berichtigen einen Wert, 0 unverändert" in tried.text
    assert "1.200 Formate" in tried.text
    assert world.stored() == []
    taken = await author.take(tried)
    path = taken.headers["location"].partition("?")[0]
    assert world.stored("indicator_id, value, source, state, author_role") == [
        ("paper", 1200, "Liste für 2024", "pending", "Erfassung"),
        ("paper", 1300, "Liste für 2025", "pending", "Erfassung"),
        ("survey", 58.5, "Befragung", "pending", "Erfassung"),
    ]
    # The file was kept for one import: a second click finds it gone.
    assert (await author.take(tried)).status_code == 409
    approver = await world.desk("kpi:write", "kpi:approve")
    page = await approver.get(path.removeprefix(".."))
    assert "Alle 3 freigeben" in page.text
    done = await approver.post(
        f"{path.removeprefix('..')}/freigeben", note="geprüft", role="Leitung"
    )
    assert done.status_code == 303
    assert world.stored("state, decided_role") == [("approved", "Leitung")] * 3
    again = await author.send(GOOD.encode())
    assert "0 neu, 0 berichtigen einen Wert, 3 unverändert" in again.text
    assert "übernehmen" not in again.text
    changed = GOOD.replace("1.300", "1.310")
    refused = await author.send(changed.encode())
    assert "Grund (nur bei einer Berichtigung, dann nötig): fehlt" in refused.text
    caused = changed.replace("\r", ";\r").replace(";\r", ";Grund\r", 1)
    corrected = await author.send(caused.replace(".2026;\r", ".2026;verzählt\r").encode())
    assert "0 neu, 1 berichtigen einen Wert, 2 unverändert" in corrected.text
    assert "bisher: 1.300 Formate" in corrected.text


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "Bitte eine Datei wählen"),
        (b"x;" * 500_001, 413, "höchstens 1 MB"),
        (b"x" * 10_000_000, 413, "höchstens 1 MB"),
        (b"PK\x03\x04\x14\x00", 415, "keine CSV-Datei"),
        (b"\x89PNG\r\n\x1a\n", 415, "keine CSV-Datei"),
        (GOOD.encode("utf-16"), 415, "keine CSV-Datei"),
        (b"a\0b", 415, "keine CSV-Datei"),
        (GOOD.encode("cp1252") + b"\x81", 422, "weder UTF-8 noch Windows-1252"),
        (b"Kennzahl;Wert\npaper;1\n", 422, "Die Spalte „Zeitraum“ fehlt."),
        (f"{HEAD}\npaper;2025;1;;x;gestern\n".encode(), 422, "Stand der Quelle: „gestern“ ist kein Tag"),
        (f"{HEAD}\npaper;2025;-1;;x;1.1.2026\n".encode(), 422, "Wert: muss ≥ 0 sein"),
        (f"{HEAD}\nsurvey;2025-Q1;101;90;x;1.1.2026\n".encode(), 422, "Wert: muss ≤ 100 sein"),
        (f"{HEAD}\nsurvey;2025-Q1;50;9;x;1.1.2026\n".encode(), 422, "Personen, die befragt wurden: steht für zu wenige Personen (mindestens 10)"),
        (f"{HEAD}\nsurvey;2025-Q1;1.234;90;x;1.1.2026\n".encode(), 422, "eintausend oder eine Dezimalzahl"),
        (f"{HEAD}\npaper;2025;1;;x;1.1.2026\npaper;2025;2;;x;1.1.2026\n".encode(), 422, "derselbe Zeitraum steht schon in Zeile 2"),
        (f"{HEAD}\n<b>;2025;1;;x;1.1.2026\n".encode(), 422, "diese Kennzahl gibt es nicht"),
        (f"{HEAD}\n".encode(), 422, "keine Zeile mit Werten"),
    ],
)  # fmt: skip
async def test_a_bad_file_is_refused_in_german_and_nothing_is_kept(
    world: World, content: bytes, status: int, said: str
) -> None:
    author = await world.desk("kpi:write")
    refused = await author.send(content)
    assert (refused.status_code, refused.headers["content-type"]) == (
        status,
        "text/html; charset=utf-8",
    )
    assert said in refused.text
    assert 'name="sha256"' not in refused.text
    with psycopg.connect(libpq(world.url)) as connection:
        kept = connection.execute("select count(*) from kpi.value_file_draft").fetchone()
    assert (kept, world.stored()) == ((0,), [])


async def test_a_file_that_waits_is_of_its_login_and_ends(world: World) -> None:
    author, other = await world.desk("kpi:write"), await world.desk("kpi:write")
    tried = await author.send(GOOD.encode())
    assert (await other.take(tried)).status_code == 409
    mute = await author.post("/erfassen/einlesen/uebernehmen", sha256="0" * 64, author_role="AL")
    assert (mute.status_code, "Bitte Ihre Funktion angeben" in mute.text) == (422, True)
    newer = await author.send(GOOD.replace("58,5", "58,6").encode())
    assert (await author.take(tried)).status_code == 409
    with psycopg.connect(libpq(world.url), autocommit=True) as connection:
        connection.execute("update kpi.value_file_draft set kept_until = now() - interval '1 s'")
    gone = await author.take(newer)
    async with Database.open(world.url, schema="kpi") as database:
        await database.persist(lambda c: value_files.forget(c, utc_now()))
    with psycopg.connect(libpq(world.url)) as connection:
        assert connection.execute("select login from kpi.value_file_draft").fetchall() == []
    assert (gone.status_code, "nicht mehr vorgehalten" in gone.text) == (409, True)
    # What became wrong after the trial is refused when it is taken over.
    tried = await author.send(GOOD.encode())
    with psycopg.connect(libpq(world.url), autocommit=True) as connection:
        connection.execute(
            "update kpi.indicator set definition = jsonb_set(definition, '{maximum}', '1250')"
            " where indicator_id = 'paper'"
        )
    refused = await author.take(tried)
    assert (refused.status_code, "muss ≤ 1.250 sein" in refused.text) == (422, True)
    assert world.stored() == []


async def test_forged_forms_and_who_may_not_are_refused(world: World) -> None:
    author, approver = await world.desk("kpi:write"), await world.desk("kpi:approve")
    forged = await author.send(GOOD.encode(), form_token="0" * 64)
    assert (forged.status_code, FORGED in forged.text) == (403, True)
    plain = await author.http.post("/erfassen/einlesen", content=b"x", headers=author.cookie)
    assert plain.json()["code"] == "form_forged"
    path = "/erfassen/einlesen/uebernehmen"
    assert (await author.post(path, form_token="x")).status_code == 403
    assert "Das ist hier nicht erlaubt" in (await approver.send(GOOD.encode())).text
    for each in ("", "/vorlage"):
        assert (await approver.get(f"/erfassen/einlesen{each}")).status_code == 403
    world.http.cookies.clear()
    assert (await world.http.get("/erfassen/einlesen")).status_code == 303
    assert (await world.http.post("/erfassen/einlesen")).status_code == 401
    file = await author.hand_in(GOOD.encode())
    said = {"note": "geprüft", "role": "Leitung"}
    refused = await author.post(f"{file}/freigeben", **said)
    assert (refused.status_code, "Das ist hier nicht erlaubt" in refused.text) == (403, True)
    forged = await approver.post(f"{file}/freigeben", **said, form_token="x")
    assert FORGED in forged.text
    assert {state for (state,) in world.stored("state")} == {"pending"}


async def test_one_refused_line_stops_all_and_is_named(world: World) -> None:
    author = await world.desk("kpi:write", "kpi:approve")
    approver = await world.desk("kpi:write", "kpi:approve")
    file = await author.hand_in(GOOD.encode())
    said = {"note": "geprüft", "role": "Leitung"}
    own = await author.post(f"{file}/freigeben", **said)
    assert (own.status_code, "Zeile 2: Jemand anderes" in own.text) == (409, True)
    mute = await approver.post(f"{file}/freigeben", note="", role="Leitung")
    assert (mute.status_code, "Begründung und Ihre Funktion" in mute.text) == (422, True)
    # Meanwhile five persons fewer were told of the quarter of line 4.
    with psycopg.connect(libpq(world.url), autocommit=True) as connection:
        connection.execute(
            "insert into kpi.indicator_value (indicator_id, period, period_start, value, group_size,"
            " source, source_date, author_role, cause, indicator_version, author, proposed_at, state,"
            " decided_at) values ('survey', 'quarter', '2025-07-01', 58, 1210, 'x', '2026-01-01', 'x',"
            " 'x', 1, 'x', now(), 'approved', now())"
        )
    stopped = await approver.post(f"{file}/freigeben", **said)
    assert stopped.status_code == 409
    assert (
        "Zeile 4: Personen, die befragt wurden: unterscheidet sich um so wenige Personen"
        in stopped.text
    )
    assert {state for (state,) in world.stored("state", "author_role = 'Erfassung'")} == {"pending"}
    (last,) = world.stored("value_id", "group_size = 1215")
    rejected = await approver.post(f"{file}/{last[0]}/zurueckweisen", **said)
    assert rejected.status_code == 303
    assert (await approver.post(f"{file}/freigeben", **said)).status_code == 303
    states = [state for (state,) in world.stored("state", "author_role = 'Erfassung'")]
    assert states == ["approved", "approved", "rejected"]
    none = await approver.post(f"{file}/freigeben", **said)
    assert (none.status_code, "schon entschieden" in none.text) == (409, True)
    page = await author.get("/erfassen")
    assert "3 Werte: 0 warten, 2 freigegeben, 1 zurückgewiesen" in page.text


async def test_who_handed_a_file_in_takes_lines_or_all_back_while_they_wait(world: World) -> None:
    author, other = await world.desk("kpi:write"), await world.desk("kpi:write")
    approver = await world.desk("kpi:write", "kpi:approve")
    file = await author.hand_in(GOOD.encode())
    page = await author.get(file)
    assert "Alle 3 zurückziehen" in page.text
    assert "freigeben</button>" not in page.text
    assert "/zurueckziehen" not in (await other.get(file)).text + (await approver.get(file)).text
    own = await other.post(f"{file}/zurueckziehen", note="weg damit")
    assert (own.status_code, "Nur wer einen Wert erfasst hat" in own.text) == (409, True)
    mute = await author.post(f"{file}/zurueckziehen", note="")
    assert (mute.status_code, "Bitte eine Begründung angeben" in mute.text) == (422, True)
    (first, *_) = world.stored("value_id")
    gone = await author.post(f"{file}/{first[0]}/zurueckziehen", note="Zahlendreher")
    assert (gone.status_code, gone.headers["location"].rpartition("=")[2]) == (
        303,
        "zurueckgezogen",
    )
    approved = await approver.post(
        f"{file}/{first[0] + 1}/freigeben", note="geprüft", role="Leitung"
    )
    assert approved.status_code == 303
    assert (await author.post(f"{file}/zurueckziehen", note="falsche Datei")).status_code == 303
    assert world.stored("state, decision_note, decided_by = author, decided_role") == [
        ("rejected", "Zahlendreher", True, "Erfassung"),
        ("approved", "geprüft", False, "Leitung"),
        ("rejected", "falsche Datei", True, "Erfassung"),
    ]
    shown = (await author.get(file)).text
    assert ("zurückgezogen: Erfassung" in shown, "/zurueckziehen" in shown) == (True, False)
    again = await author.post(f"{file}/zurueckziehen", note="noch einmal")
    assert (again.status_code, "schon entschieden" in again.text) == (409, True)


async def test_remarks_are_passed_over_and_the_trial_says_so(world: World) -> None:
    author = await world.desk("kpi:write")
    noted = GOOD.replace("\r\n", ";vorläufig gezählt\r\n").replace(
        "Stand der Quelle;vorläufig gezählt", "Stand der Quelle;Bemerkung"
    )
    tried = await author.send(noted.encode())
    assert (tried.status_code, "3 neu, 0 berichtigen" in tried.text) == (200, True)
    assert "Nicht übernommen werden Bemerkungen (Spalte Bemerkung)" in tried.text
    assert "vorläufig gezählt" not in tried.text
    silent = await author.send(noted.replace("vorläufig gezählt", "").encode())
    assert "Bemerkungen" not in silent.text
    options: dict[str, Any] = {"content": noted.encode(), "headers": {"content-type": "text/csv"}}
    done = (await author.api("POST", f"{API}&dry_run=true", **options)).json()
    assert (done["values"], done["remarks"]) == (3, ["bemerkung"])


async def test_the_template_has_the_open_periods_and_can_be_sent_as_it_is(world: World) -> None:
    author = await world.desk("kpi:write")
    await author.hand_in(f"{HEAD}\npaper;2020;1;;Liste;1.1.2021\n".encode())
    template = await author.get("/erfassen/einlesen/vorlage")
    assert template.headers["content-disposition"].startswith("attachment;")
    head, *lines = template.content.decode("utf-8-sig").splitlines()
    assert head.startswith("Kennzahl;Bezeichnung;Einheit;Zeitraum;Wert;")
    papers = [line for line in lines if line.startswith("paper;Vernetzungsformate;Formate;")]
    assert papers[0] == "paper;Vernetzungsformate;Formate;2021;;;;;;;;"
    assert ";2020;" not in "".join(papers)
    (survey,) = [line for line in lines if line.startswith("survey;")]
    assert re.match(r"survey;survey;%;\d{4}-Q[1-4];;rad=\|oepnv=;;;;;;$", survey)
    tried = await author.send(template.content)
    assert (tried.status_code, f"{len(lines)} nicht ausgefüllt" in tried.text) == (200, True)
    filled = template.text.replace("2021;;;;;;;;", "2021;7;;;;Liste;31.12.2021;;")
    assert "1 neu, 0 berichtigen" in (await author.send(filled.encode())).text
    english = (await author.get("/erfassen/einlesen/vorlage?lang=en")).content
    assert english.decode("utf-8-sig").startswith("indicator_id,title,unit,period_start,value,")
    assert (await author.send(english)).status_code == 200


async def test_the_api_takes_the_same_files_and_decides_on_them(world: World) -> None:
    author, approver = await world.desk("kpi:write"), await world.desk("kpi:write", "kpi:approve")
    options: dict[str, Any] = {
        "content": GOOD.encode("cp1252"), "headers": {"content-type": "text/csv"},
    }  # fmt: skip
    path = f"{API}&file_name=werte.csv"
    done = (await author.api("POST", path, **options)).json()
    assert (done["values"], done["unchanged"], len(done["value_ids"])) == (3, 0, 3)
    again = (await author.api("POST", path, **options)).json()
    assert (again["values"], again["unchanged"], again["file_id"]) == (0, 3, None)
    (listed,) = (await author.api("GET", "/v1/value-files?waiting=true")).json()["items"]
    assert (listed["file_id"], listed["name"], listed["lines"], listed["pending"]) == (
        done["file_id"], "werte.csv", 3, 3,
    )  # fmt: skip
    values = (await author.api("GET", "/v1/values")).json()["items"]
    assert [(each["file_id"], each["file_line"]) for each in values] == [
        (done["file_id"], line) for line in (4, 3, 2)
    ]
    note = {"note": "geprüft", "role": "Leitung"}
    way = f"/v1/value-files/{done['file_id']}"
    assert (await author.api("POST", f"{way}:approve", json=note)).status_code == 403
    same = await approver.api("POST", f"{way}:approve", json={**note, "role": "erfassung"})
    assert (same.status_code, same.json()["line"]) == (409, 2)
    decided = (await approver.api("POST", f"{way}:approve", json=note)).json()
    assert (decided["approved"], decided["pending"]) == (3, 0)
    assert (await approver.api("POST", f"{way}:reject", json=note)).status_code == 409
    assert (await approver.api("POST", "/v1/value-files/99:reject", json=note)).status_code == 404
    assert (await author.api("GET", "/v1/value-files?waiting=true")).json()["items"] == []


async def test_a_browser_is_refused_in_words_and_a_program_by_a_problem_document(
    world: World,
) -> None:
    author = await world.desk("kpi:write")
    browser = {"accept": "text/html,*/*;q=0.8"}
    for path, status, said in (
        ("/gibt-es-nicht", 404, "Diese Seite gibt es nicht"),
        ("/kennzahl/UNGÜLTIG", 404, "Vielleicht ist der Link unvollständig"),
        ("/erfassen/datei/99", 404, "Diese Seite gibt es nicht"),
        ("/erfassen/daten", 403, FORGED),
    ):
        page = await world.http.get(path, headers=author.cookie | browser)
        assert (page.status_code, said in page.text) == (status, True), path
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        program = await world.http.get(path, headers=author.cookie)
        assert program.headers["content-type"] == "application/problem+json"
        assert program.status_code == (422 if "UNGÜLTIG" in path else status)
    english = await world.http.get("/gibt-es-nicht?lang=en", headers=browser)
    assert "There is no such page" in english.text
    api = await world.http.get("/v1/indicators/nichts", headers=browser)
    assert api.json()["code"] == "not_found"
