# SPDX-License-Identifier: EUPL-1.2
"""What pages are made of: live states, charts, facts; and the stand-ins of the browser tests."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from open_data_publisher.app import create_app
from open_data_publisher.domain.policy import Policy, StatePolicy
from open_data_publisher.domain.publication import SiteDetails
from open_data_publisher.portal.charts import LARGE, SMALL, Frame, Point, chart
from open_data_publisher.portal.facts import facts_of, opening_in_words
from open_data_publisher.portal.now import live_view
from open_data_publisher.portal.words import words_in
from stadttakt_messages.states import LotState
from support import portal as stand_in
from support.http_app import in_process
from support.open_data import lot, lots_dataset, truth, vehicle
from support.portal import lots, tell, utc

BEGIN = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
"""The night in which clocks are set forward."""
OPENAPI = Path(__file__).parents[3] / "schemas" / "openapi"


def test_what_is_over_is_unknown_in_what_pages_are_told() -> None:
    told = {each["id"]: each for each in live_view(truth())["lots"]}
    assert (told["alt"]["state"], told["alt"]["free"]) == ("unknown", None)
    assert (told["zoo"]["state"], told["zoo"]["closed_by"]) == ("closed", "hours")
    assert told["markt"]["until"] == "2026-11-26T12:10:00Z"


async def test_a_vehicle_is_told_by_its_level_and_stop_only() -> None:
    app = create_app()
    tell(app, vehicle(load=31, load_min=28, load_max=33, percentage=20.5,
                      valid_until=utc() + timedelta(minutes=1)))  # fmt: skip
    async with in_process(app) as client:
        (told,) = (await client.get("/portal/live.json")).json()["vehicles"]
    assert set(told) == {"id", "line", "direction", "stop", "level", "until", "simulated"}


async def test_live_states_are_made_anew_only_when_they_change() -> None:
    app = create_app()
    tell(app, *lots())
    async with in_process(app) as client:
        first = await client.get("/portal/live.json")
        again = await client.get(
            "/portal/live.json", headers={"if-none-match": first.headers["etag"]}
        )
        assert again.status_code == 304
        tell(app, lot("markt", state="full", free=0, valid_until=utc() + timedelta(minutes=1)))
        changed = await client.get(
            "/portal/live.json", headers={"if-none-match": first.headers["etag"]}
        )
    assert changed.status_code == 200
    assert {each["state"] for each in changed.json()["lots"] if each["id"] == "markt"} == {"full"}


async def test_lights_of_indicators_say_what_the_kpi_aggregator_says() -> None:
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        german = (await client.get("/kennzahlen")).text
        english = (await client.get("/kennzahlen?lang=en")).text
    lines = stand_in.scorecard()["mehrwerte"][0]["indicators"]
    assert lines
    for line in lines:
        assert f"</svg>{line['light_words']['de']}</span>" in german
        assert f"</svg>{line['light_words']['en']}</span>" in english


async def test_the_value_of_a_period_that_goes_on_stands_beside_the_rated_one() -> None:
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        german = (await client.get("/kennzahlen")).text.split('<li class="card indicator">')[1:]
        english = (await client.get("/kennzahlen?lang=en")).text
    (shown,) = [card for card in german if "läuft noch, bisher" in card]
    said = "Monat 11/2026 läuft noch, bisher 58,5 % (nicht bewertet, simuliert)"
    assert said in shown
    assert "61,2</strong>" in shown
    assert "month 11/2026 goes on, so far 58.5 % (not rated, simulated)" in english


async def test_a_value_so_far_of_a_period_that_is_over_is_not_said_to_go_on() -> None:
    told = stand_in.scorecard()["mehrwerte"]
    line = next(each for each in told[0]["indicators"] if each["running"])
    so_far = {"unconfirmed": True, "simulated": False}
    line["running"] = {**line["running"], **so_far}
    line["value"] = {**line["value"], **so_far}
    async with stand_in.portal() as (_, app, others), in_process(app) as client:
        others.changed["/v1/scorecard"] = {"mehrwerte": told}
        page = (await client.get("/kennzahlen")).text
    assert "Monat 11/2026: Zwischenstand 58,5 %, nicht bestätigt (nicht bewertet)" in page
    assert "Monat 10/2026, aus 60 % der Daten, Zwischenstand, nicht bestätigt" in page
    assert "Monat 11/2026 läuft noch" not in page


async def test_a_day_before_the_first_framework_says_so() -> None:
    async with stand_in.portal() as (_, app, others), in_process(app) as client:
        now = (await client.get("/kennzahlen")).text
        others.changed["/v1/scorecard"] = {
            "framework_in_force": False,
            "framework_applied_at": "2026-01-31T23:30:00Z",
        }
        then = (await client.get("/kennzahlen?stand=2025-03-01")).text
    assert "noch kein KPI-Rahmenplan in Kraft" not in now
    assert "noch kein KPI-Rahmenplan in Kraft" in then
    assert "nach Fassung 1, die seit 01.02.2026 gilt" in then


async def test_made_up_targets_are_called_so_and_indicators_lead_to_their_own_pages() -> None:
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        text = (await client.get("/kennzahlen")).text
    cards = text.split('<li class="card indicator">')[1:]
    marked = [card for card in cards if "Beispielwert, kein Ziel der Stadt" in card]
    assert len(marked) == 1
    assert 'href="https://stadt.example/kpi/kennzahl/x"' in marked[0]
    assert "(Ergänzung)" in marked[0]
    assert "vorläufig" in marked[0]
    assert 'href="https://stadt.example/kpi/berichte">Berichte an die Gremien' in text


async def test_where_free_places_are_not_public_none_are_shown_of_the_past_or_expected() -> None:
    fields = frozenset(LotState.model_fields) - {"free", "free_min", "free_max"}
    terms = lots_dataset().terms
    closed = Policy({"lot": StatePolicy("lot", fields, terms)})
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        before = (await client.get("/parken/markt")).text
        app.state.publication = replace(app.state.publication, policy=closed)
        after = (await client.get("/parken/markt")).text
    assert "past-day" in before
    assert "<svg" in before.partition('id="outlook"')[2]
    assert "past-day" not in after
    assert "veröffentlicht keine freien Plätze" in after


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "de",
            (
                "Mobilität, neues-feld",
                "Umsetzung",
                "läuft",
                "Sensoren für alle",
                "(Pilot, geplant)",
            ),
        ),
        ("en", ("Mobility, neues-feld", "Implementation", "under way", "(Pilot, planned)")),
    ],
)
async def test_measures_are_told_in_words_not_in_keys(language: str, said: tuple[str, ...]) -> None:
    async with stand_in.portal() as (_, app, others), in_process(app) as client:
        page = (await client.get(f"/massnahmen?lang={language}")).text
        main = page.partition("<main")[2]
        assert [each for each in said if each not in main] == []
        assert [each for each in ("umsetzung", "laufend", "mobilitaet") if each in main] == []
        bare = main.partition("Ohne Angaben" if language == "de" else "Nothing given")[2]
        assert bare.startswith("</li>"), "what is not given is not said"
    async with stand_in.portal() as (_, app, others), in_process(app) as client:
        # Names are less than what they name.
        others.away.add("/v1/vocabulary")
        assert "mobilitaet" in (await client.get("/massnahmen")).text


@pytest.mark.parametrize("name", ["stand", "as_of"])
async def test_a_day_of_the_past_is_asked_for_by_either_name_and_a_wrong_one_is_refused(
    name: str,
) -> None:
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        then = await client.get("/kennzahlen", params={name: "2026-01-31"})
        wrong = await client.get("/kennzahlen", params={name: "foo"})
    assert (then.status_code, 'value="2026-01-31"' in then.text) == (200, True)
    assert wrong.status_code == 422
    assert words_in("de")("kpi.bad_date") in wrong.text


async def test_indicators_of_simulated_data_stand_under_the_banner() -> None:
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        page = (await client.get("/kennzahlen")).text
    banner = page.partition('id="simulated"')[2].partition(">")[0]
    assert "hidden" not in banner


async def test_bays_that_belong_to_persons_are_on_no_page() -> None:
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        page = (await client.get("/parken/markt")).text
        everything = (await client.get("/portal/live.json")).text
    assert "Behindertenstellplatz" in page
    for word in ("resident", "disabled_assigned", "Bewohner", "weitere"):
        assert word not in page
        assert word not in everything


def test_gaps_interrupt_a_chart() -> None:
    at = [BEGIN + timedelta(hours=hours) for hours in range(5)]
    values = (3.0, 4.0, None, 5.0, 6.0)
    points = [Point(a, v, v, v) for a, v in zip(at, values, strict=True)]
    (line,) = chart({"": points}, "UTC", limit=40).lines
    assert line.path.count("M") == 2
    assert line.band.count("Z") == 2
    assert line.dots == ()
    alone = [Point(at[0], 1.0), Point(at[1], None), Point(at[2], 2.0)]
    assert len(chart({"": alone}, "UTC").lines[0].dots) == 2


@pytest.mark.parametrize("frame", [SMALL, LARGE])
@pytest.mark.parametrize(
    "values", [(0, 0), (0, 1), (0, 3.5), (0, 1234), (-5, 2), (-7, -3), (0, 0.003)]
)
@pytest.mark.parametrize("hours", [0, 2, 24, 168, 720, 4_000, 17_000, 90_000])
def test_marks_of_a_chart_are_round_few_and_inside(
    frame: Frame, values: tuple[float, float], hours: int
) -> None:
    points = [Point(BEGIN, values[0]), Point(BEGIN + timedelta(hours=hours), values[1])]
    drawn = chart({"": points}, "Europe/Berlin", frame=frame)
    marked, places = zip(*drawn.up, strict=True)
    assert 2 <= len(marked) <= 7
    assert marked[0] <= min(values)
    assert marked[-1] >= max(values)
    assert 0 in marked
    assert list(places) == sorted(places, reverse=True)
    assert all(frame.top - 1 <= place <= frame.height - frame.bottom + 1 for place in places)
    assert len(drawn.across) <= 10
    assert all(frame.left <= tick.place <= frame.width - frame.right for tick in drawn.across)


def test_marks_of_what_is_counted_are_whole() -> None:
    points = [Point(BEGIN, 0.0), Point(BEGIN + timedelta(hours=1), 2.0)]
    assert [value for value, _ in chart({"": points}, "UTC", whole=True).up] == [0, 1, 2]


def test_a_long_name_of_a_line_is_cut() -> None:
    (long,) = chart({"x" * 50: [Point(BEGIN, 1.0)]}, "UTC").lines
    assert (len(long.name), long.name[-1]) == (28, "…")


def test_marks_stay_round_when_clocks_are_set() -> None:
    points = [Point(BEGIN - timedelta(hours=3), 1.0), Point(BEGIN + timedelta(hours=21), 1.0)]
    labels = [tick.label for tick in chart({"": points}, "Europe/Berlin").across]
    assert labels == ["00:00", "06:00", "12:00", "18:00"]


async def test_a_lots_page_is_made_once_while_nothing_of_it_changes() -> None:
    async with stand_in.portal() as (_, app, _), in_process(app) as client:
        made = app.state.portal.made
        first = await client.get("/parken/markt")
        assert (await client.get("/parken/markt")).headers["etag"] == first.headers["etag"]
        assert app.state.portal.made - made == 1
        tell(app, *(each for each in lots() if each.lot_id == "zoo"))
        await client.get("/parken/markt")
        assert app.state.portal.made - made == 1
        now = utc()
        full = lot("markt", state="full", free=0, free_min=0, free_max=0, computed_at=now,
                   valid_until=now + timedelta(minutes=5))  # fmt: skip
        tell(app, full)
        changed = await client.get("/parken/markt")
        assert app.state.portal.made - made == 2
    assert "besetzt" in changed.text


def test_facts_are_told_in_words_and_what_is_not_known_is_left_out() -> None:
    words = words_in("de")
    site = SiteDetails(has_fee=False, is_park_and_ride=True)
    facts = dict(facts_of(lot(opening="Mo-Sa 05:00-23:00; Su,PH off"), site, words, "de"))
    assert facts["Öffnungszeiten"] == "Mo-Sa 05:00-23:00; So,Feiertage geschlossen"
    assert (facts["Gebühr"], facts["Park and Ride"]) == ("gebührenfrei", "✓")
    assert "Anschrift" not in facts
    assert opening_in_words("24/7", words_in("en"), "en") == "around the clock"


@pytest.mark.parametrize(
    ("service", "model", "body"),
    [
        ("parking-occupancy", "Forecast", stand_in.forecast()),
        ("parking-occupancy", "History", stand_in.history()),
        ("vehicle-occupancy", "StopPage", stand_in.stops()),
        ("vehicle-occupancy", "LineList", stand_in.lines()),
        ("vehicle-occupancy", "LevelsView", stand_in.levels()),
        ("kpi-aggregator", "ScorecardView", stand_in.scorecard()),
        ("measure-registry", "VocabularyView", stand_in.vocabulary()),
    ],
)
def test_stand_ins_answer_as_the_services_document(service: str, model: str, body: Any) -> None:
    document = json.loads((OPENAPI / f"{service}.json").read_text(encoding="utf-8"))
    schema = {"$ref": f"#/components/schemas/{model}", "components": document["components"]}
    jsonschema.validate(body, schema)
    required = document["components"]["schemas"][model]["required"]
    assert set(required) <= set(body)
