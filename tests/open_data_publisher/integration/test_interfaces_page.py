# SPDX-License-Identifier: EUPL-1.2
"""Pages of datasets lead to every interface and file, and the menu to the ideas."""

import re
from datetime import timedelta
from pathlib import Path

import httpx

from open_data_publisher.feeds.catalogue import FEEDS
from support.open_data_rows import Rows
from support.open_data_world import LOTS_POLICY, NOON, World, until

IDEAS = "https://stadt.example/ideen"


def page(client: httpx.Client, **params: str) -> str:
    return client.get("/datasets", params=params, headers={"accept": "text/html"}).text


def lists_each_interface(client: httpx.Client, language: str) -> None:
    text = page(client, lang=language)
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", text)
    titles = [title for title, _ in rows]
    assert titles[:-1] == [getattr(feed.title, language) for feed in FEEDS]
    paths = [*(feed.path for feed in FEEDS), "/sensorthings/v1.1"]
    for (_, cells), path in zip(rows, paths, strict=True):
        assert f'<a href="{path}"><code>{path}</code></a>' in cells
        assert 'rel="license">Datenlizenz Deutschland – Zero' in cells


def test_interfaces_stand_on_the_page_of_datasets_and_ideas_in_the_menu(
    tmp_path: Path, database_url: str, mqtt_url: str
) -> None:
    world = World(tmp_path, database_url, mqtt_url)
    with world.publisher(STADTTAKT_OPENDATA_IDEAS_URL=IDEAS) as client:
        lists_each_interface(client, "de")
        lists_each_interface(client, "en")
        text = page(client)
        for path in ("/catalog.ttl", "/v1/feeds", "/v1/usage", "/docs", "/openapi.json"):
            assert f'href="{path}"' in text
        assert f'<a href="{IDEAS}">Ideen</a>' in text
    world.policy.write_text("states: []\n")
    with world.publisher() as client:
        text = page(client)
        assert not [feed.path for feed in FEEDS if f'href="{feed.path}"' in text]
        assert 'href="/docs"' in text
        assert "Ideen</a>" not in text


def chosen(client: httpx.Client, **fields: str) -> httpx.Response:
    """Send the form of a dataset's page, with the fields that were left empty, as browsers do."""
    empty = dict.fromkeys(("monat", "tag", "von", "bis", "stand"), "")
    asked = {**empty, "format": "csv", **fields}
    return client.get("/datasets/lots/auswahl", params=asked, follow_redirects=True)


def test_the_form_of_a_datasets_page_leads_to_the_file_that_is_meant(
    tmp_path: Path, database_url: str, mqtt_url: str
) -> None:
    world, rows = World(tmp_path, database_url, mqtt_url), Rows(database_url)
    world.policy.write_text(LOTS_POLICY)
    rows.lot("markt")
    rows.history("markt", NOON, 10)
    day = NOON.date().isoformat()
    with world.publisher(STADTTAKT_OPENDATA_DATASETS_EVERY_S="0.1") as client:
        until(lambda: "markt" in chosen(client, tag=day).text)
        text = client.get("/datasets/lots", headers={"accept": "text/html"}).text
        assert 'action="/datasets/lots/auswahl#choice"' in text
        assert "<dd>15 Minuten</dd>" in text
        assert "<td>Zeitpunkt</td>" in text
        assert "Freie Plätze, zeitlich gemittelt <code>free_mean</code></th>" in text
        for fields in ({"monat": day[:7]}, {"von": day, "bis": day}, {}):
            found = chosen(client, **fields, format="json")
            assert found.url.path == "/datasets/lots/data.json"
            assert [row["free_mean"] for row in found.json()["items"]] == [10]
        long_ago = (NOON - timedelta(days=30)).date().isoformat()
        nothing = chosen(client, stand=long_ago)
        assert nothing.status_code == 422
        assert 'role="alert">Damals war von diesem Datensatz noch nichts öffentlich' in nothing.text
        wrong = chosen(client, monat=day[:7], tag=day)
        assert wrong.status_code == 422
        assert 'role="alert">Das passt nicht zusammen' in wrong.text
        assert f'name="tag" type="date" value="{day}"' in wrong.text
