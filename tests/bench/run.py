# SPDX-License-Identifier: EUPL-1.2
"""`make bench`: throughput, memory and latency on a database and a broker of its own.

Ratios are taken within one run, since machines differ and are noisy; `ROUNDS=5` asks for more.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import reports
from bench.city import write_city
from bench.scenarios import SCENARIOS, Bench, Scenario

ROUNDS = int(os.environ.get("ROUNDS", "3"))
console = Console()


def chosen(given: Sequence[str]) -> list[Scenario]:
    """Return the scenarios of these names; the core ones where none is named, `all` for all."""
    if not given:
        return [each for each in SCENARIOS.values() if each.is_core]
    names = list(SCENARIOS) if "all" in given else list(dict.fromkeys(given))
    return [SCENARIOS[name] for name in names]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run scenarios: a table as each is done, and one of all at the end."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("scenario", nargs="*", help="which ones, or all; left out: the core ones")
    parser.add_argument("--list", action="store_true", help="show what there is and leave")
    options = parser.parse_args(arguments)
    if options.list:
        console.print(listed())
        return
    if unknown := sorted(set(options.scenario) - {*SCENARIOS, "all"}):
        parser.error(f"no such scenario: {', '.join(unknown)} (--list shows them)")
    if broken := run(chosen(options.scenario)):
        parser.exit(1, f"broken off: {', '.join(broken)}\n")


def run(scenarios: Sequence[Scenario]) -> list[str]:
    """Measure one after the other; return which were broken off by a fault, which is told."""
    model = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    console.print(f"[bold]Stadttakt benchmarks[/bold] on {model}; broker and database beside it")
    summary = Table("scenario", "what", "measured", title="All figures of this run")
    broken = []
    with tempfile.TemporaryDirectory() as folder:
        city = Path(folder) / "city"
        bench = Bench(city, write_city(city), ROUNDS, console)
        for scenario in scenarios:
            console.print(f"[bold]{scenario.name}[/bold]: {scenario.about} …")
            tables, fault = [], ""
            try:
                for table in scenario.run(bench):
                    tables.append(table)
                    console.print(table)
                    for what, measured in rows_of(table):
                        summary.add_row(scenario.name, what, measured)
            # Whatever it is: what was measured before it stays, and so do the scenarios after it.
            except Exception as error:  # noqa: BLE001
                console.print_exception()
                fault = f"{type(error).__name__}: {error}"
                broken.append(scenario.name)
            if reports.FOLDER:
                page = reports.write(scenario.name, scenario.about, tables, reports.FOLDER, fault)
                console.print(page)
    console.print(summary)
    return broken


def rows_of(table: Table) -> Iterator[tuple[str, str]]:
    """Yield a table's rows as what was measured, and the figures under their names."""
    names = [str(column.header) for column in table.columns]
    for first, *figures in zip(*(column.cells for column in table.columns), strict=True):
        named = zip(names[1:], figures, strict=True)
        what = f"{names[0]} {first}".strip()
        yield what, ", ".join(f"{name} {figure}".strip() for name, figure in named)


def listed() -> Table:
    """Return what there is."""
    table = Table("scenario", "measures", "run by make bench")
    for each in SCENARIOS.values():
        table.add_row(each.name, each.about, "yes" if each.is_core else f"SCENARIO={each.name}")
    return table


if __name__ == "__main__":
    main()
