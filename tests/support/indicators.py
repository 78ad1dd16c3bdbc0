# SPDX-License-Identifier: EUPL-1.2
"""A small framework with formulas, and the rows of other services that it is computed from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import yaml

from kpi_aggregator.domain.framework import Direction, Indicator, Source
from kpi_aggregator.domain.periods import Period

ZONE = "Europe/Berlin"
LOTS = {
    "formula": "lots",
    "version": 1,
    "unit": "%",
    "aggregation": "ratio",
    "view": "parking.v1_lot_quarter_hour",
    "time": "start",
    "measure": "occupied_places",
    "per": "known_places",
    "known": "known_places",
    "expected": "places",
    "by": "lot_id",
}


def an_indicator(**changes: Any) -> Indicator:
    """Return an indicator in percent that nothing is said of but what is given."""
    fields: dict[str, Any] = {
        "indicator_id": "x",
        "mehrwert": "a",
        "title": {"de": "X", "en": "X"},
        "unit": "%",
        "direction": Direction.UP,
        "source": Source.MANUAL,
        "period": Period.YEAR,
        "version": 1,
        "measured": "m",
        "method": "m",
        "owner": "o",
        "public": True,
        "extension": False,
        "whole": False,
        "minimum": 0,
        "maximum": 100,
        "groups": (),
        "least_group": 10,
        "baseline": None,
        "target": None,
        "formula": None,
        "fields": (),
        "references": {},
    }
    return Indicator(**{**fields, **changes})


def a_survey() -> Indicator:
    """Return an indicator by survey with two groups."""
    return an_indicator(indicator_id="split", source=Source.SURVEY, groups=("rad", "oepnv"))


def indicator(indicator_id: str, formula: str, **changes: Any) -> dict[str, Any]:
    return {
        "indicator_id": indicator_id,
        "mehrwert": "a",
        "title": {"de": indicator_id, "en": indicator_id},
        "measured": "m",
        "unit": "%",
        "direction": "up",
        "source": "formula",
        "formula": formula,
        "period": "month",
        "version": 1,
        "method": "m",
        "owner": "o",
        "public": True,
        "minimum": 0,
        "maximum": 100,
        **changes,
    }


def write_city(
    folder: Path, formulas: Iterable[dict[str, Any]], indicators: Iterable[dict[str, Any]]
) -> Path:
    (folder / "kpi").mkdir(exist_ok=True)
    (folder / "city.yaml").write_text(f"timezone: {ZONE}\n")
    whole = {
        "mehrwerte": [{"mehrwert": "a", "title": {"de": "A", "en": "A"}, "description": "d"}],
        "indicators": list(indicators),
        "formulas": list(formulas),
    }
    (folder / "kpi/framework.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
    return folder


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


_FILL = """
insert into parking.lot_history (lot_id, width_s, start, free_mean, free_min, free_max,
                                 occupied_mean, unknown_mean, completeness, known_share)
select %(lot)s, 900, start, %(known)s - %(occupied)s, 0, 0, %(occupied)s,
       %(places)s - %(known)s, %(known)s / %(places)s::float8, 1
  from generate_series(%(begin)s::timestamptz, %(end)s::timestamptz - interval '15 minutes',
                       interval '15 minutes') as start
    on conflict (lot_id, width_s, start) do update
   set (occupied_mean, free_mean, unknown_mean, changed_at)
     = (excluded.occupied_mean, excluded.free_mean, excluded.unknown_mean, now())
"""


def fill_lot(  # noqa: PLR0917
    url: str, lot: str, begin: datetime, end: datetime, occupied: float, known: int, places: int
) -> None:
    values = {"lot": lot, "begin": begin, "end": end}
    values |= {"occupied": occupied, "known": known, "places": places}
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute(_FILL, values)


def days(first: date, number: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(number)]
