# SPDX-License-Identifier: EUPL-1.2
"""The sizing model beside what a simulated city of 100,000 devices really costs each part, while nobody looks.

`PYTHONPATH=tests python -m bench.sizing` puts the model as it is now into the page of the last run.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from itertools import takewhile

from rich.console import Console
from rich.table import Table

from bench import reports, throughput
from bench.backlog import until
from bench.charts import Sheet
from bench.load import load
from bench.pages import FOLDER, sheets_of
from bench.sizing_model import OF_PARTS, Needs, figures, needs
from bench.whole_city import Town

DEVICES = int(os.environ.get("SIZING_DEVICES", "100000"))
LOTS = max(1, DEVICES // 200)
RATES = tuple(float(rate) for rate in os.environ.get("SIZING_RATES", "46 231").split())
SECONDS = int(os.environ.get("SIZING_SECONDS", "120"))
REST_S, SETTLE_S, PATIENCE_S = 180.0, 30.0, 1_800.0
"""Before nothing is sent, after a rate has begun, until all are through."""
TITLE = re.compile(r"([\d,]+) devices at ([\d,.]+) uplinks/s")
BESIDE = (
    "By the model as it is now, for as many identities as devices. What it has for the publisher's rendering was fitted to the"
    " run of 2026-11-28 at commit `be61fe72`, at 46 uplinks/s (before, the model had 0.13), when zlib compressed; memory a device to a"
    " run of as many devices some hours before that one. So neither proves anything where a run is alike; the database's memory is set."
)
MEMORY, TIMES = "memory, MB", "times the model"
NAMES = ("part", "cores", "by the model", TIMES, MEMORY, "by the model")
REWRITTEN = " Since then the columns by the model were written anew with `python -m bench.sizing`."


def measure(town: Town, console: Console) -> Iterator[Table]:
    """Let each device speak once, then yield cores and memory at rest and at each rate."""
    console.print(f"each of {DEVICES:,} devices once …")
    throughput.fill(town.stack, town.devices, 1, count=DEVICES)
    until(lambda: _through(town, console), DEVICES, within_s=PATIENCE_S, look_s=5)
    time.sleep(REST_S)
    for rate in (0.0, *RATES):
        console.print(f"{rate:g} uplinks/s for {SECONDS} s …")
        if not rate:
            used = _used(town)
        else:
            with load(town.stack, town.devices, round(rate), int(SECONDS + SETTLE_S) + 60):
                time.sleep(SETTLE_S)
                used = _used(town)
        yield _table(rate, used, town.memory_mb(), model_of(DEVICES, rate))


def model_of(devices: int, rate: float) -> dict[str, Needs]:
    """Return what the model makes of a city whose devices have spoken about once each."""
    measured = figures()
    return {name: needs(measured[of], devices, rate, devices) for name, of in OF_PARTS.items()}


def beside_the_model(sheet: Sheet) -> Sheet:
    """Return a table of a run beside the model as it is now."""
    found = TITLE.fullmatch(sheet.title)
    if found is None:
        raise ValueError(f"no rate is told: {sheet.title}")
    devices, rate = (float(each.replace(",", "")) for each in found.groups())
    model = model_of(int(devices), rate)
    cells = zip(*(sheet.column(name) for name in ("part", "cores", MEMORY)), strict=True)
    rows = [row_of(part, cores, memory, model[part]) for part, cores, memory in cells]
    return sheet._replace(names=NAMES, rows=rows, caption=BESIDE)


def row_of(part: str, cores: str, memory: str, due: Needs) -> tuple[str, ...]:
    """Return what was measured of a part beside the model, with how many times the model's cores it used."""
    model = f"{due.cores:.2f}"
    times = f"{float(cores) / float(model):.2f}" if float(model) else "-"
    return part, cores, model, times, memory, f"{due.memory_mb:,.0f}"


def main() -> None:
    """Write the page of the last run anew, with its charts."""
    text = (FOLDER / "sizing.md").read_text(encoding="utf-8")
    head = "\n".join(takewhile(lambda line: not line.startswith("## "), text.splitlines())).rstrip()
    head = head.removesuffix(REWRITTEN) + REWRITTEN
    reports.put("sizing", head, [beside_the_model(sheet) for sheet in sheets_of(text)], FOLDER)


def _used(town: Town) -> dict[str, float]:
    """Return the cores that each part uses."""
    before, began = town.cpu_s(), time.monotonic()
    time.sleep(SECONDS)
    after, took_s = town.cpu_s(), time.monotonic() - began
    return {part: (after[part] - before[part]) / took_s for part in after}


def _table(
    rate: float, used: Mapping[str, float], memory: Mapping[str, float], model: Mapping[str, Needs]
) -> Table:
    table = Table(*NAMES, title=f"{DEVICES:,} devices at {rate:g} uplinks/s", caption=BESIDE)
    for part, cores in used.items():
        table.add_row(*row_of(part, f"{cores:.2f}", f"{memory[part]:,.0f}", model[part]))
    return table


def _through(town: Town, console: Console) -> float:
    """Return how many the decoder has stored and parking has counted, and tell it."""
    done = min(town.stored(), town.counted())
    console.print(f"{done:,.0f} of {DEVICES:,} are through")
    return done


if __name__ == "__main__":
    main()
