# SPDX-License-Identifier: EUPL-1.2
import pytest

from open_data_publisher.domain.hours import DAYS, Span, weekly

WEEKDAYS = DAYS[:5]


@pytest.mark.parametrize(
    ("opening", "spans"),
    [
        ("Mo-Fr 08:00-20:00", [(WEEKDAYS, "08:00:00", "20:00:00")]),
        ("08:00-20:00", [(DAYS, "08:00:00", "20:00:00")]),
        (
            "Mo-Fr 08:00-12:00,13:00-24:00; Sa,Su 09:30-18:00",
            [
                (WEEKDAYS, "08:00:00", "12:00:00"),
                (WEEKDAYS, "13:00:00", "23:59:59"),
                (("saturday", "sunday"), "09:30:00", "18:00:00"),
            ],
        ),
    ],
)
def test_a_plain_week_is_read(opening: str, spans: list[tuple[tuple[str, ...], str, str]]) -> None:
    assert weekly(opening) == tuple(Span(*each) for each in spans)


@pytest.mark.parametrize(
    "opening",
    [
        *("", "24/7", "Mo-Fr 08:00-18:00; PH off", "Fr 20:00-02:00", "Mo-Fr 08:00-24:30"),
        *("Mo-Fr 08:00-18:00; We 09:00-12:00", "Su-Mo 08:00-18:00", "Xx 08:00-18:00", "Mo-Fr"),
        *("Apr-Oct Mo 08:00-18:00", "Mo 18:00-08:00", "Mo 8:00-18:00", "Mo-Fr 08:00-18:00;"),
    ],
)
def test_whatever_says_more_is_not_guessed_at(opening: str) -> None:
    assert weekly(opening) is None
