# SPDX-License-Identifier: EUPL-1.2
"""After a replay everything is as if the new codec had been there when the uplinks came."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from support.asking import asker
from support.stack import Stack
from uplink_decoder.city import apply
from uplink_decoder.codecs.model import (
    AnyCodec,
    BayReading,
    Codec,
    CodecError,
    Decoded,
    EnvironmentReading,
    Frame,
    Measured,
    Reading,
    ScriptCodec,
)
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.rollups import RollUps
from uplink_decoder.settings import UplinkSettings

from .conftest import Running, run_decoder, uplink

BAY, CLIMATE, OTHER_CLIMATE = "0200000000000001", "0200000000000005", "0200000000000006"
QUANTITIES = (("air.temperature", "°C"), ("air.relativeHumidity", "%"), ("air.pressure", "hPa"))
SECOND = "second"

WITHOUT_STAMP = "data - 'codec_id' - 'codec_version'"
STATES = {
    "observation": f"""
        select kind, topic, source_id, subject, asset_id, dev_eui, observed_at, simulated,
            ({WITHOUT_STAMP})::text as data, own_time
        from observation where superseded_at is null""",
    "view": f"""
        select kind, subject, asset_id, sensor, observed_at, simulated,
            ({WITHOUT_STAMP})::text as data
        from v1_observation where superseded_at is null""",
    "environment": "select * from environment",
    "newest": "select * from environment_newest",
    "rollup": "select * from environment_rollup",
    "uplink": """
        select uplink_id, observed_at, codec_id, codec_version, decoded::text, flags::text,
            warnings::text, errors::text from uplink""",
    "quarantine": """
        select uplink_id, reason, detail, codec_version from quarantine
        where state = 'open'""",
}


@pytest.fixture
def second(
    tmp_path: Path, stack: Stack, migrated: str, settings: UplinkSettings
) -> Iterator[UplinkSettings]:
    """The same city on a database of its own, where the newer codecs are from the start."""
    owner = conninfo_to_dict(stack.postgres.url)["user"]
    url = make_url(stack.postgres.url).set(database=SECOND).render_as_string(hide_password=False)
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database {SECOND} owner {owner} template {migrated}")
        assert settings.city
        city = Path(shutil.copytree(settings.city, tmp_path / "second"))
        sources = city / "sources.yaml"
        root = f"{settings.topic_root}/second"
        sources.write_text(sources.read_text().replace(settings.topic_root, root))
        yield settings.model_copy(
            update={
                "database_url": SecretStr(url),
                "city": city,
                "topic_root": root,
                "instance": f"{settings.instance}-second",
            }
        )
        connection.execute(f"drop database {SECOND} with (force)")


def make_codecs(version: int) -> dict[str, AnyCodec]:
    """Codecs whose two versions agree on a third of the payloads and else on nothing."""
    made = {
        name: replace(NATIVE_CODECS[name], version=version, decode=decode_with(version))
        for name in ("bosch-tps110", "milesight-em300-th")
    }
    assert all(isinstance(each, Codec) for each in made.values())
    mapping: Mapping[str, Any] = {
        "readings": [
            {
                "kind": "environment",
                "quantities": [
                    {"quantity": name, "unit": unit, "path": f"$.{name.partition('.')[2]}"}
                    for name, unit in QUANTITIES[: version + 1]
                ],
            }
        ]
    }
    script = ScriptCodec(
        "milesight-vs350", version, "m", "x", SCRIPT, stateless=True, mapping=mapping
    )
    return {**NATIVE_CODECS, **made, "milesight-vs350": script}


SCRIPT = """
function decodeUplink(input) {
  var b = input.bytes;
  if (b[1] > 240) { return {errors: ["too high"]}; }
  return {data: {temperature: b[1] / 10, relativeHumidity: b[0] % 100, pressure: 900 + b[0]}};
}
"""


def decode_with(version: int) -> Any:
    def decode(frame: Frame) -> Decoded:
        agrees = frame.payload[0] % 3 == 0
        rng = Random(frame.payload.hex() + ("" if agrees else str(version)))
        if rng.random() < 0.15:
            raise CodecError("not in this version")
        readings = tuple(reading(frame, rng) for _ in range(rng.randrange(4)))
        return Decoded({"n": rng.randrange(3), "v": len(readings)}, readings)

    return decode


def reading(frame: Frame, rng: Random) -> Reading:
    minutes = rng.choice([None, 0, 0, 20, 40])
    base = datetime(2026, 11, 20, 8, tzinfo=UTC)
    at = None if minutes is None else base + timedelta(minutes=minutes, hours=frame.payload[0] % 4)
    if frame.f_port == 1:
        return BayReading(rng.random() < 0.5, observed_at=at)
    chosen = rng.sample(QUANTITIES, rng.randrange(1, 4))
    # One in some is implausible: it stands in the series and in no roll-up.
    measured = (Measured(name, rng.choice([5.5, 21.25, 50.0, 9e9]), unit) for name, unit in chosen)
    return EnvironmentReading(tuple(measured), observed_at=at)


def made_messages(rng: Random) -> list[tuple[str, dict[str, Any]]]:
    began = datetime.now(tz=UTC) - timedelta(days=3)
    messages = []
    for number in range(90):
        dev_eui = rng.choice([BAY, CLIMATE, OTHER_CLIMATE])
        body = uplink(dev_eui, number, base64.b64encode(rng.randbytes(3)).decode())
        body["time"] = (began + timedelta(minutes=number)).isoformat()
        body["fPort"] = 1 if dev_eui == BAY else 2
        messages.append((dev_eui, body))
    return messages


async def send(running: Running, messages: list[tuple[str, dict[str, Any]]]) -> None:
    for dev_eui, body in messages:
        await running.send(f"application/a/device/{dev_eui}/event/up", body)
    await running.until_rows("select 1 from uplink", len(messages))


async def state_of(running: Running) -> dict[str, Counter[bytes]]:
    await RollUps(running.decoder._database, raw_days=36_500).roll_up()
    return {
        name: Counter([orjson.dumps(row, default=str) for row in await running.rows(query)])
        for name, query in STATES.items()
    }


async def prepare(settings: UplinkSettings) -> None:
    assert settings.city
    with (settings.city / "devices.csv").open("a", encoding="utf-8") as devices:
        devices.write(f"{CLIMATE},climate,milesight-em300-th,environment,markt,600,\n")
        devices.write(f"{OTHER_CLIMATE},climate,milesight-vs350,environment,markt,600,\n")
    await asyncio.to_thread(apply, settings.city, settings.database_url.get_secret_value())


@pytest.mark.parametrize("seed", [1, 2])
async def test_replay_ends_where_the_newer_codec_would_have_been_from_the_start(
    settings: UplinkSettings, second: UplinkSettings, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    messages = made_messages(Random(seed))
    old, new = make_codecs(1), make_codecs(2)
    for each in (settings, second):
        await prepare(each)
    async with run_decoder(settings) as first:
        monkeypatch.setattr(first.decoder.pipeline._decoding, "_codecs", old)
        await send(first, messages)
        before = await state_of(first)
        monkeypatch.setattr(first.decoder._replayer._windows, "_codecs", new)
        ask = asker(first.http, settings.database_url.get_secret_value())
        await replay(first, ask)
        replayed = await state_of(first)
        # And back: nothing of what only the newer one said is left.
        monkeypatch.setattr(first.decoder._replayer._windows, "_codecs", old)
        await replay(first, ask)
        returned = await state_of(first)
    async with run_decoder(second) as fresh:
        monkeypatch.setattr(fresh.decoder.pipeline._decoding, "_codecs", new)
        await send(fresh, messages)
        expected = await state_of(fresh)
    assert all(before[name] != expected[name] for name in before), "the versions must differ"
    for name in STATES:
        assert rooted(replayed[name]) == rooted(expected[name]), name
        assert returned[name] == before[name], name


async def replay(running: Running, ask: Any) -> None:
    answer = await ask("POST", "/v1/replays", "replay", json={"everything": True})
    assert answer.status_code == 202, answer.text
    query = "select 1 from replay where replay_id = $1 and state = 'done'"
    await running.until_rows(query, 1, answer.json()["replay_id"])


def rooted(rows: Counter[bytes]) -> Counter[bytes]:
    return Counter(
        {row.replace(b"/second/observation", b"/observation"): n for row, n in rows.items()}
    )
