# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.login.flow import Departure, Login, safe_path
from stadttakt_runtime.login.provider import LoginRefused, Provider
from stadttakt_runtime.settings import ServiceSettings
from support.identity_provider import CLIENT_ID, IdentityProvider, identity_provider

BACK = "https://stadt.example/ideen/intern/anmelden/zurueck"
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
KEY = b"k" * 32


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider(
        anna=["coordinator"], bert=["Stadtplanung", "kpi:write"], carl=[]
    ) as provider:
        yield provider


def login(provider: IdentityProvider, **changes: Any) -> Login:
    settings = ServiceSettings(**{**provider.settings(), **changes})
    return Login(settings, KEY, {"coordinator": "registry:admin"}, "pages")


async def set_out(login: Login, who: str) -> tuple[Departure, dict[str, str]]:
    """Return a departure, and what the provider is asked by the browser that it is sent to."""
    departure = await login.depart(BACK, "/intern", NOW)
    query = parse_qs(urlsplit(departure.url).query)
    return departure, {"who": who, **{name: values[0] for name, values in query.items()}}


async def log_in(login: Login, provider: IdentityProvider, who: str, **changes: str) -> Any:
    departure, asked = await set_out(login, who)
    query = {"state": asked["state"], "code": provider.code(asked), **changes}
    return await login.arrive(query, {departure.cookie_name: departure.cookie}, NOW)


async def test_who_comes_back_has_the_scopes_that_the_provider_s_roles_stand_for(
    provider: IdentityProvider,
) -> None:
    here = login(provider, oidc_roles={"Stadtplanung": {"registry:rate", "registry:read"}})
    anna = await log_in(here, provider, "anna")
    assert (str(anna.principal), anna.back) == ("oidc:anna", "/intern")
    assert anna.principal.scopes == {"registry:admin"}
    bert = await log_in(here, provider, "bert")
    assert bert.principal.scopes == {"registry:rate", "registry:read", "kpi:write"}
    assert (await log_in(here, provider, "carl")).principal.scopes == set()


async def test_the_way_out_asks_for_a_code_with_pkce_state_and_nonce(
    provider: IdentityProvider,
) -> None:
    first, asked = await set_out(login(provider), "anna")
    assert asked | {"state": "", "nonce": "", "code_challenge": ""} == {
        "who": "anna", "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": BACK,
        "scope": "openid", "state": "", "nonce": "", "code_challenge": "",
        "code_challenge_method": "S256",
    }  # fmt: skip
    second, again = await set_out(login(provider), "anna")
    assert first.cookie_name != second.cookie_name
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) == 43
        assert asked[name] != again[name]
        assert asked[name] not in first.cookie


async def test_roles_are_asked_for_at_the_user_s_door_where_the_token_lacks_them(
    provider: IdentityProvider,
) -> None:
    provider.roles_at_the_user_door = True
    anna = await log_in(login(provider), provider, "anna")
    assert anna.principal.scopes == {"registry:admin"}


async def test_a_client_without_secret_proves_itself_by_pkce_alone(
    provider: IdentityProvider,
) -> None:
    provider.secret = None
    assert (await log_in(login(provider), provider, "anna")).principal.id == "anna"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": "\ud800"},
        {"aud": "another"},
        {"aud": [CLIENT_ID, "more"], "azp": "more"},
        {"iss": "https://evil.example"},
        {"exp": 1},
    ],
)
async def test_an_id_token_of_another_login_client_provider_or_time_lets_nobody_in(
    provider: IdentityProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    with pytest.raises(LoginRefused, match="ID token"):
        await log_in(login(provider), provider, "anna")


async def test_an_id_token_that_somebody_else_signed_lets_nobody_in(
    provider: IdentityProvider,
) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    with pytest.raises(LoginRefused, match="not valid"):
        await log_in(login(provider), provider, "anna")


async def test_only_the_browser_that_set_out_arrives_and_only_in_time(
    provider: IdentityProvider,
) -> None:
    here = login(provider)
    departure, asked = await set_out(here, "anna")
    query = {"state": asked["state"], "code": provider.code(asked)}
    kept = {departure.cookie_name: departure.cookie}
    other, _ = await set_out(here, "anna")
    swapped = {departure.cookie_name: other.cookie}
    for cookies in ({}, {departure.cookie_name: "AAAA"}, swapped):
        with pytest.raises(LoginRefused):
            await here.arrive(query, cookies, NOW)
    with pytest.raises(LoginRefused, match="ten minutes"):
        await here.arrive(query, kept, NOW + timedelta(minutes=10))
    with pytest.raises(LoginRefused, match="access_denied"):
        await here.arrive({"state": asked["state"], "error": "access_denied"}, kept, NOW)
    with pytest.raises(LoginRefused, match="another provider"):
        await here.arrive({**query, "iss": "https://evil.example"}, kept, NOW)
    assert (await here.arrive(query, kept, NOW)).principal.id == "anna"
    with pytest.raises(LoginRefused):
        await here.arrive(query, kept, NOW)


async def test_a_stolen_code_is_worth_nothing_without_the_verifier(
    provider: IdentityProvider,
) -> None:
    here = login(provider)
    _, of_anna = await set_out(here, "anna")
    with pytest.raises(LoginRefused, match="did not take"):
        await log_in(here, provider, "bert", code=provider.code(of_anna))


async def test_a_provider_that_is_away_or_another_is_503(provider: IdentityProvider) -> None:
    provider.is_down = True
    with pytest.raises(Unavailable):
        await login(provider).depart(BACK, "/intern", NOW)
    provider.is_down, provider.metadata = False, {"issuer": "https://evil.example"}
    with pytest.raises(Unavailable):
        await login(provider).depart(BACK, "/intern", NOW)
    with pytest.raises(Unavailable):
        await Provider("http://127.0.0.1:1").doors()


def test_a_secure_issuer_s_doors_are_secure() -> None:
    doors = {
        "issuer": "https://login.example",
        "authorization_endpoint": "https://login.example/a",
        "token_endpoint": "http://login.example/t",
        "jwks_uri": "https://login.example/k",
    }
    with pytest.raises(ValueError, match="not https"):
        Provider("https://login.example")._doors_of(doors)


async def test_logging_out_of_the_provider_comes_back(provider: IdentityProvider) -> None:
    url = await login(provider).end_url("https://stadt.example/ideen/intern/abgemeldet")
    assert url is not None
    assert url.startswith(f"{provider.issuer}/logout?client_id=stadttakt+pages&post_logout")
    provider.metadata = {"end_session_endpoint": None}
    assert await login(provider).end_url("https://stadt.example/") is None


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/intern/idee/idea-0001?lang=en", "/intern/idee/idea-0001?lang=en"),
        ("/intern?q=B%C3%A4nke", "/intern?q=B%C3%A4nke"),
        ("//evil.example", "/intern"),
        ("/intern//evil.example", "/intern"),
        ("/intern/\\evil.example", "/intern"),
        ("https://evil.example/intern", "/intern"),
        ("/liste", "/intern"),
        ("/intern\r\nset-cookie: x", "/intern"),
        (None, "/intern"),
    ],
)
def test_one_comes_back_to_our_own_pages_only(path: str | None, safe: str) -> None:
    assert safe_path(path, "/intern") == safe
