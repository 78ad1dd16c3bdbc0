# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import hmac
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typer.testing import CliRunner

from parking_occupancy.city.apply import apply_city
from parking_occupancy.commands import app
from parking_occupancy.signing import canonical
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.sse import Event

from .harness import World, until, write_city

FIRST, SECOND, MASTER = (bytes([n]) * 32 for n in (1, 2, 3))
SIGNING = """\
signing:
  use: {use}
  keys:
    - {{key_id: e1, algorithm: ed25519, secret_variable: TEST_E1}}
    - {{key_id: e2, algorithm: ed25519, secret_variable: TEST_E2}}
    - {{key_id: h1, algorithm: hmac-sha256, secret_variable: TEST_H1}}
"""


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in (("E1", FIRST), ("E2", SECOND), ("H1", MASTER)):
        monkeypatch.setenv(f"TEST_{name}", b64encode(secret).decode())


async def signed_city(folder: Path, world: World, use: str) -> Path:
    write_city(folder, sign=SIGNING.format(use=use))
    await asyncio.to_thread(apply_city, folder, world.database_url)
    return folder


def printed_key(city: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["sign-key", "tor", "--city", str(city), *options])
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def verify(algorithm: str, key: str, signature: dict[str, str], message: bytes) -> None:
    raw, value = (urlsafe_b64decode(text + "==") for text in (key, signature["value"]))
    if algorithm == "ed25519":
        Ed25519PublicKey.from_public_bytes(raw).verify(value, message)
    else:
        assert hmac.compare_digest(hmac.digest(raw, message, "sha256"), value)


def verify_json(algorithm: str, key: str, answer: dict[str, Any]) -> None:
    message = canonical(orjson.dumps({k: v for k, v in answer.items() if k != "signature"}))
    verify(algorithm, key, answer["signature"], message)


@pytest.mark.parametrize(("key_id", "algorithm"), [("e1", "ed25519"), ("h1", "hmac-sha256")])
async def test_every_way_out_of_a_sign_is_signed(
    bare_world: World, tmp_path: Path, key_id: str, algorithm: str
) -> None:
    city = await signed_city(tmp_path, bare_world, key_id)
    key = printed_key(city)
    async with bare_world.service() as service, bare_world.wire() as wire:
        await wire.observe("platz-1", occupied=False)
        answer = await service.sign()
        assert answer["signature"]["key_id"] == key_id
        verify_json(algorithm, key, answer)
        verify_json(algorithm, key, (await service.get("/v1/signs")).json()["items"][0])
        await until(_async(lambda: wire.last("sign/tor")), lambda data: data)
        verify_json(algorithm, key, wire.last("sign/tor"))
        screens = service.app.state.screens
        event = screens.replay("tor", None, utc_now().timestamp())[0]
        verify_json(algorithm, key, _data(event))
        over = screens.get("tor", utc_now().timestamp() + 3600)
        neutral = orjson.loads(over.json.body)
        assert neutral["text"] == "P"
        verify_json(algorithm, key, neutral)
        text = await service.get("/v1/signs/tor", accept="text/plain")
        named, used, value = text.headers["signature"].split(" ")
        assert (named, used) == (key_id, algorithm)
        fields = ("tor", text.headers["sequence"], text.headers["valid-until"], text.text[:-1])
        verify(algorithm, key, {"value": value}, "\n".join(fields).encode())


async def test_keys_rotate_and_the_former_one_stays_published(
    bare_world: World, tmp_path: Path
) -> None:
    city = await signed_city(tmp_path, bare_world, "e1")
    async with bare_world.service() as service:
        published = await service.get("/v1/signing-keys")
        assert published.headers["content-type"] == "application/jwk-set+json"
        keys = {key["kid"]: key for key in published.json()["keys"]}
        assert sorted(keys) == ["e1", "e2"]
        assert keys["e1"]["x"] == printed_key(city)
        assert keys["e2"]["x"] == printed_key(city, "--key-id", "e2")
        assert {key["crv"] for key in keys.values()} == {"Ed25519"}
        for secret in (FIRST, SECOND, MASTER):
            for form in (b64encode(secret), urlsafe_b64encode(secret).rstrip(b"=")):
                assert form not in published.content
        await signed_city(tmp_path, bare_world, "e2")
        turned = await until(service.sign, lambda sign: sign["signature"]["key_id"] == "e2")
        verify_json("ed25519", keys["e2"]["x"], turned)
        assert len((await service.get("/v1/signing-keys")).json()["keys"]) == 2


async def test_unusable_key_leaves_signs_unsigned_and_the_service_up(
    bare_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_E1")
    await signed_city(tmp_path, bare_world, "e1")
    async with bare_world.service() as service:
        assert (await service.sign())["signature"] is None
        text = await service.get("/v1/signs/tor", accept="text/plain")
        assert "signature" not in text.headers
        metrics = (await service.get("/metrics")).text
        assert "stadttakt_parking_unsigned_signs 1.0" in metrics


def test_key_of_a_sign_that_there_is_not_is_one_line(tmp_path: Path) -> None:
    write_city(tmp_path)
    for sign, message in (("nowhere", "there is no sign nowhere"), ("tor", "is not signed")):
        result = CliRunner().invoke(app, ["sign-key", sign, "--city", str(tmp_path)])
        assert result.exit_code == 1
        assert message in result.stderr


def _data(event: Event) -> dict[str, Any]:
    for line in event.wire.decode().splitlines():
        if line.startswith("data: "):
            parsed: dict[str, Any] = orjson.loads(line.removeprefix("data: "))
            return parsed
    raise AssertionError(event)


def _async(ask: Any) -> Any:
    async def asked() -> Any:
        return ask()

    return asked
