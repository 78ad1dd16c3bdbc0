# SPDX-License-Identifier: EUPL-1.2
"""What stems from a simulation is called so in every feed, and stays out of all of them in production."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import httpx
import orjson
import pytest
from lxml import etree

from open_data_publisher.app import create_app
from open_data_publisher.board import Board
from open_data_publisher.builder import Builder
from open_data_publisher.deliveries.press import Press
from open_data_publisher.domain.licences import LICENCES
from open_data_publisher.domain.policy import Policy, StatePolicy, Terms
from open_data_publisher.domain.states import Entry, Kind, id_of
from open_data_publisher.domain.truth import AnyState, Truth
from open_data_publisher.feeds.catalogue import BY_ID, FEEDS, Feed
from open_data_publisher.shelf import Shelf, build
from open_data_publisher.things import Things
from stadttakt_messages.states import LotState
from stadttakt_runtime.clock import utc_now
from support.http_app import in_process
from support.open_data import PUBLICATION, bay, lot, somewhere, trip, truth, vehicle

MARK = "stadttakt-simulated"
OTHER_WAY = {"by": "the-long-way"}
PRODUCTION = replace(PUBLICATION, tells_simulated=False)
MAKERS: MappingProxyType[Kind, Callable[..., AnyState]] = MappingProxyType(
    {"lot": lot, "bay": bay, "vehicle": lambda name, **more: vehicle(name, **somewhere(), **more), "trip": trip}
)  # fmt: skip


def mixed(*simulated: str) -> Truth:
    """Return two entities of each kind; `simulated` names the kinds of which the second one is."""
    both = [
        [make(f"{kind}-real"), make(f"{kind}-other", simulated=kind in simulated)]
        for kind, make in MAKERS.items()
    ]
    return truth(*both)  # type: ignore[arg-type]


async def headers_of(feed: Feed, known: Truth) -> list[str | None]:
    """Return the mark on the short and on the long way."""
    app = create_app()
    app.state.shelf.put(build([feed], known, PUBLICATION), None, 0)
    async with in_process(app) as client:
        return [await _mark(client, feed, params) for params in ({}, OTHER_WAY)]


async def _mark(client: httpx.AsyncClient, feed: Feed, params: dict[str, str]) -> str | None:
    answer = await client.get(feed.path, params=params)
    assert answer.status_code == 200
    return answer.headers.get(MARK)


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.feed_id)
async def test_every_feed_says_in_its_header_when_anything_of_it_is_simulated(feed: Feed) -> None:
    for kind in MAKERS:
        expected = "true" if kind in feed.kinds else None
        assert await headers_of(feed, mixed(kind)) == [expected, expected], kind
    assert await headers_of(feed, mixed()) == [None, None]


async def test_a_readable_form_is_marked_as_the_feed_is() -> None:
    app, feed = create_app(), BY_ID["gtfs-rt-vehicle-positions"]
    app.state.shelf.put(build([feed], mixed("vehicle"), PUBLICATION), None, 0)
    async with in_process(app) as client:
        answer = await client.get(feed.path, params={"format": "json"})
    assert answer.headers[MARK] == "true"


def information_status(body: bytes) -> str:
    if body.startswith(b"{"):
        return str(
            orjson.loads(body)["parkingPublicationLight"]["headerInformation"]["informationStatus"]
        )
    (found,) = etree.fromstring(body).xpath("//*[local-name()='informationStatus']/text()")
    return str(found)


@pytest.mark.parametrize(
    "feed", [each for each in FEEDS if "datex2" in each.feed_id], ids=lambda feed: feed.feed_id
)
def test_datex_calls_a_publication_a_test_as_soon_as_anything_of_it_is_simulated(
    feed: Feed,
) -> None:
    said = {
        simulated: information_status(feed.render(mixed(*simulated), PUBLICATION))
        for simulated in ((), ("lot",), ("bay",), ("vehicle", "trip"))
    }
    assert said == {(): "real", ("lot",): "test", ("bay",): "test", ("vehicle", "trip"): "real"}


def known(*states: AnyState) -> list[tuple[Kind, str, Entry]]:
    now = utc_now() - timedelta(minutes=1)
    lasting = {"valid_until": now + timedelta(hours=1)}
    told = [each.model_copy(update=lasting) for each in states]
    kinds = {type(make("x")): kind for kind, make in MAKERS.items()}
    return [(kinds[type(each)], id_of(each), Entry(each, now, now, now)) for each in told]


@pytest.mark.parametrize("name", ["datex2-v2-parking-table", "datex2-v3-parking-table"])
async def test_a_table_is_rendered_anew_when_the_mark_changes_though_nothing_else_does(
    name: str,
) -> None:
    board, shelf = Board(), Shelf()
    builder = Builder(board, shelf, PUBLICATION, every_s=1)
    said = []
    for simulated in (False, True, False):
        board.load(known(lot(simulated=simulated)))
        await builder.build()
        built = shelf.find(BY_ID[name])
        assert built is not None
        said.append((information_status(built.body), built.simulated))
    assert said == [("real", False), ("test", True), ("real", False)]


def test_a_table_with_another_mark_is_another_content_for_who_is_told_of_it() -> None:
    board = Board()
    press = Press(board, PUBLICATION)
    names = []
    for simulated in (False, True, False):
        board.load([("lot", "markt", replace(known(lot())[0][2], state=lot(simulated=simulated)))])
        names.append(press.content("datex2-v2-parking-table", utc_now(), simulated=True))
    assert names[0] != names[1] != names[2]


async def test_in_production_nothing_simulated_is_in_any_feed() -> None:
    board, shelf = Board(), Shelf()
    board.load(known(*(each.state for kind in MAKERS for each in mixed(*MAKERS).of(kind))))
    await Builder(board, shelf, PRODUCTION, every_s=1).build()
    for feed in FEEDS:
        built = shelf.find(feed)
        assert built is not None, feed.feed_id
        assert b"-other" not in built.body, feed.feed_id
        assert not built.simulated


async def test_in_production_a_feed_of_which_all_is_simulated_is_not_there() -> None:
    board, shelf = Board(), Shelf()
    board.load(known(lot(simulated=True), bay(simulated=True)))
    await Builder(board, shelf, PRODUCTION, every_s=1).build()
    assert shelf.ids() == frozenset()


@pytest.mark.parametrize(("tells_simulated", "expected"), [(True, 2), (False, 1)])
async def test_sensorthings_know_of_simulated_things_unless_in_production(
    tells_simulated: bool,  # noqa: FBT001
    expected: int,
) -> None:
    terms = Terms(LICENCES["dl-by-de/2.0"], None)
    policy = Policy({"lot": StatePolicy("lot", frozenset(LotState.model_fields), terms)})
    board, database = Board(), object()
    board.load(known(lot("lot-real"), lot("lot-other", simulated=True)))
    things = Things(board, policy, set(), tells_simulated=tells_simulated)
    made = await things.now(database)  # type: ignore[arg-type]
    found = made.catalogue.sets["Things"]
    assert (len(found), made.simulated) == (expected, tells_simulated)
