# SPDX-License-Identifier: EUPL-1.2
"""The page of datasets leads to every interface, and the menu to the ideas."""

import re
from pathlib import Path

import httpx

from open_data_publisher.feeds.catalogue import FEEDS
from support.open_data_world import World

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
