# SPDX-License-Identifier: EUPL-1.2
"""Steckbriefe over HTTP: pages, PDFs and feeds of what is public, and nothing else."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import feedparser
import httpx
import psycopg
import pypdf
import pytest

from support.asking import Ask
from support.effects import enter_values
from support.ideas import ANY, WHY, registry, submit

MEASURE = "/v1/measures/integrierte-mobilitaet"
SECRET = "Vergabe noch nicht entschieden"


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with registry(database_url, public_url="https://stadt.example/ideen") as (client, _):
        yield client


def text(answer: httpx.Response) -> str:
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    return "\n".join(page.extract_text() for page in pages)


async def say(ask: Ask, **fields: Any) -> None:
    """Let a measure say something else."""
    now = await ask("GET", MEASURE, "registry:read")
    own = {
        name: value
        for name, value in now.json().items()
        if name not in {"version", "changed_at", "subprojects", "ideas"}
    }
    body = {"measure": {**own, **fields}, **WHY}
    headers = {"if-match": now.headers["etag"]}
    answer = await ask("PUT", MEASURE, "registry:write", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_an_idea_has_a_pdf_while_it_is_public_the_same_for_the_same_version(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/idee/{idea_id}.pdf"
    hidden = await http.get(path)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    await ask("POST", f"/v1/ideas/{idea_id}:publish", "registry:write", headers=ANY, json=WHY)
    first, again = await asyncio.gather(http.get(path), http.get(path))
    assert first.headers["content-type"] == "application/pdf"
    assert first.content == again.content
    assert "stadt.example/ideen/idee/idea-0001" in text(first).replace("\xad", "-")
    kept = await http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert kept.status_code == 304
    english = await http.get(f"{path}?lang=en")
    assert english.headers["content-language"] == "en"
    await ask("PATCH", f"/v1/ideas/{idea_id}", "registry:write",
              json={"title": "Ein anderer Titel", **WHY}, headers={"if-match": "*"})  # fmt: skip
    changed = await http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "Ein anderer Titel" in text(changed)
    await ask("POST", f"/v1/ideas/{idea_id}:withdraw", "registry:write", headers=ANY, json=WHY)
    gone = await http.get(path, headers={"if-none-match": changed.headers["etag"]})
    assert gone.status_code == 404
    assert (await http.get("/idee/idea-9999.pdf")).status_code == 404
    assert (await http.get("/massnahme/nichts.pdf")).status_code == 404


async def test_a_risk_of_the_citys_own_is_told_to_staff_alone(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    open_risk = {"risk": "Lieferzeiten", "response": "früh bestellen"}
    own_risk = {"risk": SECRET, "response": "abwarten", "public": False}
    await say(ask, risks=[open_risk, own_risk], reifegrad="verstetigung")
    assert SECRET in (await ask("GET", MEASURE, "registry:read")).text
    page = await http.get("/massnahme/integrierte-mobilitaet")
    answers = [page, await http.get(MEASURE), await http.get("/v1/measures"),
               await http.get("/v1/measures/smart-field/subprojects"),
               await http.get("/feed.atom"), await http.get("/feed.json")]  # fmt: skip
    printed = await http.get("/massnahme/integrierte-mobilitaet.pdf")
    assert [SECRET in each.text for each in answers] == [False] * len(answers)
    assert SECRET not in text(printed)
    assert "Lieferzeiten" in text(printed)
    for said in ("Lieferzeiten", "Reifegrad (Umsetzung → Verstetigung)", "Stufe 5 von 5",
                 "Smart-City-Beirat (berät fachlich; Mitglied benennt die Stadt)",
                 "erreicht am 01.07.2023", "fällig am 30.06.2027", "modal-split"):  # fmt: skip
        assert said in page.text, said
    assert WHY["reason"] not in page.text
    assert "Priorität" not in page.text


async def test_the_page_of_a_measure_tells_before_and_after_with_a_warning(
    http: httpx.AsyncClient, database_url: str
) -> None:
    values = (
        ("year", "2022-01-01", 60.0),
        ("year", "2023-01-01", 99.0),
        ("year", "2024-01-01", 62.5),
    )
    await asyncio.to_thread(enter_values, database_url, *values)
    page = (await http.get("/massnahme/integrierte-mobilitaet")).text
    for said in ("Ein ursächlicher Zusammenhang mit der Maßnahme ist damit nicht belegt",
                 "Im Mittel vorher 60, nachher 62,5 %: +2,5 (+4 %).", "Wirksam seit 01.07.2023",
                 "Modal Split: 1 Werte vor und 1 Werte nach dem 01.07.2023", "<svg", "90 %",
                 "Keine Werte: Wird eine Kennzahl von Hand erfasst, trägt die zuständige Stelle der Stadt sie bei den Kennzahlen ein"):  # fmt: skip
        assert said in page, said
    english = (await http.get("/massnahme/integrierte-mobilitaet?lang=en")).text
    assert "On average 60 before, 62.5 after (%)" in english
    without = (await http.get("/teilprojekt/dr-data")).text
    assert "vorher und nachher" in without or "ursächlich" not in without


SURVEYED = {"value": 55, "at": "2022-12-31", "source": "Mobilität in Städten 2022"}
EXAMPLE = {"value": 55, "at": "2022-12-31", "demo": True}
AFTER = ("year", "2024-01-01", 62.5)
BEFORE = ("year", "2022-01-01", 60.0)
EARLIER = """
create view kpi.v1_indicator as
select indicator_id, definition #>> '{title,de}' as title_de, definition #>> '{title,en}' as title_en,
       definition ->> 'unit' as unit from kpi.indicator;
