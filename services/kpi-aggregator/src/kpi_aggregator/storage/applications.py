# SPDX-License-Identifier: EUPL-1.2
"""Applications that read data: noted when their key is first seen to be used, or declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

# A key whose label begins with `app:` is an application's; several keys may be of one.
_NOTE = """
insert into data_application (application, first_used_at, noted_at)
select lower(btrim(substr(label, 5))), min(last_used_at), now()
  from platform.api_key
 where lower(label) like 'app:%' and btrim(substr(label, 5)) <> '' and last_used_at is not null
 group by 1
    on conflict (application) do nothing
"""
_WATCH = """
insert into application_watch (since, noted_until) values (now(), now())
    on conflict (only_row) do update set noted_until = greatest(application_watch.noted_until, excluded.noted_until)
"""
_DECLARE = """
insert into declared_application (application, first_used_on, evidence)
select application, first_used_on, evidence
  from jsonb_to_recordset($1::jsonb) as r (application text, first_used_on date, evidence text)
    on conflict (application) do update
   set first_used_on = excluded.first_used_on, evidence = excluded.evidence, changed_at = now()
 where (declared_application.first_used_on, declared_application.evidence)
       is distinct from (excluded.first_used_on, excluded.evidence)
"""
_WITHDRAW = "delete from declared_application where application <> all ($1::text[])"


async def note(connection: Any) -> None:
    """Note the applications that used their key for the first time, and that it was looked."""
    await connection.execute(_NOTE)
    await connection.execute(_WATCH)


async def declare(connection: Any, declared: Sequence[Mapping[str, Any]]) -> None:
    """Let exactly these applications be those that the city knows to read data without a key."""
    await connection.execute(_WITHDRAW, [each["application"] for each in declared])
    await connection.execute(_DECLARE, orjson.dumps(declared).decode())
