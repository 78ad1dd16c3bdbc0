# SPDX-License-Identifier: EUPL-1.2
"""Halle's framework on the views that the services really have, its values counted by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
import pytest_asyncio

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.city.folder import read_folder
from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.framework import Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.storage import computed
from kpi_aggregator.storage.computed import ComputedValue
from open_data_publisher.feeds.catalogue import FEEDS
from parking_occupancy.city.apply import apply_city as apply_parking
from stadttakt_runtime.database import Database
from support.indicators import ZONE, fill_lot, libpq

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
BERLIN = ZoneInfo(ZONE)
OCTOBER, FOURTH_QUARTER, YEAR = date(2026, 10, 1), date(2026, 10, 1), date(2026, 1, 1)
KEPT_YEAR = date(2025, 1, 1)
# Each day 300 of 1,000 place kilometres on one line, 60 of them in too full trams; 100 on another.
LINES = """
insert into transit.line_comfort (day, line, direction, passenger_km, above_km, excess_km, sections,
                                  counted, simulated, place_km)
select day, line, 0, passengers, above, 0, sections, counted, false, 1000
  from generate_series('2026-10-01'::date, '2026-10-31', '1 day') as day,
       (values ('1', 300, 60, 100, 90), ('2', 100, 0, 50, 50))
         as rows (line, passengers, above, sections, counted)
"""
# Two weeks before: full for 0.3 of the time; after them 0.1, and 0.2 of days known to four fifths.
FULL = """
insert into parking.stay_day (lot_id, day, arrivals, departures, full_share, completeness, simulated)
select lot, day, 9, 9, case when day < '2026-12-10' then 0.3 when day < '2026-12-21' then 0.1
                            else 0.2 end,
       case when day < '2026-12-21' then 1 else 0.8 end, false
  from generate_series('2026-11-26'::date, '2026-12-31', '1 day') as day,
       (values ('friedemann-bach-platz')) as lots (lot);
insert into parking.stay_day (lot_id, day, arrivals, departures, full_share, completeness, simulated)
values ('riebeckplatz', '2026-12-15', 9, 9, 1, 1, false)
"""
# Of three assigned devices one is heard well, one loses every tenth frame, one is silent; another is
# heard that observes nothing, and one is assigned later. The first hour of each day nobody listened.
RADIO = """
insert into uplink.device (dev_eui, name, origin, tags)
select each, each, 'city', '{"place": "Markt"}'
  from unnest(array['well', 'lossy', 'silent', 'loose', 'later']) as each;
insert into uplink.assignment (dev_eui, asset_kind, asset_id, valid_from)
select each, 'bay', each, case when each = 'later' then '2026-11-20Z' else '2026-09-01Z'::timestamptz end
  from unnest(array['well', 'lossy', 'silent', 'later']) as each;
insert into uplink.device_health_hour (dev_eui, hour, source_id, simulated, frames, lost, lost_long,
    repeated, resets, sessions, codec_errors, spreading, track)
select device, hour, 's', false, frames, lost, 0, 0, 0, 0, 0, '{}', ''
  from generate_series('2026-09-30T22:00Z'::timestamptz, '2026-10-31T22:00Z', '1 hour') as hour,
       (values ('well', 12, 0), ('lossy', 9, 1), ('loose', 1, 9)) as rows (device, frames, lost)
 where extract(hour from hour at time zone 'Europe/Berlin') <> 0
    or hour = '2026-09-30T22:00Z'
"""
USE = """
insert into opendata.published_dataset (dataset_id, published_since) values
    ('lots', '2026-01-01Z'), ('bays', '2026-01-01Z'), ('stays', '2026-10-20Z'),
    ('hours', '2026-11-05Z');
insert into opendata.usage_day (day, kind, subject, client, requests) values
    ('2026-10-01', 'feed', 'siri-vm', 'app', 100),
    ('2026-10-15', 'feed', 'siri-vm', 'browser', 20),
    ('2026-10-15', 'feed', 'sensorthings', 'script', 7),
    ('2026-10-15', 'feed', 'parkapi-v3-parking-sites', 'robot', 5000),
    ('2026-10-02', 'page', '/', 'browser', 900),
    ('2026-10-02', 'page', '/impressum', 'browser', 50),
    ('2026-10-02', 'dataset', 'lots', 'script', 3),
    ('2026-10-20', 'dataset', 'bays', 'robot', 70);
insert into opendata.usage_counted (day, slot, slots, counted_at)
select day, slot, case when day = '2026-10-25' then 150 else 144 end, now()
  from generate_series('2026-10-01'::date, '2026-10-31', '1 day') as day,
       generate_series(0, 149) as slot
 where slot < case when day = '2026-10-25' then 150 when day = '2026-10-31' then 72 else 144 end;
"""
APPLICATIONS = """
insert into kpi.application_watch (since, noted_until) values ('2026-11-20Z', '2027-01-02Z');
insert into kpi.data_application (application, first_used_at, noted_at) values
    ('before', '2026-11-21Z', now()), ('movemix', '2026-12-03Z', now());
insert into kpi.declared_application (application, first_used_on, evidence) values
    ('keyless', '2026-12-05', 'https://example.org/keyless'), ('movemix', '2026-12-09', 'https://e.org')
"""
# Of the year before: the registry tells no day to come as kept.
REGISTER = """
update registry.keeping set declared_since = '2025-01-01', changed_at = now();
insert into registry.network_format (format_id, version, held_on, definition, created_at, changed_at,
                                     cancelled_at)
