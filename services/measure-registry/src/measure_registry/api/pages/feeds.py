# SPDX-License-Identifier: EUPL-1.2
"""`/feed.atom`, `/feed.json`: what was published or changed last, ideas and measures alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import orjson
from fastapi import APIRouter, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.domain.idea import Idea
from measure_registry.domain.undertaking import Kind, Undertaking
from measure_registry.profiles.undertaking import PATHS
from measure_registry.profiles.wording import Wording
from measure_registry.site.frame import Language, Site, tell
from measure_registry.storage import ideas, undertakings
from measure_registry.storage.city import City
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond

router = APIRouter(include_in_schema=False)
IN_FEED = 50
ATOM = "http://www.w3.org/2005/Atom"
LANGUAGE: Language = "de"
# what XML 1.0 has no way to say (section 2.2)
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of the feed."""

    path: str
    title: str
    summary: str
    published_at: datetime
    changed_at: datetime
    category: str
    term: str


async def _entries(connection: Any, city: City) -> list[Entry]:
    """Return what changed last, the newest first."""
    found = [_of_idea(each, city) for each in await ideas.changed_last(connection, IN_FEED)]
    for kind in Kind:
        found += [_of_undertaking(each) for each in await undertakings.every(connection, kind)]
    return sorted(found, key=lambda each: (each.changed_at, each.path), reverse=True)[:IN_FEED]


def _of_idea(idea: Idea, city: City) -> Entry:
    return Entry(
        f"/idee/{idea.idea_id}",
        idea.steckbrief.title,
        idea.steckbrief.summary,
        idea.published_at or idea.changed_at,
        idea.changed_at,
        Wording(city, LANGUAGE).state_of(idea),
        ("merged" if idea.merged_into else "split") if idea.goes_on else idea.state,
    )


def _of_undertaking(found: Undertaking) -> Entry:
    said = found.definition
    return Entry(
        PATHS[found.kind] + found.undertaking_id,
        said["title"][LANGUAGE],
        said["summary"][LANGUAGE],
        found.created_at,
        found.changed_at,
        tell(f"reifegrad_{said['reifegrad']}", LANGUAGE),
        said["reifegrad"],
    )


def _changed(found: Sequence[Entry]) -> datetime:
    return max((each.changed_at for each in found), default=utc_now())


@router.get("/feed.json")
async def json_feed(request: Request, database: Db) -> Response:
    """Answer with what changed last as JSON Feed 1.1."""
    site = _site(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await _entries(connection, city)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": tell("site", LANGUAGE, city=city.intake.city_name),
        "home_page_url": site.absolute("/liste"),
        "feed_url": site.absolute("/feed.json"),
        "language": LANGUAGE,
        "authors": [{"name": city.intake.city_name}],
        "items": [
            {
                "id": site.absolute(each.path),
                "url": site.absolute(each.path),
                "title": each.title,
                "content_text": each.summary,
                "date_published": each.published_at,
                "date_modified": each.changed_at,
                "tags": [each.category],
                "attachments": [
                    {"url": site.absolute(f"{each.path}.pdf"), "mime_type": "application/pdf"}
                ],
            }
            for each in found
        ],
    }
    return respond(
        request,
        orjson.dumps(feed),
        last_modified=_changed(found),
        media_type="application/feed+json",
    )


@router.get("/feed.atom")
async def atom_feed(request: Request, database: Db) -> Response:
    """Answer with what changed last as Atom (RFC 4287)."""
    site = _site(request)
    async with database.connection() as connection:
        city = await city_of(connection)
        found = await _entries(connection, city)
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": LANGUAGE})
    _add(feed, "id", site.absolute("/feed.atom"))
    _add(feed, "title", tell("site", LANGUAGE, city=city.intake.city_name))
    _add(feed, "updated", _changed(found).isoformat())
    _link(feed, "self", site.absolute("/feed.atom"), "application/atom+xml")
    _link(feed, "alternate", site.absolute("/liste"), "text/html")
    _add(ET.SubElement(feed, "author"), "name", city.intake.city_name)
    for each in found:
        entry = ET.SubElement(feed, "entry")
        _add(entry, "id", site.absolute(each.path))
        _add(entry, "title", each.title)
        _add(entry, "updated", each.changed_at.isoformat())
        _add(entry, "published", each.published_at.isoformat())
        _add(entry, "summary", each.summary)
        ET.SubElement(entry, "category", {"term": each.term, "label": each.category})
        _link(entry, "alternate", site.absolute(each.path), "text/html")
        _link(entry, "enclosure", site.absolute(f"{each.path}.pdf"), "application/pdf")
    body = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return respond(request, body, last_modified=_changed(found), media_type="application/atom+xml")


def _site(request: Request) -> Site:
    """Return where the pages are; without a public address that by which they were asked for."""
    site: Site = request.app.state.site
    return site if site.public_url else Site(str(request.base_url).rstrip("/"))


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = NO_XML.sub("", text)


def _link(parent: ET.Element, rel: str, href: str, media_type: str) -> None:
    ET.SubElement(parent, "link", {"rel": rel, "href": href, "type": media_type})
