# SPDX-License-Identifier: EUPL-1.2
"""Who is logged in at pages: a sealed cookie with a key or who came from the provider, and a form token."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.login.sealed import Sealer

ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Session:
    """A login; `credentials` are checked anew with each request, `principal` came from the provider.

    Its form token is the same in all sessions of one caller: a form that is sent after logging in
    again is still theirs.
    """

    login_id: bytes
    ends_at: datetime
    form_token: str
    credentials: str | None = None
    principal: Principal | None = None

    def __repr__(self) -> str:
        return "Session(…)"

    def owns(self, form_token: object) -> bool:
        """Tell whether a form is of a page of this caller."""
        return isinstance(form_token, str) and hmac.compare_digest(
            form_token.encode(errors="replace"), self.form_token.encode()
        )


class Sessions:
    """Seals and opens cookies; what a browser holds tells nothing and ends by itself."""

    def __init__(self, key: bytes, hours: int) -> None:
        self._key = key
        self.lasts = timedelta(hours=hours)
        self._sealer = Sealer(key, b"session")

    def of_key(self, credentials: str, now: datetime) -> str:
        """Return the cookie of who came with a key or token."""
        return self._cookie("key", credentials, [], now)

    def of_principal(self, principal: Principal, now: datetime) -> str:
        """Return the cookie of who came from the provider, with the scopes that it gave."""
        return self._cookie("oidc", principal.id, sorted(principal.scopes), now)

    def _cookie(self, kind: str, who: str, scopes: list[str], now: datetime) -> str:
        ends = int((now + self.lasts).timestamp())
        login_id = secrets.token_hex(ID_BYTES)
        return self._sealer.seal([kind, who, scopes, ends, login_id])

    def session(self, cookie: str | None, now: datetime) -> Session | None:
        """Return the session of a cookie; nothing where it is none of ours, or is over."""
        opened = self._sealer.open(cookie)
        if opened is None:
            return None
        kind, who, scopes, ends, login_id = opened
        if now.timestamp() >= ends:
            return None
        by_provider = kind == "oidc"
        return Session(
            login_id=bytes.fromhex(login_id),
            ends_at=datetime.fromtimestamp(ends, UTC),
            form_token=hmac.digest(self._key, f"form\0{kind}\0{who}".encode(), "sha256").hex(),
            credentials=None if by_provider else who,
            principal=Principal("oidc", who, frozenset(scopes)) if by_provider else None,
        )