select id, 1, day::date, '{"kind": "workshop", "title": {"de": "T"}, "partners": []}', now(), now(),
       case when id = 'off' then now() end
  from (values ('one', '2025-02-03'), ('two', '2025-12-01'), ('off', '2025-05-01'),
               ('old', '2024-05-01')) as rows (id, day);
insert into registry.idea (idea_id, version, title, summary, handlungsfeld, details, state, state_since,
                           submitted_at, changed_at, channel, pseudonym, search)
select each, 1, 't', 's', 'mobilitaet', '{}', 'umsetzung', now(), now(), now(), 'form', 'p', ''
  from unnest(array['a', 'b']) as each;
insert into registry.adoption (idea_id, kind, undertaking_id, at, reason) values
    ('a', 'measure', 'm', '2024-06-01Z', 'r'), ('a', 'subproject', 's', '2025-06-01Z', 'r'),
    ('b', 'measure', 'm', '2025-06-02Z', 'r');
insert into registry.undertaking (kind, undertaking_id, position, version, created_at, changed_at,
                                  definition)
select kind, id, 1, 1, now(), now(), jsonb_build_object('starts_on', day, 'title', '{"de": "T"}'::jsonb,
         'indicators', '[]'::jsonb, 'measures', measures::jsonb, 'handlungsfelder', '[]'::jsonb)
  from (values ('subproject', 'p', '2025-03-01', '["m", "n"]'), ('subproject', 'q', '2025-04-01', '["m"]'),
               ('subproject', 'r', '2023-04-01', '["m"]'), ('subproject', 's', null, '["m"]'),
               ('measure', 'm', '2025-03-01', '[]')) as rows (kind, id, day, measures)
"""
HEARD_HOURS = 31 * 24 + 1 - 30
# value, completeness
BY_HAND: Mapping[tuple[str, Period, date], tuple[float, float]] = {
    ("auslastung-parkplaetze", Period.MONTH, OCTOBER): (50, 0.8),
    ("auslastung-linien", Period.MONTH, OCTOBER): (20, 140 / 150),
    ("ueber-der-komfortgrenze", Period.MONTH, OCTOBER): (15, 140 / 150),
    ("wirkung-des-parkpiloten", Period.QUARTER, FOURTH_QUARTER): (
        100 * (11 * 0.1 + 11 * 0.8 * 0.2) / (11 * 1.8) - 30,
        0.9,
    ),
    ("funkabdeckung", Period.MONTH, OCTOBER): (100 / 3, HEARD_HOURS / (31 * 24 + 1)),
    ("nutzung-der-mobilitaetsinformationen", Period.MONTH, OCTOBER): (
        1020,
        (30 * 144 + 6 + 72) / (31 * 144 + 6),
    ),
    ("nutzungsgrad-von-daten", Period.MONTH, OCTOBER): (
        100 / 3,
        (30 * 144 + 6 + 72) / (31 * 144 + 6),
    ),
    ("datenbasierte-anwendungsfaelle", Period.YEAR, YEAR): (2, 1),
    ("vernetzungsformate", Period.YEAR, KEPT_YEAR): (2, 1),
    ("integrierte-projekte", Period.YEAR, KEPT_YEAR): (1, 1),
    ("neue-projekte", Period.YEAR, KEPT_YEAR): (2, 1),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def values(shared_database_url: str) -> Mapping[tuple[str, Period, date], ComputedValue]:
    url = shared_database_url
    await asyncio.to_thread(apply_parking, HALLE, url)
    notes = await asyncio.to_thread(apply_city, HALLE, url)
    assert [note for note in notes if "there is no" in note] == []
    fill_lot(url, "a", datetime(2026, 10, 1, tzinfo=BERLIN), datetime(2026, 11, 1, tzinfo=BERLIN), 10, 20, 20)  # fmt: skip
    fill_lot(url, "b", datetime(2026, 10, 1, tzinfo=BERLIN), datetime(2026, 11, 1, tzinfo=BERLIN), 30, 60, 80)  # fmt: skip
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        for rows in (LINES, FULL, RADIO, USE, APPLICATIONS, REGISTER):
            connection.execute(rows)
    async with Database.open(url, schema="kpi") as database:
        report = await compute(database, datetime(2027, 1, 2, 4, tzinfo=BERLIN))
        assert report.faults == {}
        async with database.connection() as connection:
            found = await computed.holding(connection, [each for each, _, _ in BY_HAND])
    return {(each.indicator_id, each.period, each.period_start): each for each in found}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("indicator_id", "period", "start"), BY_HAND)
async def test_every_shipped_formula_gives_what_is_counted_by_hand_of_real_rows(
    values: Mapping[tuple[str, Period, date], ComputedValue],
    indicator_id: str,
    period: Period,
    start: date,
) -> None:
    found = values[indicator_id, period, start]
    assert (found.value, found.completeness) == (
        *(pytest.approx(each) for each in BY_HAND[indicator_id, period, start]),
    ), found


def test_no_computed_indicator_ships_without_such_a_count() -> None:
    computed_ones = {
        (each.indicator_id, each.period)
        for each in read_folder(HALLE).indicators
        if each.source is Source.FORMULA
    }
    assert computed_ones == {(indicator_id, period) for indicator_id, period, _ in BY_HAND}


def test_feeds_whose_use_is_counted_are_those_that_the_publisher_has() -> None:
    (formula,) = (
        each.entry
        for each in read_folder(HALLE).formulas
        if each.entry.formula == "mobility-information-use"
    )
    named = {str(each) for each in formula.only["subject"] if not str(each).startswith("/")}
    assert named == {feed.feed_id for feed in FEEDS}
