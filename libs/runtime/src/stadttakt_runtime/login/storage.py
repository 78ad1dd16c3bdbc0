# SPDX-License-Identifier: EUPL-1.2
"""Logins that were ended before their time: a copied cookie opens nothing after that; never commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

_END = """
insert into platform.ended_login (login_id, ends_at) values ($1, $2) on conflict do nothing
"""
_IS_ENDED = "select exists (select from platform.ended_login where login_id = $1)"
_FORGET = "delete from platform.ended_login where ends_at < $1"


async def end(connection: Any, login_id: bytes, ends_at: datetime, now: datetime) -> None:
    """Note that a login is over; forget those that would be by themselves."""
    await connection.execute(_FORGET, now)
    await connection.execute(_END, login_id, ends_at)


async def is_ended(connection: Any, login_id: bytes) -> bool:
    """Tell whether a login was ended."""
    return bool(await connection.fetchval(_IS_ENDED, login_id))
