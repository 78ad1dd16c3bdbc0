# SPDX-License-Identifier: EUPL-1.2
"""What a person sees when everything runs: where, and what to try; taken from live answers."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stadttakt_local.layout import APPROVAL_KEY, ENVIRONMENT
from stadttakt_local.programs import Program
from stadttakt_local.readiness import fetch
from stadttakt_local.settings import Ports


def show(
    console: Console, programs: list[Program], ports: Ports, *, root: Path, key_file: Path
) -> None:
    """Print the table of what runs where, and commands to try."""
    table = Table(title="Stadttakt is running", title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("where", no_wrap=True)
    for program in programs:
        table.add_row(
            program.name, f"http://127.0.0.1:{program.port}/docs" if program.port else "-"
        )
    table.add_row("broker", f"mqtt://127.0.0.1:{ports.broker}")
    table.add_row("database", f"postgresql://127.0.0.1:{ports.database}/stadttakt")
    console.print(table)
    for line in _to_try(ports, root, key_file):
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)


def _to_try(ports: Ports, root: Path, key_file: Path) -> list[str]:
    base = f"http://127.0.0.1:{ports.parking}/v1/signs"
    sign = _first_sign(ports.parking)
    watch = f"chroot {root} mosquitto_sub -p {ports.broker} -v -t 'takt/v1/state/#'"
    lines = [
        f"watch the states:   {watch}",
        f"administrator's key: {key_file}",
        f"four eyes:          http://127.0.0.1:{ports.kpi}/erfassen, enter with that key, approve with {APPROVAL_KEY}",
        f"command line:       . {ENVIRONMENT} && .venv/bin/stadttakt devices list",
        "Ctrl-C stops everything.",
    ]
    if sign is None:
        return [f"all signs:          curl -s {base}", *lines]
    return [
        f"a sign:             curl -s {base}/{sign}",
        f"as a display:       curl -s -H 'Accept: text/plain' {base}/{sign}",
        f"as it changes:      curl -sN {base}/{sign}/stream",
        *lines,
    ]


def _first_sign(port: int) -> str | None:
    body = fetch(port, "/v1/signs?limit=1")
    items = json.loads(body).get("items", []) if body else []
    return str(items[0]["sign_id"]) if items else None
