# SPDX-License-Identifier: EUPL-1.2
"""Places as the pages' script reads them: bytes, made anew when they are others."""

from __future__ import annotations

from typing import Any

import orjson

from open_data_publisher.domain.portal import BaseMap, Language
from open_data_publisher.places import Gazetteer, Places
from open_data_publisher.shelf import Built
from stadttakt_runtime.clock import utc_now


class PlacesFile:
    """Where vehicles stop, what lines are called and whose map it is; one file for each language."""

    def __init__(self, gazetteer: Gazetteer, base_map: BaseMap) -> None:
        self._gazetteer = gazetteer
        self._base_map = base_map
        self._built: dict[Language, tuple[Places, Built]] = {}

    async def now(self, language: Language) -> Built:
        """Return the file as it is now."""
        places = await self._gazetteer.places()
        kept = self._built.get(language)
        if kept is None or kept[0] is not places:
            kept = (places, Built.of(orjson.dumps(self._body(places, language)), utc_now()))
            self._built[language] = kept
        return kept[1]

    def _body(self, places: Places, language: Language) -> dict[str, Any]:
        tiles = {"path": self._base_map.tiles, "max_zoom": self._base_map.tiles_max_zoom}
        return {
            "stops": {key: [each.name, each.lat, each.lon] for key, each in places.stops.items()},
            "ends": {key: dict(each.ends) for key, each in places.lines.items()},
            "base_map": self._base_map.geojson is not None,
            "tiles": tiles if self._base_map.tiles else None,
            "credits": [{"text": each.text, "url": each.url} for each in self._base_map.credits],
            "language": language,
        }
