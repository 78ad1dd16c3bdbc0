# SPDX-License-Identifier: EUPL-1.2
"""The start page and the wall display: sums of places, and how sure the numbers are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from open_data_publisher.app import create_app
from open_data_publisher.domain.publication import SiteDetails
from open_data_publisher.feeds.catalogue import FEEDS, Feed
from stadttakt_messages.states import KindCount, LotState, SiteStatus
from support.http_app import in_process
from support.open_data import PUBLICATION, lot
from support.portal import tell, utc

TWICE = replace(PUBLICATION, sites={"kameras": SiteDetails(same_places_as="markt")})


async def shown(path: str, *states: LotState) -> str:
    app = create_app(publication=TWICE)
    tell(app, *states)
    async with in_process(app) as client:
        return (await client.get(path)).text


def a_lot(lot_id: str, free: int | None, **more: object) -> LotState:
    until = utc() + timedelta(minutes=5)
    values = {
        "name": lot_id,
        "free": free,
        "free_min": free,
        "free_max": free,
        "valid_until": until,
    }
    return lot(lot_id, **{**values, **more})


def totals(page: str) -> list[str]:
    return re.findall(r'id="total-\w+">(\d+)<', page)


async def test_places_that_two_lots_have_are_summed_once() -> None:
    page = await shown("/", a_lot("markt", 7), a_lot("kameras", 9), a_lot("zoo", 5))
    assert totals(page) == ["12", "2", "0"]
    unknown = a_lot("kameras", None, state=SiteStatus.UNKNOWN)
    assert totals(await shown("/", a_lot("markt", 7), unknown)) == ["7", "1", "0"]


async def test_a_lot_whose_twin_is_not_told_of_is_summed() -> None:
    assert totals(await shown("/", a_lot("kameras", 9))) == ["9", "1", "0"]


async def test_the_wall_tells_between_what_a_number_lies() -> None:
    page = await shown("/wand", a_lot("markt", 12, free_min=10, free_max=14))
    assert '<p class="wall-note" data-part="note">zwischen 10 und 14</p>' in page


async def test_of_a_kind_of_which_nothing_is_known_no_number_is_told() -> None:
    count = KindCount(capacity=4, free=0, occupied=0, unknown=4, out_of_service=0)
    kinds = {"general": count, "family": count.model_copy(update={"free": 1, "unknown": 3})}
    page = await shown(
        "/parken/markt", a_lot("markt", None, state=SiteStatus.UNKNOWN, by_kind=kinds)
    )
    rows = re.findall(r'<th scope="row">(?:allgemein|Familien)</th>(.*?)</tr>', page)
    told = [re.findall(r'<td class="number">([^<]*)</td>', row) for row in rows]
    assert told == [["–", "–", "4"], ["1", "0", "3"]]


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.feed_id)
def test_german_titles_of_feeds_hold_no_english(feed: Feed) -> None:
    assert not re.search(r"(?i)\b(parking|table|status|vehicle|positions|trip)\b", feed.title.de)
