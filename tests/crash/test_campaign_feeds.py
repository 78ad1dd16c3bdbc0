# SPDX-License-Identifier: EUPL-1.2
"""Who judges feeds and indicators sees what is wrong: frozen numbers, other numbers, other sums."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest

from crash.campaign import feeds, verdict
from crash.campaign.beside import PAST, QUARTERS, SHORT, quarters_of
from crash.campaign.published import differing_then, other_numbers
from crash.campaign.reckoning import Truth
from crash.campaign.town import LOTS
from crash.campaign.traffic import Told, Traffic
from crash.campaign.verdict import Span
from open_data_publisher.domain.truth import Published, truth_at
from open_data_publisher.feeds import datex2_light, datex2_v3, parkapi
from stadttakt_messages.states import BayStatus
from stadttakt_simulators.clock import EpochNs
from support.open_data import NOON, PUBLICATION, SINCE, bay, lot

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
RIGHT = {
    "way": feeds.DATEX,
    "asked_at": NOW.timestamp(),
    "told_at": NOW.timestamp() + 0.01,
    "sign_id": SHORT,
    "free": 2,
    "measured_at": (NOW - timedelta(seconds=1)).isoformat(),
    "valid_until": (NOW + timedelta(seconds=1)).isoformat(),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "over": ({"valid_until": (NOW - timedelta(seconds=5)).isoformat()}, "before it was asked"),
    "frozen": ({"measured_at": (NOW - timedelta(seconds=7)).isoformat()}, "measured longer ago"),
    "never measured": ({"measured_at": None}, "measured longer ago"),
    "wrong": ({"sign_id": "west", "free": 3}, "2 are free"),
}
REST = Span(NOW.timestamp() - 1, NOW.timestamp() + 1, {"west": 2})


def test_right_answer_of_a_feed_is_no_offence() -> None:
    assert verdict.offences([RIGHT, {**RIGHT, "sign_id": "west"}], [REST]) == []
    assert verdict.offences([{**RIGHT, "way": feeds.PARKAPI, "valid_until": None}], []) == []


@pytest.mark.parametrize("case", WRONG)
def test_each_broken_rule_of_feeds_is_one_offence(case: str) -> None:
    change, words = WRONG[case]
    (offence,) = verdict.offences([{**RIGHT, **change}], [REST])
    assert words in offence


def test_lot_without_a_number_is_no_offence() -> None:
    frozen = {**RIGHT, "valid_until": (NOW - timedelta(hours=1)).isoformat()}
    assert len(verdict.offences([frozen], [])) == 1
    assert verdict.offences([{**frozen, "free": None}], []) == []


def test_feeds_are_read_as_they_are_rendered() -> None:
    states = [bay("a"), bay("b", state=BayStatus.OCCUPIED), bay("c", state=BayStatus.UNKNOWN)]
    closed = lot("zu", free=None, free_min=None, free_max=None, state="unknown")
    truth = truth_at(
        NOON,
        [Published(each, SINCE) for each in (lot(), closed)],
        [Published(each, SINCE) for each in states],
        [],
    )
    status = datex2_v3.parking_status(truth, PUBLICATION)
    sites = parkapi.parking_sites(truth, PUBLICATION)
    free = {"markt": 12, "zu": None}
    assert {each.lot_id: each.free for each in feeds.datex_lots(status)} == free
    assert {each.lot_id: each.free for each in feeds.parkapi_lots(sites)} == free
    light = feeds.light_lots(datex2_light.light(truth, PUBLICATION))
    assert {each.lot_id: each.free for each in light} == free
    until = {each.valid_until for each in feeds.datex_lots(status)}
    assert until == {"2026-11-26T12:10:00Z"}
    assert feeds.datex_bays(status) == {"a": "free", "b": "occupied"}
    heard_at = NOON - timedelta(minutes=5)
    spots = feeds.parkapi_bays(parkapi.parking_spots(truth, PUBLICATION))
    assert spots == {"a": ("free", heard_at), "b": ("occupied", heard_at)}


def test_each_lot_of_which_the_past_tells_another_number_or_none_is_one_offence() -> None:
    free = dict.fromkeys(LOTS, 7)
    told = [feeds.Place(lot_id, 7, None, None) for lot_id in LOTS]
    assert list(other_numbers("feed", told, free)) == []
    (other,) = other_numbers("feed", [told[0]._replace(free=6), *told[1:]], free)
    assert other == f"feed: lot {LOTS[0]} has 6 instead of 7 free"
    (silent,) = other_numbers("feed", [*told[1:], told[0]._replace(free=None)], free)
    assert "has None instead of 7" in silent
    (missing,) = other_numbers("feed", told[1:], free)
    assert "has None instead of 7" in missing


def test_each_lot_and_bay_that_was_public_otherwise_is_one_offence() -> None:
    lots = [lot(lot_id=lot_id, free=7) for lot_id in LOTS]
    bays = [bay("a"), bay("b", state=BayStatus.OCCUPIED)]
    truth = truth_at(
        NOON,
        [Published(each, SINCE) for each in lots],
        [Published(each, SINCE) for each in bays],
        [],
    )
    bodies = {
        feeds.PARKAPI: parkapi.parking_sites(truth, PUBLICATION),
        feeds.SPOTS: parkapi.parking_spots(truth, PUBLICATION),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["at"] == NOON.isoformat()
        return httpx.Response(200, content=bodies[request.url.path])

    free, states = dict.fromkeys(LOTS, 7), {"a": "free", "b": "occupied"}
    with httpx.Client(base_url="http://x", transport=httpx.MockTransport(answer)) as publisher:
        assert differing_then(free, states, NOON, publisher) == []
        (other,) = differing_then({**free, LOTS[0]: 6}, states, NOON, publisher)
        assert other.endswith(f"lot {LOTS[0]} has 7 instead of 6 free")
        (taken,) = differing_then(free, {**states, "a": "occupied"}, NOON, publisher)
        assert taken.endswith("a is free instead of occupied")
        (missing,) = differing_then(free, {**states, "c": "free"}, NOON, publisher)
        assert missing.endswith("c is None instead of free")


def _past(bay_number: int, quarter: int, event_id: str, *, occupied: bool) -> Told:
    told = next(each for each in _told() if each.kind == "past")
    return dataclasses.replace(
        told,
        place=f"{PAST}-{bay_number}",
        at=quarters_of(NOW)[quarter],
        event_id=event_id,
        identity=event_id,
        says=(occupied,),
    )


def _told() -> list[Told]:
    return Traffic("root", Random(1)).first(EpochNs(int(NOW.timestamp()) * 10**9), 10**6)


def test_newest_word_of_a_bay_in_a_quarter_counts_whatever_came_last() -> None:
    truth = Truth()
    truth.add(
        [
            _past(1, 0, "b", occupied=True),
            _past(1, 0, "a", occupied=False),
            _past(1, 1, "c", occupied=False),
            _past(2, 1, "d", occupied=True),
        ]
    )
    assert truth.past() == (2, 3)


def test_past_is_told_of_one_day_that_is_over_in_every_zone_of_the_city() -> None:
    quarters = quarters_of(NOW.replace(hour=0, minute=1))
    assert len(quarters) == QUARTERS
    assert {each.date() for each in quarters} == {NOW.date() - timedelta(days=2)}
    told = [each for each in _told() if each.kind == "past"]
    assert told
    assert {each.at for each in told} <= set(quarters_of(NOW))