grant select on kpi.v1_indicator to public
"""
BEGAN = "Vorher ist hier der Ausgangswert, den der Kennzahlenrahmen nennt: 55 % am 31.12.2022."


@pytest.mark.parametrize(
    ("values", "baseline", "said", "unsaid"),
    [
        ([AFTER], SURVEYED, (BEGAN, "Quelle: Mobilität in Städten 2022.",
            "Ausgangswert 55, nachher im Mittel 62,5 %: +7,5 (+14 %).", "Ausgangswert 55 %; 1 Werte nach", "31.12.2022</text>"),
            ("Beispiel", "nicht dieselben Monate")),
        ([AFTER], EXAMPLE, (BEGAN, "ist ein erfundenes Beispiel und keine Angabe der Stadt"), ("Quelle: Mobilität",)),
        ([], SURVEYED, (BEGAN, "Es fehlt ein Wert aus der Zeit danach."), ("nachher im Mittel",)),
        ([AFTER], {**SURVEYED, "at": "2024-12-31"}, ("(55 % am 31.12.2024), ist jünger als die Maßnahme",
            "Es fehlt ein Wert aus der Zeit davor."), (BEGAN, "nachher im Mittel")),
        ([BEFORE, AFTER], SURVEYED, ("das Mittel der Werte aus der Zeit davor (Anzahl: 1)", "Im Mittel vorher 60"),
            ("Ausgangswert",)),
    ],
)  # fmt: skip
async def test_without_measured_values_before_the_frameworks_baseline_stands_for_them_and_is_told_as_such(
    http: httpx.AsyncClient,
    database_url: str,
    values: list[tuple[str, str, float]],
    baseline: dict[str, Any],
    said: tuple[str, ...],
    unsaid: tuple[str, ...],
) -> None:
    await asyncio.to_thread(partial(enter_values, database_url, *values, baseline=baseline))
    page = (await http.get("/massnahme/integrierte-mobilitaet")).text
    assert [each for each in said if each not in page] == []
    assert [each for each in unsaid if each in page] == []
    items = (await http.get("/v1/measures/integrierte-mobilitaet/effect")).json()["items"]
    (split,) = [each for each in items if each["indicator_id"] == "modal-split"]
    assert split["baseline"]["value"] == 55
    assert (split["before_is"] == "baseline") == (BEGAN in said)


async def test_values_of_a_former_version_are_not_compared_and_the_page_says_so(
    http: httpx.AsyncClient, database_url: str
) -> None:
    await asyncio.to_thread(partial(enter_values, database_url, BEFORE, AFTER, version=2))
    items = (await http.get("/v1/measures/integrierte-mobilitaet/effect")).json()["items"]
    (split,) = [each for each in items if each["indicator_id"] == "modal-split"]
    told = (split["difference"], split["left_out"], split["unit"], split["reason"])
    assert told == (None, 2, None, "no_values")
    page = (await http.get("/massnahme/integrierte-mobilitaet")).text
    assert "weil Einheit oder Methode andere waren (Anzahl: 2)." in page


async def test_a_kpi_aggregator_without_baselines_is_no_error(
    http: httpx.AsyncClient, database_url: str
) -> None:
    await asyncio.to_thread(partial(enter_values, database_url, AFTER, baseline=SURVEYED))
    url = database_url.replace("postgresql+psycopg", "postgresql")
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("set role kpi")
        await connection.execute("drop view kpi.v1_indicator")
        await connection.execute(EARLIER)
    items = (await http.get("/v1/measures/integrierte-mobilitaet/effect")).json()["items"]
    (split,) = [each for each in items if each["indicator_id"] == "modal-split"]
    assert (split["title"]["de"], split["baseline"], split["reason"]) == ("Modal Split", None, "nothing_before")  # fmt: skip


async def test_feeds_are_read_by_a_feed_reader_and_hold_ideas_and_measures(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    nasty = "Bänke & <Licht> am Fluss ]]>"
    one = (await submit(http, title=nasty))["idea_id"]
    await say(ask, summary={"de": "Mit einem Zeichen, das XML \ufffe nicht kennt", "en": "x"})
    await submit(http, title="Noch geheim, nicht öffentlich")
    await ask("POST", f"/v1/ideas/{one}:publish", "registry:write", headers=ANY, json=WHY)
    atom = await http.get("/feed.atom")
    read = feedparser.parse(atom.content)
    assert not read.bozo, read.get("bozo_exception")
    assert (read.version, read.feed.language) == ("atom10", "de")
    assert read.feed.id == "https://stadt.example/ideen/feed.atom"
    assert all(
        each.get(name) for each in read.entries for name in ("id", "title", "updated", "summary")
    )
    ids = [each.id for each in read.entries]
    assert len(ids) == len(set(ids)) == 1 + 3 + 21
    assert ids[0] == f"https://stadt.example/ideen/idee/{one}"
    assert read.entries[0].title == nasty
    assert read.entries[0].links[1].href == f"https://stadt.example/ideen/idee/{one}.pdf"
    updated = [each.updated_parsed for each in read.entries]
    assert updated == sorted(updated, reverse=True)
    feed = (await http.get("/feed.json")).json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [each["id"] for each in feed["items"]] == ids
    assert all(each["content_text"] and each["date_published"] for each in feed["items"])
    assert "Noch geheim" not in atom.text + str(feed)
    etag = {"if-none-match": atom.headers["etag"]}
    assert (await http.get("/feed.atom", headers=etag)).status_code == 304
