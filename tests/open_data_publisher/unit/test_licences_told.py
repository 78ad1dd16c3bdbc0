# SPDX-License-Identifier: EUPL-1.2
"""Who may do what with the data is told with every feed, and below what pages list."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from open_data_publisher.app import create_app
from open_data_publisher.domain.publication import Publication
from open_data_publisher.feeds.catalogue import BY_ID, FEEDS, Feed
from open_data_publisher.policy_file import POLICY_FILE, read_policy
from open_data_publisher.shelf import build
from support.http_app import in_process
from support.open_data import OPEN_POLICY, PUBLICATION, truth
from support.portal import tell, vehicles

BY = "https://www.govdata.de/dl-de/by-2-0"
ODBL = "https://opendatacommons.org/licenses/odbl/1-0/"
POLICY = (
    OPEN_POLICY.replace(
        "licence: dl-zero-de/2.0", "licence: dl-by-de/2.0\n    attribution: Stadt <Muster>"
    )
    + "origins:\n  - {origin: timetable, licence: odbl, attribution: Halte von OSM}\n"
)


@pytest.fixture
def publication(tmp_path: Path) -> Publication:
    (tmp_path / "opendata").mkdir()
    (tmp_path / POLICY_FILE).write_text(POLICY)
    return replace(PUBLICATION, policy=read_policy(tmp_path))


async def asked(publication: Publication, path: str, **params: str) -> httpx.Response:
    app = create_app(publication=publication)
    app.state.shelf.put(build(FEEDS, truth(), publication), None, 0)
    tell(app, *vehicles())
    async with in_process(app) as client:
        return await client.get(path, params=params, headers={"origin": "https://app.example"})


async def test_the_list_of_feeds_names_licence_and_attribution_of_each(
    publication: Publication,
) -> None:
    items = (await asked(publication, "/v1/feeds")).json()["items"]
    assert [each["feed_id"] for each in items] == [*BY_ID, "sensorthings"]
    for each in items:
        assert each["licence"] == "Datenlizenz Deutschland – Namensnennung – Version 2.0"
        assert (each["licence_url"], each["attribution"]) == (BY, "Stadt <Muster>")


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.feed_id)
@pytest.mark.parametrize("params", [{}, {"by": "the-long-way"}])
async def test_a_feed_names_its_licence_in_a_header(
    publication: Publication, feed: Feed, params: dict[str, str]
) -> None:
    answer = await asked(publication, feed.path, **params)
    assert answer.headers["link"] == f'<{BY}>; rel="license"'
    assert "Link" in answer.headers["access-control-expose-headers"]


async def test_what_is_not_the_citys_own_is_credited_where_it_is_listed(
    publication: Publication,
) -> None:
    for path in ("/", "/bus-und-bahn"):
        text = (await asked(publication, path)).text
        assert "Stadt &lt;Muster&gt;" in text
        assert f'Halte von OSM, <a href="{ODBL}" rel="license">' in text
    without = replace(publication, policy=replace(publication.policy, origins={}))
    assert ODBL not in (await asked(without, "/bus-und-bahn")).text
