# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt observations import` brings a file of any size through a running decoder."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from support.asking import mint_key
from support.http_app import served
from uplink_decoder.commands.observations import PIECE_BYTES, app, pieces
from uplink_decoder.settings import UplinkSettings

SOURCES = """
sources:
  - {source_id: partner, dialect: canonical, topics: [], rights: [{kinds: [environment]}]}
"""
HEADER = "time,asset_id,quantity,value,unit\n"


@pytest.fixture
def settings(settings: UplinkSettings) -> UplinkSettings:
    assert settings.city
    (settings.city / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    return settings


async def run(running: Any, settings: UplinkSettings, file: Path, *options: str) -> Result:
    """Run the command as outside, against the decoder over a real socket."""
    key = await mint_key(settings.database_url.get_secret_value(), "observations:write")
    async with served(running.http._transport.app) as client:
        command = ["import", str(file), "--source", "partner", "--url", str(client.base_url)]
        return await asyncio.to_thread(
            CliRunner().invoke, app, [*command, "--key", key, *options], terminal_width=200
        )


def write(file: Path, count: int) -> Path:
    lines = [
        f"2019-03-{1 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00Z"
        f",markt-{'x' * 60},air.temperature,{number % 30},°C\n"
        for number in range(count)
    ]
    file.write_text("\ufeff" + HEADER + "".join(lines), encoding="utf-8")
    return file


async def test_file_of_several_pieces_is_imported_once_with_errors_by_line(
    running: Any, settings: UplinkSettings, tmp_path: Path
) -> None:
    file = write(tmp_path / "readings.csv", 4000)
    assert file.stat().st_size > PIECE_BYTES
    with file.open("a", encoding="utf-8") as stream:
        stream.write("2019-03-09T00:00:00Z,markt,air.temperature,warm,°C\n")
    report = tmp_path / "errors.csv"
    tried = await run(running, settings, file, "--dry-run")
    assert await running.rows("select 1 from environment limit 1") == []
    done = await run(running, settings, file, "--report", str(report))
    again = await run(running, settings, file)
    assert [result.exit_code for result in (tried, done, again)] == [1, 1, 1]
    assert "dry run: nothing is stored" in tried.output
    assert len(await running.rows("select 1 from environment")) == 4000
    with report.open(encoding="utf-8", newline="") as stream:
        (error,) = csv.DictReader(stream)
    assert (error["line"], error["field"], error["code"]) == ("4002", "value", "no_number")


async def test_decoder_that_refuses_is_one_line_and_exit_1(
    running: Any, settings: UplinkSettings, tmp_path: Path
) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("time,colour\n", encoding="utf-8")
    refused = await run(running, settings, file)
    assert (refused.exit_code, refused.exception.__class__) == (1, SystemExit)
    assert "422 validation_failed" in refused.output


def test_pieces_have_the_header_each_and_lose_no_line(tmp_path: Path) -> None:
    file = write(tmp_path / "readings.csv", 9000)
    found = list(pieces(file))
    assert len(found) > 2
    bodies = [piece.body.decode().splitlines() for piece in found]
    assert {body[0] for body in bodies} == {HEADER.strip()}
    assert sum(len(body) - 1 for body in bodies) == 9000
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    for piece, body in zip(found, bodies, strict=True):
        assert body[1] == lines[piece.first]
