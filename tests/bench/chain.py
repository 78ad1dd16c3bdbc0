# SPDX-License-Identifier: EUPL-1.2
"""Uplinks a second to committed rows, and through parking, with all on the same cores; signs are not asked."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.table import Table

from bench import throughput
from bench.backlog import until
from bench.whole_city import Town

COUNT = throughput.COUNT
PATIENCE_S = 600.0


def measure(town: Town) -> Table:
    """Send as fast as the broker takes it; read when the decoder, and when parking, were through."""
    stored, counted = town.stored() + COUNT, town.counted() + COUNT
    rows_before, before, began = town.rows(), town.cpu_s(), time.monotonic()
    throughput.fill(town.stack, town.devices, 1)
    sent_s = time.monotonic() - began
    rows_s = _through(town.stored, stored, began)
    parking_s = _through(town.counted, counted, began)
    after, rows = town.cpu_s(), town.rows()
    if rows != (wanted := rows_before + COUNT):
        raise RuntimeError(f"{rows:,} uplinks have a row, not {wanted:,}")
    table = Table(
        "until", "seconds", "uplinks/s", title=f"{COUNT:,} uplinks, each of which turns a bay over"
    )
    for name, took_s in (
        ("the broker has taken all", sent_s),
        ("all rows are committed (counted afterwards)", rows_s),
        ("parking has committed all, by its own counter; no sign was asked", parking_s),
    ):
        table.add_row(name, f"{took_s:.1f}", f"{COUNT / took_s:,.0f}")
    used = ", ".join(f"{part} {(after[part] - before[part]) / COUNT * 1e6:.0f}" for part in after)
    table.caption = f"CPU µs an uplink: {used}"
    return table


def _through(done: Callable[[], float], wanted: float, began: float) -> float:
    until(done, wanted, within_s=PATIENCE_S)
    return time.monotonic() - began
