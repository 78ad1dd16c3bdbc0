"""Applications that read data with a key of their own: noted when they are first seen to use it."""

from __future__ import annotations

from typing import Any

# A key whose label begins with `app:` is an application's; several keys may be of one.
_NOTE = """
insert into data_application (application, first_used_at, noted_at)
select lower(btrim(substr(label, 5))), min(last_used_at), now()
  from platform.api_key
 where lower(label) like 'app:%' and btrim(substr(label, 5)) <> '' and last_used_at is not null
 group by 1
    on conflict (application) do nothing
"""


async def note(connection: Any) -> None:
    """Note the applications that used their key for the first time."""
    await connection.execute(_NOTE)
