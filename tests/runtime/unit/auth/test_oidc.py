# SPDX-License-Identifier: EUPL-1.2
import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from joserfc.jws import default_registry
from joserfc.util import urlsafe_b64encode

from stadttakt_runtime.auth.jwks import KeySource
from stadttakt_runtime.auth.oidc import InvalidToken, OidcVerifier, granted_scopes
from stadttakt_runtime.http.problem import Unavailable

ISSUER = "https://login.example.org/realms/city"
AUDIENCE = "stadttakt"
KEYS: dict[str, Any] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "ed2", "use": "sig"}),
}


class Provider:
    """An identity provider's key endpoint on loopback."""

    def __init__(self) -> None:
        self.keys = list(KEYS.values())
        self.fetches = 0
        self.status = "200 OK"
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        body = orjson.dumps(KeySet(self.keys).as_dict(private=False))
        head = f"HTTP/1.1 {self.status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    async with server:
        provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(provider: Provider, clock: Clock) -> OidcVerifier:
    return OidcVerifier(ISSUER, AUDIENCE, "scope", KeySource(provider.url, clock))


def token(
    algorithm: str = "RS256", *, key: Any = None, kid: str | None = None, **changes: Any
) -> str:
    key = key or KEYS[algorithm]
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "8f1c",
        "exp": 300,
        "nbf": -1,
        "scope": "openid devices:read kpi:write",
        **changes,
    }
    for name in ("exp", "nbf"):
        if isinstance(claims[name], int):
            claims[name] += now
    claims = {name: value for name, value in claims.items() if value is not ...}
    header = {"alg": algorithm, "kid": kid or key.kid}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA", "Ed25519"])
async def test_signed_token_gives_its_subject_and_our_scopes(
    verifier: OidcVerifier, algorithm: str
) -> None:
    principal = await verifier.principal(token(algorithm))
    assert (principal.kind, principal.id) == ("oidc", "8f1c")
    assert principal.scopes == {"devices:read", "kpi:write"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": ...},
        {"aud": "another"},
        {"aud": ...},
        {"exp": -61},
        {"exp": ...},
        {"exp": "soon"},
        {"nbf": 120},
        {"sub": ...},
    ],
)
async def test_token_with_a_wrong_or_missing_claim_proves_nothing(
    verifier: OidcVerifier, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken):
        await verifier.principal(token(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": -30},
        {"nbf": 30},
        {"aud": ["another", AUDIENCE]},
    ],
)
async def test_clocks_may_differ_by_a_minute_and_audiences_be_several(
    verifier: OidcVerifier, changes: dict[str, Any]
) -> None:
    assert (await verifier.principal(token(**changes))).id == "8f1c"


async def test_foreign_signature_under_a_known_key_id_is_refused(verifier: OidcVerifier) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    with pytest.raises(InvalidToken):
        await verifier.principal(token(key=stranger))


async def test_published_key_is_no_shared_secret(verifier: OidcVerifier) -> None:
    public = OctKey.generate_key(256, {"kid": "rsa"})
    with pytest.raises(InvalidToken, match="HS256 is not accepted"):
        await verifier.principal(token("HS256", key=public))


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "..", "e30.e30.e30", "ü.ü.ü", "x" * 9000])
async def test_what_is_no_token_is_refused(verifier: OidcVerifier, text: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier.principal(text)


async def test_unsigned_token_is_refused(verifier: OidcVerifier) -> None:
    with pytest.raises(InvalidToken):
        await verifier.principal("eyJhbGciOiJub25lIiwia2lkIjoicnNhIn0.e30.")


def signed(header: bytes, claims: bytes) -> str:
    """Return a token of any header and claims, with a right signature."""
    signing = urlsafe_b64encode(header) + b"." + urlsafe_b64encode(claims)
    signature = default_registry.algorithms["RS256"].sign(signing, KEYS["RS256"])
    return (signing + b"." + urlsafe_b64encode(signature)).decode()


def told(base: dict[str, Any], name: str, value: bytes) -> bytes:
    return orjson.dumps({**base, name: "MARK"}).replace(b'"MARK"', value)


STRANGE = [
    *(b"1", b"null", b"true", b"NaN", b"1e999", b"[]", b"[1]", b'["b64"]', b'[["x"]]', b"[{}]"),
    *(b"{}", b'"\\ud800"', b'"\\u0000"', b"9" * 400, b"[" * 3000 + b"]" * 3000),
]
HEADER = {"alg": "RS256", "kid": "rsa"}
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "8f1c", "exp": 2**40}


