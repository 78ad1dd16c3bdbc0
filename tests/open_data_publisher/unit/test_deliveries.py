# SPDX-License-Identifier: EUPL-1.2
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from open_data_publisher.city import read_names, read_publication
from open_data_publisher.deliveries.press import name_of
from open_data_publisher.domain.deliveries import (
    LONGEST_PAUSE,
    Answer,
    Delivery,
    Latest,
    Offer,
    Reason,
    Status,
    due,
    outcome,
    pause,
)
from support.open_data import PUBLICATION, bay, lot, truth

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
LIVE = Offer(
    "status",
    "/s",
    is_static=False,
    at_least_every=timedelta(minutes=10),
    at_most_every=timedelta(minutes=1),
)
STATIC = Offer(
    "table", "/t", is_static=True, at_least_every=timedelta(days=1), at_most_every=timedelta(0)
)


def latest(status: Status = Status.DELIVERED, content: bytes | None = b"a", **ago: float) -> Latest:
    at = NOON - timedelta(**(ago or {"minutes": 2}))
    return Latest(content, at, at, status)


@pytest.mark.parametrize(
    ("offer", "before", "content", "reason"),
    [
        (LIVE, None, b"a", Reason.CHANGE),
        (LIVE, latest(), b"a", None),
        (LIVE, latest(), b"b", Reason.CHANGE),
        (LIVE, latest(seconds=59), b"b", None),
        (LIVE, latest(minutes=10), b"a", Reason.INTERVAL),
        (LIVE, latest(Status.FAILING), b"b", None),
        (LIVE, latest(Status.FAILING, hours=9), b"b", None),
        (STATIC, latest(Status.FAILING), b"b", Reason.CHANGE),
        (STATIC, latest(Status.FAILING, hours=30), b"a", None),
        (STATIC, latest(Status.WAITING, None), b"b", None),
        (STATIC, latest(seconds=0), b"b", Reason.CHANGE),
        (STATIC, latest(hours=24), b"a", Reason.INTERVAL),
    ],
)
def test_what_is_due_and_why(
    offer: Offer, before: Latest | None, content: bytes, reason: Reason | None
) -> None:
    assert due(offer, before, lambda: content, NOON) is reason


@pytest.mark.parametrize(
    ("answer", "successors", "status"),
    [
        (Answer(200, None, ""), 0, Status.DELIVERED),
        (Answer(200, "items_refused", "{}"), 0, Status.PARTLY),
        (Answer(503, "status", ""), 1, Status.FAILING),
        (Answer(400, "status", ""), 0, Status.FAILING),
        (Answer(400, "status", ""), 1, Status.REFUSED),
        (Answer(None, "timeout", ""), 1, Status.FAILING),
    ],
)
def test_a_static_version_makes_way_only_when_refused_for_its_content(
    answer: Answer,
    successors: int,
    status: Status,
) -> None:
    delivery = Delivery(
        uuid4(), "table", is_static=True, attempts=1, sha256=b"", has_successor=successors > 0
    )
    assert outcome(delivery, answer) is status


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_and_end_at_a_quarter_of_an_hour(attempts: int, chance: float) -> None:
    found = pause(attempts, Answer(503, "status", ""), chance)
    assert timedelta(seconds=2.5) <= found <= LONGEST_PAUSE
    assert pause(attempts + 1, Answer(503, "status", ""), chance) >= found


def test_a_receiver_that_says_when_is_not_asked_earlier_but_within_the_hour() -> None:
    wait = pause(1, Answer(503, "status", "", timedelta(minutes=20)), 0.0)
    assert wait == timedelta(minutes=20)
    assert pause(1, Answer(503, "status", "", timedelta(days=2)), 0.0) == timedelta(hours=1)


def test_nothing_simulated_is_left_for_a_real_target() -> None:
    known = truth([lot(), lot("demo", simulated=True)], [bay(), bay("demo-01", simulated=True)])
    found = known.without_simulated()
    assert [each.state.lot_id for each in found.lots] == ["markt"]
    assert [each.state.bay_id for each in found.bays] == ["markt-01"]


def test_a_citys_name_hangs_on_what_stands_in_feeds_and_not_on_its_datasets() -> None:
    folder = Path(__file__).parents[3] / "deploy/cities/halle"
    halle = read_publication(folder, read_names(folder))
    assert halle.policy.datasets
    without = replace(halle, policy=replace(halle.policy, datasets={}), catalogue=None)
    assert name_of(halle) == name_of(without)
    assert name_of(halle) != name_of(replace(halle, city_name="Musterstadt"))


def test_how_a_city_publishes_has_one_name_in_every_process() -> None:
    code = (
        "from support.open_data import PUBLICATION\n"
        "from open_data_publisher.deliveries.press import name_of\n"
        "print(name_of(PUBLICATION).hex())"
    )
    names = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": "tests", "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[3],
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert names == {name_of(PUBLICATION).hex().encode() + b"\n"}
