# SPDX-License-Identifier: EUPL-1.2
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stadttakt_runtime.auth.api_key import ApiKey, StoredKey, hash_secret, mint, parse
from stadttakt_runtime.auth.principal import Principal

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = ApiKey("0123456789ab", "s" * 43)
STORED = StoredKey(
    key_id=KEY.key_id,
    secret_hash=hash_secret(KEY.secret),
    scopes=frozenset({"devices:read"}),
    label="test",
    created_at=NOW,
    expires_at=None,
    revoked_at=None,
    last_used_at=None,
)


def test_minted_key_is_read_back() -> None:
    key = mint()
    assert parse(str(key)) == key
    assert len(key.secret) * 6 >= 256


def test_minted_keys_differ() -> None:
    assert len({mint().secret for _ in range(100)}) == 100


def test_key_in_a_log_hides_its_secret() -> None:
    assert repr(KEY) == "ApiKey(0123456789ab)"
    assert f"{[KEY]}" == "[ApiKey(0123456789ab)]"


@pytest.mark.parametrize(
    "text",
    ["", "stk_", "stk_0123456789ab_short", f"{KEY}x", f" {KEY}", f"{KEY}\n", "stk_é_" + "s" * 43],
)
def test_what_is_no_key_is_not_read(text: str) -> None:
    assert parse(text) is None


def test_only_the_right_secret_belongs() -> None:
    assert STORED.belongs_to(KEY)
    assert not STORED.belongs_to(KEY._replace(secret="t" * 43))


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"expires_at": NOW + timedelta(seconds=1)}, True),
        ({"expires_at": NOW}, False),
        ({"revoked_at": NOW - timedelta(days=1)}, False),
    ],
)
def test_key_is_valid_until_it_expires_or_is_revoked(
    change: dict[str, Any], *, valid: bool
) -> None:
    assert replace(STORED, **change).is_valid(NOW) is valid


@pytest.mark.parametrize(("age_s", "due"), [(None, True), (59, False), (60, True)])
def test_use_is_noted_once_a_minute(age_s: int | None, *, due: bool) -> None:
    used = None if age_s is None else NOW - timedelta(seconds=age_s)
    assert replace(STORED, last_used_at=used).is_use_unnoted(NOW) is due


def test_admin_holds_all_scopes_and_others_only_theirs() -> None:
    admin = Principal("api_key", "a", frozenset({"admin"}))
    reader = Principal("api_key", "b", frozenset({"devices:read"}))
    assert admin.may("devices:write")
    assert reader.may("devices:read")
    assert not reader.may("devices:write")
    assert str(reader) == "api_key:b"
