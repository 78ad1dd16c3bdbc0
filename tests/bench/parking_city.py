# SPDX-License-Identifier: EUPL-1.2
"""A city of 20,000 bays in 500 lots with 1,000 signs, its past made up by the database itself."""

from __future__ import annotations

import csv
from pathlib import Path

import psycopg

LOTS, BAYS_OF_A_LOT, SIGNS_OF_A_LOT = 500, 40, 2
BAYS = LOTS * BAYS_OF_A_LOT
_PLACE = "lat: 51.48, lon: 11.97"

_EVENTS = """
insert into parking.bay_event (observed_at, event_id, bay_id, reading, simulated, source, received_at)
select moment, 'past-' || n, 'b' || (hashint8(n) & 2147483647) %% %(bays)s,
       case n %% 2 when 0 then 'free' else 'occupied' end, false, 'bench', moment
  from generate_series(%(first)s::bigint, %(last)s::bigint) as given (n),
       lateral (select %(until)s::timestamptz - make_interval(secs => n * %(step_s)s::float8)) as at (moment)
"""
_HISTORY = """
insert into parking.lot_history
select 'lot-' || lot, %(width_s)s, moment, 20, 18, 22, 20, 0, 1
  from generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '1 second',
                       make_interval(secs => %(width_s)s)) as given (moment),
       generate_series(0, %(lots)s - 1) as lots (lot)
"""
_CLOCK = """
insert into parking.history_clock (only_row, closed_until) values (true, %(until)s)
    on conflict (only_row) do update set closed_until = excluded.closed_until
"""


def write_city(folder: Path) -> None:
    """Write the city folder."""
    parking = folder / "parking"
    parking.mkdir(parents=True)
    (folder / "sources.yaml").write_text("sources: []\n", encoding="utf-8")
    (folder / "devices.csv").write_text("dev_eui,name\n", encoding="utf-8")
    lots = [
        f"  - {{lot_id: lot-{lot}, name: Lot {lot}, capacity: {BAYS_OF_A_LOT},"
        f" detection: single_bay, {_PLACE}, heartbeat_limit_s: 7200,"
        f" alternatives: [lot-{(lot + 1) % LOTS}, lot-{(lot + 2) % LOTS}]}}"
        for lot in range(LOTS)
    ]
    (parking / "lots.yaml").write_text("lots:\n" + "\n".join(lots) + "\n", encoding="utf-8")
    signs = [
        f"  - {{sign_id: sign-{lot}-{number}, lot_id: lot-{lot}, {_PLACE}}}"
        for lot in range(LOTS)
        for number in range(SIGNS_OF_A_LOT)
    ]
    (parking / "signs.yaml").write_text("signs:\n" + "\n".join(signs) + "\n", encoding="utf-8")
    with (parking / "bays.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["bay_id", "lot_id", "kind", "lat", "lon", "heartbeat_limit_s"])
        for bay in range(BAYS):
            writer.writerow([f"b{bay}", f"lot-{bay % LOTS}", "general", 51.48, 11.97, ""])


def make_past(database_url: str, *, days: int, changes: int) -> None:
    """Fill the past up to now: changes spread over the days, and every bucket of every lot.

    Rows are written bucket by bucket across all lots, as the historian does, so that a lot's month lies as
    scattered on disk as in a running city.
    """
    url = database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        until = connection.execute("select date_trunc('day', now())").fetchone()
        assert until is not None
        fields = {"until": until[0], "lots": LOTS, "bays": BAYS}
        step_s = days * 86_400 / changes
        # A hundred million rows are indexed far faster at once than one by one.
        connection.execute("drop index parking.bay_event_of_bay")
        for first in range(1, changes + 1, 500_000):
            last = min(first + 499_999, changes)
            connection.execute(_EVENTS, {**fields, "first": first, "last": last, "step_s": step_s})
        connection.execute(
            "create index bay_event_of_bay on parking.bay_event (bay_id, observed_at)"
        )
        since = connection.execute(
            "select %s::timestamptz - make_interval(days => %s)", (until[0], days)
        ).fetchone()
        assert since is not None
        for width_s in (300, 900, 3600, 86_400):
            connection.execute(_HISTORY, {**fields, "since": since[0], "width_s": width_s})
        connection.execute(_CLOCK, fields)
        # As autovacuum would have done meanwhile.
        connection.execute("vacuum analyze")
