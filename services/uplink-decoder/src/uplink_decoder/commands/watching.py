# SPDX-License-Identifier: EUPL-1.2
"""Shows how far a replay or retry is until it ends; the work itself is a running decoder's."""

from __future__ import annotations

import asyncio
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from stadttakt_runtime.commands.output import err, fail, out
from stadttakt_runtime.database import Database
from uplink_decoder.api.replays import ReplayView, replay_view
from uplink_decoder.storage import replays as storage

LOOK_EVERY_S = 0.5
PATIENCE_S = 10.0
UNFINISHED = ("queued", "running")


async def watch(database: Database, replay_id: int) -> ReplayView:
    """Return a replay once it has ended, with a progress bar meanwhile."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
    )
    waited = 0.0
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(f"replay {replay_id}", total=1.0, done="")
        while (view := await read(database, replay_id)).state in UNFINISHED:
            progress.update(task, completed=view.progress, done=_done(view))
            if view.state == "queued":
                waited += LOOK_EVERY_S
                if waited == PATIENCE_S:
                    err.print("nobody takes it up yet: is a decoder running?")
            await asyncio.sleep(LOOK_EVERY_S)
        progress.update(task, completed=view.progress, done=_done(view))
    return view


async def read(database: Database, replay_id: int) -> ReplayView:
    """Return a replay; the command ends where there is none."""
    async with database.connection() as connection:
        row: Any = await storage.get(connection, replay_id)
    if row is None:
        raise fail(f"there is no replay {replay_id}")
    return replay_view(row)


def tell_end(view: ReplayView) -> None:
    """Print how a replay ended, or where it is; one that failed ends the command with 1."""
    counts = view.counts
    if view.kind == "quarantine":
        what = f"{counts.resolved} resolved, {counts.still_failing} failed again"
    else:
        dry = " (dry run)" if view.dry_run else ""
        what = (
            f"{counts.uplinks} uplinks{dry}: {counts.changed} changed, {counts.new} new,"
            f" {counts.gone} gone, {counts.same} the same, {counts.failed} refused"
        )
    out.print(f"replay {view.replay_id} {view.state}: {what}", markup=False)
    if view.state == "failed":
        raise fail(view.error or "it failed")


def _done(view: ReplayView) -> str:
    if view.total is not None:
        return f"{view.counts.messages} of {view.total}"
    return f"{view.counts.uplinks} uplinks"
