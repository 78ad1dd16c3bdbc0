# SPDX-License-Identifier: EUPL-1.2
"""Staff and everybody read one light: of the number that everybody is told."""

from __future__ import annotations

from datetime import date

import pytest

from kpi_aggregator.domain.framework import Aim
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.publication import Publication
from kpi_aggregator.domain.scorecard import Known, Light, Trend, standing
from support.indicators import an_indicator

USE = an_indicator(
    publication=Publication(decimals=0),
    baseline=Aim(18, date(2025, 1, 1)),
    target=Aim(22, date(2025, 12, 31)),
)


def of(value: float, year: int = 2024) -> Known:
    return Known(Period.YEAR, date(year, 1, 1), value, None, "neu")


@pytest.mark.parametrize(
    ("exact", "told", "light"),
    [
        (17.5, 18, Light.GREEN),  # 18 are due at the end of 2024
        (17.49, 17, Light.RED),
        (18.4, 18, Light.GREEN),
        (17.9, 18, Light.GREEN),
    ],
)
def test_the_exact_number_has_the_light_of_the_rounded_one(
    exact: float, told: float, light: Light
) -> None:
    staff, everybody = standing(USE, [of(exact)]), standing(USE, [of(told)])
    assert (staff.light, everybody.light) == (light, light)
    assert staff.value == of(exact), "staff read the exact number all the same"


def test_the_rule_says_that_the_rounded_number_is_rated() -> None:
    assert standing(USE, [of(17.9)]).rule == {
        "de": "auf dem Zielpfad (Soll 18); bewertet ist der gerundete Wert 18, wie er veröffentlicht wird",
        "en": "on the target path (18 expected); rated is the rounded value 18, as it is published",
    }
    assert standing(USE, [of(18)]).rule["en"] == "on the target path (18 expected)"


def test_there_is_no_trend_to_another_version() -> None:
    first, second = of(17), of(18, 2025)
    assert standing(USE, [first, second]).trend is Trend.RISING
    assert standing(USE, [first, second._replace(version=2)]).trend is None
