# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bench import gtfs, scenarios
from bench.alone import alone
from bench.cpu import most_memory_mb
from bench.scenarios import SCENARIOS, Bench

BEFORE_MB = 250
"""What was measured before has taken so much."""


@pytest.fixture(autouse=True, scope="module")
def much_memory() -> Iterator[None]:
    held = bytearray(b"x") * (BEFORE_MB * 1_000_000)
    assert most_memory_mb() > len(held) / 2**20
    yield
    assert held


def test_memory_of_what_is_done_alone_is_not_that_of_who_asked_for_it() -> None:
    assert 0 < alone(most_memory_mb) < 100


def test_memory_of_a_command_is_not_that_of_who_started_it() -> None:
    ran = alone(gtfs.run, [sys.executable, "-c", "print('told')"], {})

    assert ran.last_line == "told"
    assert 0 < ran.peak_mb < 200


def test_a_scenario_that_tells_memory_measures_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEHICLES", "2")

    table = next(SCENARIOS["departures"].run(Bench(tmp_path, [], 1, Console(quiet=True))))

    (told,) = (column for column in table.columns if column.header == "most memory, MB")
    assert all(0 < float(str(cell)) < BEFORE_MB for cell in told.cells)
    assert str(table.title).startswith("2 vehicles")


def test_whoever_tells_the_memory_of_its_process_is_asked_alone() -> None:
    text = Path(scenarios.__file__).read_text(encoding="utf-8")
    folder = Path(scenarios.__file__).parent
    tells = {
        each.stem for each in folder.glob("*.py") if "most_memory_mb()" in each.read_text("utf-8")
    } - {"cpu", "test_alone", "dataset_serving"}

    assert tells == {"departures", "feeds", "forecast"}
    for name in tells:
        assert f"yield alone({name}.measure)" in text


def test_who_fails_alone_fails_here() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        alone(Path.iterdir, "no path")  # type: ignore[arg-type]
