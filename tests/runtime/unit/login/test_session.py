# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.login.sealed import MOST_CHARACTERS, key_of
from stadttakt_runtime.login.session import Sessions

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
SOMEBODY = Principal("oidc", "8f1c", frozenset({"registry:rate", "kpi:write"}))


def test_a_session_of_a_key_ends_by_itself_and_opens_with_its_key_only() -> None:
    sessions = Sessions(b"k" * 32, hours=8)
    cookie = sessions.of_key("stk_geheim", NOW)
    held = sessions.session(cookie, NOW + timedelta(hours=7, minutes=59))
    assert held is not None
    assert (held.credentials, held.principal) == ("stk_geheim", None)
    assert "geheim" not in repr(held)
    assert sessions.session(cookie, NOW + timedelta(hours=8)) is None
    assert Sessions(b"x" * 32, hours=8).session(cookie, NOW) is None
    for broken in (cookie[:-6] + "AAAA==", "ö", "", None, "A" * (MOST_CHARACTERS + 1)):
        assert sessions.session(broken, NOW) is None


def test_a_session_of_the_provider_holds_who_came_and_what_they_may() -> None:
    sessions = Sessions(key_of("the client's secret"), hours=1)
    cookie = sessions.of_principal(SOMEBODY, NOW)
    held = Sessions(key_of("the client's secret"), hours=1).session(cookie, NOW)
    assert held is not None
    assert (held.credentials, held.principal) == (None, SOMEBODY)
    assert sessions.session(cookie, NOW + timedelta(hours=1)) is None
    assert key_of(None) != key_of(None)


def test_a_form_is_of_who_was_given_it_even_after_logging_in_again() -> None:
    sessions = Sessions(b"k" * 32, hours=8)
    first, again, other = (
        sessions.session(sessions.of_principal(Principal("oidc", who, frozenset()), NOW), NOW)
        for who in ("anna", "anna", "bert")
    )
    assert first
    assert again
    assert other
    assert first.login_id != again.login_id
    assert again.owns(first.form_token)
    assert not other.owns(first.form_token)
    assert not first.owns(None)
    assert not first.owns("\ud800")
