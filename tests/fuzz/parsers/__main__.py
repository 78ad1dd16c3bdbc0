# SPDX-License-Identifier: EUPL-1.2
"""The long form: `python -m fuzz.parsers PARSER…`, coverage-guided by atheris, each parser in a process of its own.

The corpus grows in a folder and is taken up again by the next run; what broke a parser is left there
too, to become a vector beside the tests.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

import atheris
from rich.console import Console
from rich.table import Table

from fuzz.parsers.reporting import report
from stadttakt_local import layout
from support import report_page

PACKAGES = [
    "uplink_decoder",
    "vehicle_occupancy",
    "parking_occupancy",
    "kpi_aggregator",
    "measure_registry",
    "open_data_publisher",
    "stadttakt_messages",
    "stadttakt_runtime",
    "xml.etree",
]
INPUT_LIMIT_S = 60
_console = Console(highlight=False, markup=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz parsers one after the other and tell what came of it; 1 where any broke."""
    options = _options(arguments)
    if options.inside:
        _inside(options.parser[0], options)
        return 0
    from fuzz.parsers.catalogue import all_parsers  # noqa: PLC0415 (inside it must be instrumented)

    known = all_parsers()
    if options.list:
        _console.print("\n".join(known))
        return 0
    names = options.parser or list(known)
    if unknown := sorted(set(names) - known.keys()):
        raise SystemExit(f"no such parser: {', '.join(unknown)}; there are {', '.join(known)}")
    table = Table("parser", "seed", "inputs", "inputs/s", "CPU s", "corpus", "finding")
    broken = 0
    rows = []
    for name in names:
        row = _run(name, options)
        broken += bool(row[-1])
        table.add_row(*row)
        rows.append(row)
        if report_page.FOLDER:
            report_page.put(report_page.FOLDER / "fuzz.md", "make fuzz", report(rows))
    _console.print(table)
    return int(broken > 0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("parser", nargs="*", help="which ones; left out: all")
    parser.add_argument("--list", action="store_true", help="show what there is and leave")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1, 10**6))
    parser.add_argument("--folder", type=Path, default=layout.LOCAL / "fuzz")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _run(name: str, options: argparse.Namespace) -> list[str]:
    """Run one parser in a process of its own, since a crash ends it; returns its row of the table."""
    corpus = options.folder / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "fuzz.parsers", name, "--inside"]
    given = ["--inputs", str(options.inputs), "--seed", str(options.seed)]
    began, used_before = time.monotonic(), _cpu_s()
    process = subprocess.Popen(
        [*command, *given, "--folder", str(options.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    log, inputs = [], 0
    assert process.stdout is not None
    for line in process.stdout:
        log.append(line)
        if told := re.match(r"(?:#|Done )(\d+)", line):
            inputs = int(told[1])
            seconds = time.monotonic() - began
            _console.print(f"{name}: {inputs:,} inputs, {inputs / seconds:,.0f}/s", end="\r")
    code = process.wait()
    (options.folder / name / "log").write_text("".join(log))
    seconds, cpu_s = time.monotonic() - began, _cpu_s() - used_before
    finding = "" if code == 0 else _finding(log)
    _console.print(
        f"{name}: {inputs:,} inputs in {seconds:.0f} s ({cpu_s:.0f} s of CPU), seed {options.seed}:"
        f" {finding or 'nothing broke'}"
    )
    rate, size = f"{inputs / seconds:,.0f}", str(len(list(corpus.iterdir())))
    return [name, str(options.seed), f"{inputs:,}", rate, f"{cpu_s:.0f}", size, finding]


def _cpu_s() -> float:
    """Return what ended processes of ours have used: the machine may have other work."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _finding(log: Sequence[str]) -> str:
    raised = [line.strip() for line in log if re.match(r"\s*\w[\w.]*(Error|Exception)\b", line)]
    files = [line.strip() for line in log if "Test unit written to" in line]
    return " ".join([*raised[:1], *files[:1]]) or "".join(log[-3:]).strip()


def _inside(name: str, options: argparse.Namespace) -> None:
    with atheris.instrument_imports(include=PACKAGES, enable_loader_override=False):
        from fuzz.parsers.catalogue import (  # noqa: PLC0415 (what is imported here is instrumented)
            all_parsers,
            vectors_of,
        )
    parser = all_parsers()[name]
    folder = options.folder / name
    for number, seed in enumerate([*parser.seeds, *(v.read_bytes() for v in vectors_of(name))]):
        (folder / "corpus" / f"seed-{number}").write_bytes(seed)
    atheris.Setup(
        [
            name,
            f"-runs={options.inputs}",
            f"-seed={options.seed}",
            f"-max_len={parser.longest}",
            f"-timeout={INPUT_LIMIT_S}",
            f"-artifact_prefix={folder}/",
            str(folder / "corpus"),
        ],
        parser.take,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
