# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parking_occupancy.domain.forecast.telling import (
    HOLDS,
    LEAST_SCORED,
    WORDS,
    Reason,
    Skill,
    Source,
    Stored,
    Told,
    known_skills,
    tell,
)
from parking_occupancy.domain.opening import Closure, Openings

ALWAYS_OPEN = Openings()
NOW = datetime(2026, 11, 25, 10, 2, tzinfo=UTC)
ISSUED = datetime(2026, 11, 25, 10, tzinfo=UTC)
STORED = Stored(ISSUED, "m", None, (15, 30, 45), (9, 8, 7), (8, 6, 4), (10, 10, 10))


def skill(horizon_min: int, mae: float, *, forecasts: int = LEAST_SCORED) -> Skill:
    return Skill(horizon_min, forecasts, mae, 2.0, 5.0, 0.8)


def told(
    stored: Stored | None = STORED,
    *skills: Skill,
    learned: bool = True,
    openings: Openings = ALWAYS_OPEN,
    now: datetime = NOW,
    horizon_min: int = 240,
) -> Told:
    return tell(
        stored,
        skills,
        learned=learned,
        openings=openings,
        now=now,
        horizon_min=horizon_min,
    )


def test_every_quarter_of_an_hour_up_to_the_horizon_is_told() -> None:
    found = told(horizon_min=30)
    assert [(item.at, item.free, item.p10, item.p90) for item in found.items] == [
        (ISSUED + timedelta(minutes=15), 9, 8, 10),
        (ISSUED + timedelta(minutes=30), 8, 6, 10),
    ]
    assert found.withheld is None


def test_horizon_at_which_persistence_was_better_is_left_out() -> None:
    found = told(STORED, skill(15, 2.1), skill(30, 1.9))
    assert [item.horizon_min for item in found.items] == [30, 45]
    assert found.left_out_min == {15: Reason.WORSE_THAN_PERSISTENCE}
    assert found.withheld is None


def test_forecast_worse_at_all_horizons_is_withheld() -> None:
    found = told(STORED, *(skill(minutes, 3) for minutes in (15, 30, 45)))
    assert found.items == []
    assert found.withheld is Reason.WORSE_THAN_PERSISTENCE


def closed_from(minutes: int) -> Openings:
    begin = ISSUED + timedelta(minutes=minutes)
    return Openings(closures=(Closure(begin, begin + timedelta(hours=8), "Nacht"),))


def test_no_free_places_are_told_of_a_time_at_which_the_lot_is_closed() -> None:
    found = told(STORED, skill(15, 3), openings=closed_from(45))
    assert [item.horizon_min for item in found.items] == [30]
    assert found.left_out_min == {15: Reason.WORSE_THAN_PERSISTENCE, 45: Reason.CLOSED_THEN}
    assert found.withheld is None


def test_forecast_of_a_lot_that_is_about_to_close_says_so() -> None:
    assert told(openings=closed_from(10)).withheld is Reason.CLOSED_THEN
    worse = told(STORED, skill(15, 3), openings=closed_from(30))
    assert worse.withheld is Reason.WORSE_THAN_PERSISTENCE


def test_few_scored_forecasts_do_not_decide() -> None:
    assert told(STORED, skill(15, 9, forecasts=LEAST_SCORED - 1)).left_out_min == {}


def test_scores_replace_the_learners_check_once_they_decide() -> None:
    held_out = [Skill(minutes, 500, 3.0, 2.0, None, 0.8, Source.HELD_OUT) for minutes in (15, 30)]
    scored = [skill(15, 1), skill(30, 1, forecasts=LEAST_SCORED - 1), skill(45, 1, forecasts=1)]
    assert known_skills(scored, held_out) == [scored[0], held_out[1], scored[2]]
    assert told(STORED, *known_skills(scored, held_out)).left_out_min == {
        30: Reason.WORSE_THAN_PERSISTENCE
    }
    assert known_skills(scored, ()) == scored


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (told(openings=closed_from(0)), Reason.LOT_CLOSED),
        (told(None), Reason.DATA_STALE),
        (told(None, learned=False), Reason.TOO_LITTLE_HISTORY),
        (told(now=ISSUED + HOLDS), Reason.DATA_STALE),
        (
            told(Stored(ISSUED, "m", Reason.TOO_LITTLE_HISTORY, (), (), (), ())),
            Reason.TOO_LITTLE_HISTORY,
        ),
    ],
)
def test_what_cannot_be_told_says_why(found: Told, reason: Reason) -> None:
    assert (list(found.items), found.withheld) == ([], reason)


def test_each_reason_has_words_in_both_languages() -> None:
    assert set(WORDS) == set(Reason)
    assert all(german != english for german, english in WORDS.values())
