# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kpi_aggregator.computing.valuing import whole_by
from kpi_aggregator.domain.expression import parse
from kpi_aggregator.domain.formula import Aggregation, Heartbeat, formula_of
from kpi_aggregator.domain.formula_words import words
from kpi_aggregator.domain.framework import Source
from kpi_aggregator.domain.outcome import Reason, outcome
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.sums import Amount, Place, Sums, total, with_heartbeat, with_silence
from support.indicators import LOTS, an_indicator

FORMULA = formula_of({**LOTS, "least_completeness": 0.6})
INDICATOR = an_indicator(source=Source.FORMULA, period=Period.MONTH, formula="lots")
DAYS = [date(2026, 10, day) for day in (1, 2, 3)]


@pytest.mark.parametrize(
    ("first_kept", "value", "reason", "share"),
    [
        (0, 3, None, 1),
        (1, 3, None, 2 / 3),
        (2, None, Reason.INCOMPLETE, 1 / 3),
        (3, None, Reason.NOT_KEPT, 0),
    ],
)
def test_a_register_has_no_value_of_days_that_were_not_kept(
    first_kept: int, value: float | None, reason: Reason | None, share: float
) -> None:
    beat = Heartbeat("registry.v1_kept_day", "day", parse("kept"), parse("1"))
    formula = replace(
        FORMULA, unit="Formate", aggregation=Aggregation.SUM, quiet_days=True, heartbeat=beat
    )
    entered = {Place(DAYS[0], "workshop", ""): Amount(3, 0, 1, 1)}
    beats = with_silence(dict.fromkeys(DAYS[first_kept:], (1.0, 1.0)), DAYS)
    told = with_heartbeat(entered, DAYS, beats)
    of_days = replace(total(map(Sums, told.values())), days=len({each.day for each in told}))
    period = whole_by(formula, of_days, covered=3)
    found = outcome(formula, replace(INDICATOR, maximum=None), period, days=3)
    assert (found.value, found.reason) == (value, reason)
    assert found.completeness == pytest.approx(share)
    said = words(formula)["de"]
    assert "ein Tag ohne Eintrag zählt null, soweit das Register geführt wurde" in said
