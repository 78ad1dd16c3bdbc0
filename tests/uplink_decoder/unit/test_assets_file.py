# SPDX-License-Identifier: EUPL-1.2
"""A city's `assets.csv`, line by line."""

from pathlib import Path

import pytest

from stadttakt_runtime.plugins import CityError
from uplink_decoder.assets import AssetRow, read_assets

HEADER = "asset_id,kind,name,lat,lon,height_m,description\n"
LINE = "klima-markt,environment,Markt,51.48,11.97,,\n"


def read(tmp_path: Path, text: str) -> list[AssetRow]:
    (tmp_path / "assets.csv").write_text(text, encoding="utf-8")
    return read_assets(tmp_path)


def test_city_without_the_file_has_no_assets(tmp_path: Path) -> None:
    assert read_assets(tmp_path) == []


def test_line_becomes_an_asset(tmp_path: Path) -> None:
    (row,) = read(tmp_path, HEADER + LINE)
    assert (row.asset_id, row.lat, row.height_m) == ("klima-markt", 51.48, None)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("klima markt,environment,Markt,51.48,11.97,,\n", "asset_id: must be 1 to "),
        ("klima,bay,Markt,51.48,11.97,,\n", "kind: must be 'environment'"),
        ("klima,environment,Markt,151.48,11.97,,\n", "lat: must be at most 90"),
        ("klima,environment,Markt,51.48,nan,,\n", "lon: must be"),
        ("klima,environment,,51.48,11.97,,\n", "name: must have 1 characters or more"),
        ("klima,environment,Markt,51.48,11.97,,,x\n", "more columns than the header names"),
        (LINE, "klima-markt stands twice"),
    ],
)
def test_wrong_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(CityError, match=reason) as caught:
        read(tmp_path, HEADER + LINE + line)
    assert caught.value.line == 3
