# SPDX-License-Identifier: EUPL-1.2
"""The city folder's `assets.csv`: places where quantities are measured and published."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from stadttakt_messages.base import PlainId
from stadttakt_runtime.plain_words import first_fault
from stadttakt_runtime.plugins import CityError

FILE = "assets.csv"


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x1f]*$")]


class AssetRow(BaseModel):
    """One line of `assets.csv`; WGS 84 degrees, height in metres above the ground."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset_id: PlainId
    kind: Literal["environment"]
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    height_m: Annotated[
        Annotated[float, Field(ge=-100, le=1000)] | None, BeforeValidator(_empty_is_none)
    ]
    description: Text


def read_assets(city: Path) -> list[AssetRow]:
    """Read a city's `assets.csv`; a city without one has no assets.

    Raises:
        CityError: not UTF-8, a wrong header, a wrong line, or an id given twice.

    """
    path = city / FILE
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise CityError(path, str(error)) from error
    reader = csv.DictReader(lines)
    rows: dict[str, AssetRow] = {}
    for record in reader:
        row = _row(path, reader.line_num, record)
        if row.asset_id in rows:
            raise CityError(path, f"{row.asset_id} stands twice", line=reader.line_num)
        rows[row.asset_id] = row
    return list(rows.values())


def _row(path: Path, line: int, record: dict[str, str]) -> AssetRow:
    if None in record:
        raise CityError(path, "more columns than the header names", line=line)
    try:
        return AssetRow.model_validate(record)
    except ValidationError as error:
        raise CityError(path, first_fault(error), line=line) from error
