# SPDX-License-Identifier: EUPL-1.2
"""The base map of a city's pages, as the city folder has it: own GeoJSON, pictures of the same server, credits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from stadttakt_runtime.plain_words import first_fault
from stadttakt_runtime.plugins import CityError

MAX_MAP_BYTES = 2_000_000
PORTAL_FILE = Path("opendata") / "portal.yaml"
"""Where a city says what its portal's map shows; other services' maps show the same."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=300)]


def _tile_path(path: str) -> str:
    if not re.fullmatch(r"/[^/][\w{}./-]*", path):
        raise ValueError("must be a path of the same server: no visitor is sent to another one")
    if not all(name in path for name in ("{z}", "{x}", "{y}")):
        raise ValueError("lacks {z}, {x} or {y}")
    return path


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CreditEntry(_Entry):
    """Whose data the map shows."""

    text: Text
    url: Url | None = None


class TilesEntry(_Entry):
    """Pictures of a map behind the same server."""

    path: Annotated[Text, AfterValidator(_tile_path)]
    max_zoom: int = Field(default=19, ge=1, le=22)


class BaseMapEntry(_Entry):
    """What lies under the things that a map shows."""

    geojson: tuple[Annotated[str, StringConstraints(pattern=r"^[\w-]+\.geojson$")], ...] = ()
    tiles: TilesEntry | None = None
    credits: tuple[CreditEntry, ...] = ()

    def collection(self, folder: Path) -> bytes | None:
        """Return the features of all files as one collection; nothing where there are none.

        Files stay apart in the folder, because each has its own licence. Raises CityError.
        """
        if not self.geojson:
            return None
        files = [folder / name for name in self.geojson]
        found = {"type": "FeatureCollection", "features": list(_features_of(files))}
        return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


class _Block(BaseModel):
    base_map: BaseMapEntry = BaseMapEntry()


def read_base_map(city: Path) -> BaseMapEntry:
    """Return what a city's folder says of its base map; an empty one where it says nothing.

    Raises CityError, naming the file and what is wrong in it.
    """
    file = city / PORTAL_FILE
    if not file.exists():
        return BaseMapEntry()
    try:
        return _Block.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))).base_map
    except (OSError, yaml.YAMLError) as error:
        raise CityError(file, f"cannot be read as YAML: {error}") from error
    except ValidationError as error:
        raise CityError(file, first_fault(error)) from error


def _features_of(files: Iterable[Path]) -> Iterable[Any]:
    return chain.from_iterable(_features(file) for file in files)


def _features(file: Path) -> list[Any]:
    try:
        raw = file.read_bytes()
        document = json.loads(raw)
    except OSError as error:
        raise CityError(file, f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CityError(file, f"is no JSON: {error}") from error
    if len(raw) > MAX_MAP_BYTES:
        raise CityError(file, f"has {len(raw)} bytes, at most {MAX_MAP_BYTES}")
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise CityError(file, "is no FeatureCollection")
    return list(document["features"])
