# SPDX-License-Identifier: EUPL-1.2
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from open_data_publisher.app import create_app
from open_data_publisher.domain.usage import Client, Key, Kind, Subject, client_of
from open_data_publisher.feeds.catalogue import FEEDS
from open_data_publisher.usage.counting import Tally, subject_of
from support.http_app import in_process


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Client.BROWSER),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Client.ROBOT),
        ("Uptime-Kuma/1.23", Client.ROBOT),
        ("okhttp/4.12.0", Client.APP),
        ("Halle/3 CFNetwork/1494 Darwin/23.4.0", Client.APP),
        ("curl/8.5.0", Client.SCRIPT),
        ("python-requests/2.32", Client.SCRIPT),
        ("Apache-HttpClient/5.2 (Java/17)", Client.SCRIPT),
        ("", Client.OTHER),
        ("something of their own", Client.OTHER),
    ],
)
def test_kinds_of_clients(agent: str, client: Client) -> None:
    assert client_of(agent) is client


@given(st.text())
def test_any_user_agent_is_of_some_kind(agent: str) -> None:
    assert client_of(agent) in Client


@pytest.mark.parametrize(
    ("route", "parameters", "subject"),
    [
        (FEEDS[0].path, {}, Subject(Kind.FEED, FEEDS[0].feed_id)),
        ("/pull/{feed_id}", {"feed_id": FEEDS[1].feed_id}, Subject(Kind.FEED, FEEDS[1].feed_id)),
        ("/catalog.ttl", {}, Subject(Kind.CATALOGUE, "catalogue")),
        ("/datasets/{dataset_id}/data.csv", {"dataset_id": "lots"}, Subject(Kind.DATASET, "lots")),
        ("/datasets/{dataset_id}", {"dataset_id": "lots"}, Subject(Kind.PAGE, "/datasets/{dataset_id}")),
        ("/", {}, Subject(Kind.PAGE, "/")),
        ("/v1/feeds", {}, None),
        ("/metrics", {}, None),
        (None, {}, None),
    ],
)  # fmt: skip
def test_what_a_request_asks_for(
    route: str | None, parameters: dict[str, object], subject: Subject | None
) -> None:
    assert subject_of(route, parameters) == subject


def test_a_day_is_the_citys() -> None:
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    tally = Tally(ZoneInfo("Europe/Berlin"), lambda: late)
    subject = Subject(Kind.PAGE, "/")
    tally.count(subject, Client.BROWSER)
    tally.count(subject, Client.BROWSER)
    assert tally.take() == {Key(date(2026, 7, 2), subject, Client.BROWSER): 2}
    assert tally.take() == {}


async def test_only_answered_reads_count_and_no_path_that_a_client_makes_up() -> None:
    app = create_app()
    async with in_process(app) as client:
        assert (await client.get(FEEDS[0].path)).status_code == 503
        assert (await client.get("/made-up")).status_code == 404
        await client.get("/live")
        await client.get("/v1/feeds")
    assert app.state.tally.take() == {}


async def test_a_page_that_renews_itself_is_not_asked_for_again() -> None:
    app = create_app()
    async with in_process(app) as client:
        for headers in ({}, {"X-Renewal": "1"}):
            assert (await client.get("/impressum", headers=headers)).status_code == 200
    ((key, number),) = app.state.tally.take().items()
    assert (key.subject, number) == (Subject(Kind.PAGE, "/impressum"), 1)
