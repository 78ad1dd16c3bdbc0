# SPDX-License-Identifier: EUPL-1.2
"""What services and database say of themselves while something is wrong: kept beside the logs of a round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from crash.campaign.scene import Scene

SESSIONS = """
select pid, application_name, state, wait_event_type, wait_event, pg_blocking_pids(pid) as blocked_by,
       xact_start::text, state_change::text, query
  from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by application_name, pid
"""


def keep(scene: Scene, number: int) -> Path:
    """Write the database's sessions, and each service's readiness and metrics; return the file."""
    file = scene.folder / f"round-{number}.json"
    told = {"sessions": _sessions(scene.asked.database_url)}
    for name, service in scene.services.items():
        told[name] = {
            "ready": _answer(f"{service.address}/ready"),
            "metrics": _answer(f"{service.address}/metrics"),
        }
    file.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return file


def _sessions(database_url: str) -> Any:
    try:
        with psycopg.connect(database_url, row_factory=dict_row, connect_timeout=10) as connection:
            return connection.execute(SESSIONS).fetchall()
    except psycopg.OperationalError as error:
        return repr(error)


def _answer(address: str) -> list[str]:
    try:
        answer = httpx.get(address, timeout=10)
    except httpx.TransportError as error:
        return [repr(error)]
    lines = answer.text.splitlines()
    return [str(answer.status_code), *(line for line in lines if not line.startswith("#"))]
