# SPDX-License-Identifier: EUPL-1.2
"""Values of an indicator, as the KPI aggregator keeps them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb


def enter_values(
    database_url: str,
    *values: tuple[str, str, float],
    baseline: dict[str, Any] | None = None,
    version: int = 1,
) -> None:
    """Let the KPI aggregator know approved values of an indicator's first version, and what its framework says of it."""
    said = {"version": version} if baseline is None else {"version": version, "baseline": baseline}
    with psycopg.connect(database_url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.execute("set role kpi")
        connection.execute(
            """insert into kpi.indicator (indicator_id, position, definition)
               values ('modal-split', 1, '{"mehrwert": "erreichbarkeit", "unit": "%%",
                       "title": {"de": "Modal Split", "en": "Modal split"}, "source": "survey",
                       "public": true, "extension": false, "period": "year"}'::jsonb || %s)""",
            (Jsonb(said),),
        )
        now = datetime.now(tz=UTC)
        for period, start, value in values:
            connection.execute(
                """insert into kpi.indicator_value (indicator_id, period, period_start, value,
                       completeness, source, source_date, author_role, cause, indicator_version,
                       author, proposed_at, state, decided_at)
                   values ('modal-split', %s, %s, %s, 0.9, 's', %s, 'r', 'c', 1, 'a', %s,
                           'approved', %s)""",
                (period, start, value, now.date(), now, now),
            )
