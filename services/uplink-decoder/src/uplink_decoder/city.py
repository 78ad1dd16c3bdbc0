"""Applies a city's `devices.csv` and `assets.csv` and checks its `sources.yaml` (entry point `stadttakt.city`)."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError
from uplink_decoder.assets import AssetRow, read_assets
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.sources import read_sources
from uplink_decoder.storage import assets as asset_storage
from uplink_decoder.storage import devices as storage


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _tags(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in value.split(";") if pair]
    return {key.strip(): text.strip() for key, _, text in pairs}


OptionalText = Annotated[str | None, BeforeValidator(_empty_is_none)]


class DeviceRow(BaseModel):
    """One line of `devices.csv`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dev_eui: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{16}|tts/[^/]+/[^/]+)$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    codec_id: OptionalText
    asset_kind: Annotated[
        Literal["bay", "lot_gate", "vehicle", "environment"] | None,
        BeforeValidator(_empty_is_none),
    ]
    asset_id: OptionalText
    expected_interval_s: Annotated[
        Annotated[int, Field(gt=0, le=31_536_000)] | None, BeforeValidator(_empty_is_none)
    ]
    tags: Annotated[dict[str, str], BeforeValidator(_tags)]

    @model_validator(mode="after")
    def _fits(self) -> DeviceRow:
        if (self.asset_kind is None) != (self.asset_id is None):
            raise ValueError("asset_kind and asset_id belong together")
        if self.codec_id is not None and self.codec_id not in NATIVE_CODECS:
            raise ValueError(f"there is no codec {self.codec_id!r}")
        return self


def read_devices(city: Path) -> list[DeviceRow]:
    """Read a city's `devices.csv`.

    Raises:
        CityError: absent, not UTF-8, a wrong header, a wrong line, or an EUI given twice.

    """
    path = city / "devices.csv"
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CityError(path, str(error)) from error
    reader = csv.DictReader(lines)
    rows: dict[str, DeviceRow] = {}
    for record in reader:
        row = _row(path, reader.line_num, record)
        if row.dev_eui in rows:
            raise CityError(path, f"{row.dev_eui} stands twice", line=reader.line_num)
        rows[row.dev_eui] = row
    return list(rows.values())


def _row(path: Path, line: int, record: dict[str, str]) -> DeviceRow:
    if None in record:
        raise CityError(path, "more columns than the header names", line=line)
    try:
        return DeviceRow.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        raise CityError(path, f"{where}: {first['msg']}", line=line) from error


def apply(city: Path, database_url: str) -> Sequence[str]:
    """Bring the device registry in line with the city folder; return lines for the report."""
    sources = read_sources(city)
    rows = read_devices(city)
    assets = read_assets(city)
    changed, retired, changed_assets = asyncio.run(_apply(rows, assets, database_url))
    return [
        f"{len(sources)} sources",
        f"{len(rows)} devices ({changed} new or changed, {retired} retired)",
        f"{len(assets)} assets ({changed_assets} changed)",
    ]


async def _apply(
    rows: Sequence[DeviceRow], assets: Sequence[AssetRow], database_url: str
) -> tuple[int, int, int]:
    async with (
        Database.open(database_url, schema="uplink", size=2) as database,
        database.transaction() as connection,
    ):
        changed_assets = await asset_storage.apply_assets(connection, assets)
        return (*await storage.apply_devices(connection, rows), changed_assets)
