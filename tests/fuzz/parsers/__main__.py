# SPDX-License-Identifier: EUPL-1.2
"""The long form: `python -m fuzz.parsers PARSER…`, coverage-guided by atheris, each parser in a process of its own.

`http` is all services, `http-<service>` one: they are asked what their OpenAPI documents say (`fuzz.requesting`).

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
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random, SystemRandom

from rich.console import Console
from rich.table import Table

from fuzz.parsers.counting import Counts
from fuzz.parsers.reporting import COLUMNS, report
from stadttakt_local import layout
from stadttakt_runtime.clock import utc_now
from support import report_page
from support.machine import commit

OPENAPI = Path(__file__).parents[3] / "schemas/openapi"
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
COUNTS = "counts"
INPUTS, REQUESTS = 1_000_000, 20_000
HTTP, COMMAND = "http", "make fuzz"
TOLD_EVERY_S = 1.0
SERVICES = tuple(f"{HTTP}-{path.stem}" for path in sorted(OPENAPI.glob("*.json")))
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
        _console.print("\n".join([*known, HTTP, *SERVICES]))
        return 0
    wanted = options.parser or list(known)
    if unknown := sorted(set(wanted) - {*known, HTTP, *SERVICES}):
        raise SystemExit(f"no such parser: {', '.join(unknown)}; --list shows what there is")
    asked = [each for each in SERVICES if each in wanted or HTTP in wanted]
    rows = []
    for row in chain(
        (_run(name, options) for name in wanted if name in known), _ask(asked, options)
    ):
        rows.append(row)
        if report_page.FOLDER:
            page = report_page.FOLDER / "fuzz.md"
            told = report([row], report_page.found(page, COMMAND))
            report_page.put(page, COMMAND, told)
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*row)
    _console.print(table)
    return int(any(row[-1] for row in rows))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("parser", nargs="*", help="which ones; left out: all parsers, no services")
    parser.add_argument("--list", action="store_true", help="show what there is and leave")
    parser.add_argument(
        "--inputs", type=int, help=f"of each parser ({INPUTS:,}), or requests ({REQUESTS:,})"
    )
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1, 10**6))
    parser.add_argument("--folder", type=Path, default=layout.LOCAL / "fuzz")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _run(name: str, options: argparse.Namespace) -> list[str]:
    """Run one parser in a process of its own, since a crash ends it; returns its row of the table."""
    corpus = options.folder / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "fuzz.parsers", name, "--inside"]
    given = ["--inputs", str(options.inputs or INPUTS), "--seed", str(options.seed)]
    began, used_before = time.monotonic(), _cpu_s()
    process = subprocess.Popen(
        [*command, *given, "--folder", str(options.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    log, inputs, told_at = [], 0, began
    assert process.stdout is not None
    for line in process.stdout:
        log.append(line)
        if told := re.match(r"(?:#|Done )(\d+)", line):
            inputs, now = int(told[1]), time.monotonic()
            if now - told_at >= TOLD_EVERY_S:
                told_at = now
                _console.print(
                    f"{name}: {inputs:,} inputs, {inputs / (now - began):,.0f}/s", end="\r"
                )
    code = process.wait()
    (options.folder / name / "log").write_text("".join(log))
    seconds, cpu_s = time.monotonic() - began, _cpu_s() - used_before
    finding = "" if code == 0 else _finding(log)
    _console.print(
        f"{name}: {inputs:,} inputs in {seconds:.0f} s ({cpu_s:.0f} s of CPU), seed {options.seed}:"
        f" {finding or 'nothing broke'}"
    )
    let_through = Counts.read(options.folder / name / COUNTS).share
    numbers = [f"{inputs:,}", let_through, f"{cpu_s:.0f}", str(len(list(corpus.iterdir())))]
    return [*_known(name, options.seed), *numbers, finding]


def _known(name: str, seed: int) -> list[str]:
    return [name, f"{utc_now():%Y-%m-%d}", f"`{commit()}`", str(seed)]


def _ask(names: Sequence[str], options: argparse.Namespace) -> Iterator[list[str]]:
    """Ask services what their documents say; yields a row of each, told with what repeats a wrong answer."""
    if not names:
        return
    from fuzz.requesting import ask_services  # noqa: PLC0415 (what parsers need nothing of)

    services = [name.removeprefix(f"{HTTP}-") for name in names]
    began, used_before = time.monotonic(), _cpu_s(own=True)
    for service, asked in ask_services(services, options.inputs or REQUESTS, options.seed):
        seconds, cpu_s = time.monotonic() - began, _cpu_s(own=True) - used_before
        _console.print(
            f"{service}: {asked.requests:,} requests in {seconds:.0f} s, seed {options.seed}:"
            f" {asked.answered} operations answered 2xx"
        )
        for label, (text, curl) in asked.findings.items():
            _console.print(f"  {label}: {text}\n    {curl}")
        told = [f"{label}: {text}" for label, (text, _) in asked.findings.items()]
        numbers = [f"{asked.requests:,}", asked.answered, f"{cpu_s:.0f}", ""]
        yield [*_known(f"{HTTP}-{service}", options.seed), *numbers, "; ".join(told)]
        began, used_before = time.monotonic(), _cpu_s(own=True)


def _cpu_s(*, own: bool = False) -> float:
    """Return what ended processes of ours have used, or this one: the machine may have other work."""
    used = resource.getrusage(resource.RUSAGE_SELF if own else resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _finding(log: Sequence[str]) -> str:
    raised = [line.strip() for line in log if re.match(r"\s*\w[\w.]*(Error|Exception)\b", line)]
    files = [line.strip() for line in log if "Test unit written to" in line]
    return " ".join([*raised[:1], *files[:1]]) or "".join(log[-3:]).strip()


def _inside(name: str, options: argparse.Namespace) -> None:
    import atheris  # noqa: PLC0415 (there are machines without it, which ask services all the same)

    with atheris.instrument_imports(include=PACKAGES, enable_loader_override=False):
        from fuzz.parsers.catalogue import (  # noqa: PLC0415 (what is imported here is instrumented)
            all_parsers,
            vectors_of,
        )
        from fuzz.parsers.mutating import mutate  # noqa: PLC0415
        from stadttakt_runtime.log import configure  # noqa: PLC0415
    # What is refused is told in lines, a million of them.
    configure("fuzz", "critical", "json")
    parser = all_parsers()[name]
    folder = options.folder / name
    for number, seed in enumerate([*parser.seeds, *(v.read_bytes() for v in vectors_of(name))]):
        (folder / "corpus" / f"seed-{number}").write_bytes(seed)
    counts = Counts.begin(folder / COUNTS)

    def take(data: bytes) -> None:
        counts.note(parser.take(data))

    def another(data: bytes, longest: int, seed: int) -> bytes:
        return mutate(data, longest, Random(seed), atheris.Mutate, parser.seeds)

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
        take,
        custom_mutator=another,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
