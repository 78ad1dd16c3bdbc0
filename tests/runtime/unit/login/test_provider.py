# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from typing import Any

import httpx
import pytest

from stadttakt_runtime.auth.jwks import KeySource
from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.login.provider import LoginRefused, Provider, Tokens

ISSUER = "https://login.example"
DOORS = (
    '{"issuer": "https://login.example", "authorization_endpoint": "https://login.example/a",'
    ' "token_endpoint": "https://login.example/t", "userinfo_endpoint": "https://login.example/u",'
    ' "jwks_uri": "https://login.example/k"}'
)
DEEP = b"[" * 3000 + b"]" * 3000
NONE = [b"", b"\xff", b"[]", b"1", b"null", b"{}", DEEP, b'{"issuer": ' + DEEP + b"}"]


class Answering(Provider):
    """A provider that answers so, its configuration first."""

    def __init__(self, *answers: bytes, status: int = 200) -> None:
        super().__init__(ISSUER)
        self.answers, self.status = list(answers), status

    async def _answer(self, method: str, url: str, **options: Any) -> httpx.Response:
        request = httpx.Request(method, url, headers=options.get("headers"))
        status = self.status if url.endswith("/t") else 200
        return httpx.Response(status, content=self.answers.pop(0), request=request)


class Keys(KeySource):
    """Keys at a provider that answers so."""

    def __init__(self, body: bytes) -> None:
        super().__init__(f"{ISSUER}/k")
        self.body = body

    async def _answer(self) -> httpx.Response:
        return httpx.Response(200, content=self.body, request=httpx.Request("GET", ISSUER))


async def exchanged(provider: Provider) -> Tokens:
    return await provider.exchange("c", verifier="v", redirect_uri="r", client_id="i", secret=None)


@pytest.mark.parametrize("body", NONE, ids=lambda each: each[:20])
async def test_configuration_that_is_none_is_503(body: bytes) -> None:
    with pytest.raises(Unavailable):
        await Answering(body).doors()


@pytest.mark.parametrize(
    "address",
    [
        *("5", "true", '{"a": 1}', "[1]", '"/t"', '"http://login.example/t"'),
        *('"https://login.example\\n/t"', '"https://login.example:x/t"', '"https://\\ud800/t"'),
    ],
)
@pytest.mark.parametrize("door", ["a", "t", "u", "k"])
async def test_door_that_leads_nowhere_is_503(door: str, address: str) -> None:
    body = DOORS.replace(f'"https://login.example/{door}"', address)
    with pytest.raises(Unavailable):
        await Answering(body.encode()).doors()


async def test_address_of_a_door_is_written_as_it_is_sent() -> None:
    doors = await Answering(DOORS.replace("example/a", "example/\u00e4?b=c d").encode()).doors()
    assert doors.authorization == "https://login.example/%C3%A4?b=c%20d"
    assert doors.token == "https://login.example/t"


@pytest.mark.parametrize("body", [*NONE, b'{"id_token": 5}'], ids=lambda each: each[:20])
async def test_answer_without_tokens_lets_nobody_in(body: bytes) -> None:
    with pytest.raises((LoginRefused, Unavailable)):
        await exchanged(Answering(DOORS.encode(), body))
    with pytest.raises(LoginRefused):
        await exchanged(Answering(DOORS.encode(), body, status=400))


@pytest.mark.parametrize("access", [b'"a"', b'"\\ud800"', b'"a\\nb"', b"5", b"null"])
async def test_only_a_token_is_shown_at_the_user_s_door(access: bytes) -> None:
    tokens = b'{"id_token": "x", "access_token": ' + access + b"}"
    provider = Answering(DOORS.encode(), tokens, b'{"sub": "anna"}')
    told = await provider.user(await exchanged(provider))
    assert told == ({"sub": "anna"} if access == b'"a"' else {})


@pytest.mark.parametrize("body", [*NONE, b'{"keys": [' + DEEP + b"]}"], ids=lambda each: each[:20])
async def test_keys_that_are_none_are_503(body: bytes) -> None:
    with pytest.raises(Unavailable):
        await Keys(body).current()
