# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt kpi demo`: made-up values to show how it looks, marked as simulated, and taken out again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kpi_aggregator.api.filing import Trial, try_file
from kpi_aggregator.domain.filed import Act
from kpi_aggregator.domain.values import MADE_UP
from kpi_aggregator.storage import events, values
from kpi_aggregator.storage.values import Decision
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.database import with_database
from stadttakt_runtime.commands.output import DatabaseUrl, fail, out
from stadttakt_runtime.csv_import import LineError
from stadttakt_runtime.database import Database

ROLE = "Vorführung"


def demo_command(
    database_url: DatabaseUrl,
    file: Annotated[Path | None, typer.Argument(help="CSV, as for an import")] = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="delete all made-up values")] = False,
) -> None:
    """Store made-up values of indicators, of periods without a value; never in a city's own database."""
    if (file is None) is not remove:
        raise fail("give a file, or --remove")
    content = b"" if file is None else file.read_bytes()

    async def work(database: Database) -> int | list[LineError]:
        now = utc_now()
        async with database.transaction() as connection:
            if remove:
                return await values.forget_made_up(connection)
            trial = await try_file(connection, content, now, role_said=None)
            wrong = _wrong(trial)
            return wrong or await _store(connection, trial, now)

    done = with_database(database_url, "kpi", work)
    if not isinstance(done, int):
        first = done[0]
        raise fail(f"{file}, line {first.line}, {first.column}: {first.detail}")
    out.print(f"{done} made-up values {'removed' if remove else 'stored'}", markup=False)


def _wrong(trial: Trial) -> list[LineError]:
    """Return what is wrong with the file, but for lines that are passed over since their period has a value."""
    passed = {line.number for line in trial.tried.lines if line.act is not Act.NEW}
    return [each for each in trial.tried.errors if each.line not in passed]


async def _store(connection: Any, trial: Trial, now: datetime) -> int:
    """Store the values of periods that have none; return how many."""
    stored = 0
    for line in trial.tried.lines:
        if line.act is not Act.NEW or line.proposal is None:
            continue
        indicator = trial.known[line.proposal.indicator_id]
        said = replace(line.proposal, author_role=ROLE)
        entered = await values.propose(
            connection, said, version=indicator.version, author=MADE_UP, now=now
        )
        decision = Decision("approved", MADE_UP, now, ROLE, ROLE)
        held = await values.decide(connection, entered.value_id, decision)
        await events.of_entered(connection, indicator, held)
        stored += 1
    return stored