async def test_token_is_signed_as_it_is_written(verifier: OidcVerifier) -> None:
    text = signed(orjson.dumps(HEADER), orjson.dumps(CLAIMS))
    assert (await verifier.principal(text)).id == "8f1c"


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("name", ["alg", "kid", "crit"])
async def test_header_that_says_something_strange_is_refused_in_words(
    verifier: OidcVerifier, name: str, value: bytes
) -> None:
    with pytest.raises(InvalidToken) as caught:
        await verifier.principal(signed(told(HEADER, name, value), orjson.dumps(CLAIMS)))
    assert orjson.dumps(str(caught.value))


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("name", ["iss", "aud", "sub"])
async def test_claim_that_says_something_strange_is_refused_in_words(
    verifier: OidcVerifier, name: str, value: bytes
) -> None:
    with pytest.raises(InvalidToken) as caught:
        await verifier.principal(signed(orjson.dumps(HEADER), told(CLAIMS, name, value)))
    assert orjson.dumps(str(caught.value))


@pytest.mark.parametrize("header", [b'"alg"', b'["alg"]', b'"alg kid"', b"[" * 3000, b"1", b""])
async def test_header_that_is_no_object_is_refused(verifier: OidcVerifier, header: bytes) -> None:
    with pytest.raises(InvalidToken):
        await verifier.principal(signed(header, orjson.dumps(CLAIMS)))


async def test_keys_are_fetched_once_for_many_tokens(
    verifier: OidcVerifier, provider: Provider
) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(verifier.principal(token()))
    assert provider.fetches == 1


async def test_new_key_is_found_when_it_is_first_named(
    verifier: OidcVerifier, provider: Provider, clock: Clock
) -> None:
    await verifier.principal(token())
    new = ECKey.generate_key("P-256", {"kid": "new", "use": "sig"})
    provider.keys.append(new)
    clock.now_s += 61
    assert (await verifier.principal(token("ES256", key=new))).id == "8f1c"
    assert provider.fetches == 2


async def test_unknown_keys_make_at_most_one_fetch_a_minute(
    verifier: OidcVerifier, provider: Provider, clock: Clock
) -> None:
    await verifier.principal(token())
    for _ in range(5):
        with pytest.raises(InvalidToken):
            await verifier.principal(token(kid="guess"))
    assert provider.fetches == 1
    clock.now_s += 61
    for _ in range(5):
        with pytest.raises(InvalidToken):
            await verifier.principal(token(kid="guess"))
    assert provider.fetches == 2


async def test_withdrawn_key_stops_working_within_ten_minutes(
    verifier: OidcVerifier, provider: Provider, clock: Clock
) -> None:
    await verifier.principal(token())
    provider.keys = [KEYS["ES256"]]
    clock.now_s += 601
    with pytest.raises(InvalidToken):
        await verifier.principal(token())


async def test_known_keys_outlast_an_absence_of_the_provider(
    verifier: OidcVerifier, provider: Provider, clock: Clock
) -> None:
    await verifier.principal(token())
    provider.status = "500 Internal Server Error"
    clock.now_s += 1_800
    assert (await verifier.principal(token())).id == "8f1c"
    clock.now_s += 1_801
    with pytest.raises(Unavailable) as caught:
        await verifier.principal(token())
    assert (caught.value.status, caught.value.code) == (503, "identity_provider_away")


async def test_provider_away_from_the_start_is_503_and_not_asked_in_a_storm(
    provider: Provider, clock: Clock
) -> None:
    provider.status = "502 Bad Gateway"
    verifier = OidcVerifier(ISSUER, AUDIENCE, "scope", KeySource(provider.url, clock))
    for _ in range(5):
        with pytest.raises(Unavailable):
            await verifier.principal(token())
    assert provider.fetches == 1


async def test_provider_that_does_not_listen_is_503(clock: Clock) -> None:
    source = KeySource("http://127.0.0.1:1/keys", clock)
    with pytest.raises(Unavailable):
        await OidcVerifier(ISSUER, AUDIENCE, "scope", source).principal(token())


@pytest.mark.parametrize(
    ("claims", "claim", "scopes"),
    [
        ({"scope": "devices:read openid"}, "scope", {"devices:read"}),
        ({"roles": ["admin", 7, "else"]}, "roles", {"admin"}),
        ({"realm_access": {"roles": ["replay"]}}, "realm_access.roles", {"replay"}),
        ({"https://x.y/roles": ["replay"]}, "https://x.y/roles", {"replay"}),
        ({"scope": {"devices:read": True}}, "scope", set()),
        ({"realm_access": "admin"}, "realm_access.roles", set()),
        ({}, "scope", set()),
    ],
)
def test_scopes_are_read_from_the_configured_claim(
    claims: dict[str, Any], claim: str, scopes: set[str]
) -> None:
    assert granted_scopes(claims, claim) == scopes
