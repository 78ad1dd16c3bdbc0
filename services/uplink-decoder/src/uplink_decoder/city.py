# SPDX-License-Identifier: EUPL-1.2
"""Applies a city's `devices.csv` and `assets.csv` and checks its `sources.yaml` (entry point `stadttakt.city`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError
from uplink_decoder.assets import AssetRow, read_assets
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.registry.folder import Applied, PlannedOtherwiseError, apply_folder
from uplink_decoder.registry.lines import LineError, Numbered, read_lines, unknown_codecs
from uplink_decoder.sources import read_sources
from uplink_decoder.storage import assets as asset_storage
from uplink_decoder.storage import codecs
from uplink_decoder.storage.registry import Author

FILE = "devices.csv"
AUTHOR = "city folder"
NAMED = 5
"""So many devices are named in the report of an apply, the others counted."""


def read_devices(city: Path) -> list[Numbered]:
    """Read a city's `devices.csv`.

    Raises:
        CityError: absent, not UTF-8, or the first thing that is wrong in it.

    """
    path = city / FILE
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CityError(path, str(error)) from error
    lines, errors = read_lines(text)
    _refuse(path, errors)
    return lines


def _refuse(path: Path, errors: Sequence[LineError]) -> None:
    if errors:
        line, column, detail, _ = min(errors, key=lambda each: each.line)
        raise CityError(path, f"{column or 'line'}: {detail}", line=line)


def apply(city: Path, database_url: str) -> Sequence[str]:
    """Bring the device registry in line with the city folder; return lines for the report."""
    sources = read_sources(city)
    lines = read_devices(city)
    assets = read_assets(city)
    applied, changed_assets = asyncio.run(_apply(city / FILE, lines, assets, database_url))
    report = [
        f"{len(sources)} sources",
        f"{len(lines)} devices ({applied.changed} new or changed, {applied.retired} retired)",
        f"{len(assets)} assets ({changed_assets} changed)",
    ]
    if applied.kept:
        report.append(_kept(applied.kept))
    if applied.shared:
        report.append(_shared(applied.shared))
    return report


def check_city(city: Path, *, production: bool) -> Sequence[str]:
    """Check what a city folder says of sources, devices and assets; needs no database."""
    del production
    sources, lines, assets = read_sources(city), read_devices(city), read_assets(city)
    simulated = sum(source.simulated for source in sources)
    report = [
        f"{len(sources)} sources, {simulated} of them simulated",
        f"{len(lines)} devices, {len(assets)} assets",
    ]
    if foreign := sorted({str(line.codec_id) for _, line in _foreign(lines)}):
        report.append(f"codecs to be uploaded before the city is applied: {', '.join(foreign)}")
    return report


def _foreign(lines: Sequence[Numbered]) -> list[Numbered]:
    numbers = {error.line for error in unknown_codecs(lines, frozenset(NATIVE_CODECS))}
    return [line for line in lines if line.number in numbers]


def _kept(kept: Sequence[str]) -> str:
    more = f" and {len(kept) - NAMED} more" if len(kept) > NAMED else ""
    return f"{len(kept)} devices left as operators changed them: {', '.join(kept[:NAMED])}{more}"


def _shared(bays: Sequence[str]) -> str:
    more = f" and {len(bays) - NAMED} more" if len(bays) > NAMED else ""
    return f"{len(bays)} bays are watched by several devices: {', '.join(bays[:NAMED])}{more}"


async def _apply(
    path: Path, lines: Sequence[Numbered], assets: Sequence[AssetRow], database_url: str
) -> tuple[Applied, int]:
    author = Author(AUTHOR, utc_now())
    wishes = [line.complete_wish() for _, line in lines]
    async with (
        Database.open(database_url, schema="uplink", size=2) as database,
        database.transaction() as connection,
    ):
        changed_assets = await asset_storage.apply_assets(connection, assets)
        _refuse(path, unknown_codecs(lines, await codecs.codec_ids(connection)))
        try:
            applied = await apply_folder(connection, wishes, author)
        except PlannedOtherwiseError as error:
            number = lines[error.position].number
            raise CityError(path, str(error), line=number) from error
        return applied, changed_assets
