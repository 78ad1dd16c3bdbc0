# SPDX-License-Identifier: EUPL-1.2
"""The catalogue as it is answered by a running publisher."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from rdflib import DCAT, Graph, URIRef

from support.open_data_rows import Rows
from support.open_data_world import CATALOGUE, LOTS_POLICY, NOON, World, until

BASE = "https://daten.example"


@pytest.fixture
def world(tmp_path: Path, database_url: str, mqtt_url: str) -> World:
    return World(tmp_path, database_url, mqtt_url)


def listed(text: bytes, syntax: str) -> set[str]:
    graph = Graph().parse(text, format=syntax)
    return {str(each) for each in graph.objects(URIRef(f"{BASE}/catalog"), DCAT.dataset)}


def lists_what_was_listed_then(client: httpx.Client) -> None:
    then = {"at": datetime.now(tz=UTC).isoformat()}
    known = listed(client.get("/catalog.ttl", params=then).content, "turtle")
    assert known == {f"{BASE}/datasets/lots#lots"}
    before = {"at": (datetime.now(tz=UTC) - timedelta(days=1)).isoformat()}
    assert listed(client.get("/catalog.ttl", params=before).content, "turtle") == set()
    ahead = {"at": (datetime.now(tz=UTC) + timedelta(days=1)).isoformat()}
    assert client.get("/catalog.ttl", params=ahead).status_code == 422


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
def test_the_catalogue_lists_what_is_public_and_is_the_same_bytes_until_that_changes(
    world: World, database_url: str
) -> None:
    rows = Rows(database_url)
    rows.lot("markt")
    rows.history("markt", NOON, 10)
    world.policy.write_text(LOTS_POLICY)
    (world.policy.parent / "catalogue.yaml").write_text(CATALOGUE)
    with world.publisher(STADTTAKT_OPENDATA_DATASETS_EVERY_S="0.1") as client:
        until(
            lambda: (
                f"{BASE}/datasets/lots#lots" in listed(client.get("/catalog.ttl").content, "turtle")
            )
        )
        until(lambda: b"endDate" in client.get("/catalog.ttl").content)
        turtle = client.get("/catalog", headers={"accept": "text/turtle"})
        assert turtle.headers["content-type"].startswith("text/turtle")
        # no kind of live state is open, so no feed is listed
        assert listed(turtle.content, "turtle") == {f"{BASE}/datasets/lots#lots"}
        for ending, syntax in (("rdf", "xml"), ("jsonld", "json-ld")):
            answer = client.get(f"/catalog.{ending}")
            assert listed(answer.content, syntax) == {f"{BASE}/datasets/lots#lots"}
        tag = {"if-none-match": turtle.headers["etag"], "accept": "text/turtle"}
        assert client.get("/catalog", headers=tag).status_code == 304
        # The catalogue tells the second of the last change.
        time.sleep(1.1)
        rows.history("markt", NOON - timedelta(days=1), 10)
        rows.run("delete from opendata.edition where day = %s", (NOON - timedelta(days=1)).date())
        rows.history("markt", NOON, 11)
        # Last: an edition that was looked at before its rows changed is not looked at again for long.
        rows.run("update opendata.edition set checked_at = now() - interval '90 days'")
        until(lambda: client.get("/catalog", headers=tag).status_code == 200)
        lists_what_was_listed_then(client)
        browser = client.get("/catalog", headers={"accept": "text/html"})
        assert (browser.status_code, browser.headers["location"]) == (303, "/datasets")
        assert client.get("/catalog", headers={"accept": "image/png"}).status_code == 406
        assert client.get("/catalog", params={"page": 2}).json()["code"] == "no_such_page"
        assert client.get("/catalog.ttl", params={"page": 0}).status_code == 422


def test_without_its_file_there_is_no_catalogue(world: World) -> None:
    with world.publisher() as client:
        assert client.get("/catalog.ttl").json()["code"] == "no_catalogue"
