# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from parking_occupancy.city.apply import apply_city
from parking_occupancy.commands import app

from .harness import write_city

PERIODS = ["--before", "2026-03-02/2026-03-30", "--after", "2026-05-04/2026-06-01"]
runner = CliRunner(env={"COLUMNS": "200"})


@pytest.fixture
def url(database_url: str, tmp_path: Path) -> str:
    """A lot whose Sundays are empty and that is full half as long since May."""
    apply_city(write_city(tmp_path), database_url)
    with psycopg.connect(database_url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.execute(
            "insert into parking.history_clock values (true, now())"
            " on conflict (only_row) do update set closed_until = now()"
        )
        connection.execute(
            "insert into parking.stay_day (lot_id, day, arrivals, departures, full_share,"
            " completeness, simulated)"
            " select 'platz', day::date, 10 + extract(day from day)::int % 3, 10,"
            " case when extract(isodow from day) = 7 then 0 when day < '2026-04-01' then 0.4"
            " else 0.2 end, 1, false"
            " from generate_series('2026-03-01'::date, '2026-05-31', '1 day') as day"
        )
    return database_url


def test_two_periods_are_printed_with_intervals_like_days_by_like(url: str) -> None:
    result = runner.invoke(app, ["effect", "platz", *PERIODS, "--database-url", url])
    assert result.exit_code == 0, result.output
    (full,) = [line for line in result.output.splitlines() if "full_share" in line]
    # six days of seven differ by 0.2
    assert full.split()[:8] == [
        "platz",
        "full_share",
        "0.343",
        "0.171",
        "-0.171",
        "-0.171",
        "to",
        "-0.171",
    ]
    assert full.split()[8:] == ["28,", "28", "weekday"]
    assert "28 of 28 days before" in result.output
    assert "no proof" in result.output


def test_it_is_printed_that_days_do_not_suffice(url: str) -> None:
    few = ["--before", "2026-03-02/2026-03-05", "--after", "2026-05-04/2026-06-01"]
    result = runner.invoke(app, ["effect", "platz", *few, "--database-url", url])
    assert "too few days" in result.output
    other = ["--before", "2025-03-02/2025-03-05", "--after", "2026-05-04/2026-06-01"]
    result = runner.invoke(app, ["effect", "platz", *other, "--database-url", url])
    assert "nothing that both" in result.output  # a narrow table breaks the line


def test_json_is_what_the_endpoint_answers(url: str) -> None:
    result = runner.invoke(app, ["effect", "platz", *PERIODS, "--database-url", url, "--json"])
    (told,) = json.loads(result.output)
    assert told["before"] == {"start": "2026-03-02", "end": "2026-03-30", "days": 28, "left_out": 0}
    assert {each["measure"] for each in told["measures"]} == {"arrivals", "full_share"}


@pytest.mark.parametrize(
    ("lot", "before", "after", "said"),
    [
        ("none", "2026-03-02/2026-03-30", "2026-05-04/2026-06-01", "no lot none"),
        ("platz", "march", "2026-05-04/2026-06-01", "--before march: expected FROM/TO"),
        ("platz", "2026-03-30/2026-03-02", "2026-05-04/2026-06-01", "FROM must lie before TO"),
        ("platz", "2026-03-02/2026-05-30", "2026-05-04/2026-06-01", "must not begin before"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_exit_1(
    url: str, lot: str, before: str, after: str, said: str
) -> None:
    options = ["--before", before, "--after", after, "--database-url", url]
    result = runner.invoke(app, ["effect", lot, *options])
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
