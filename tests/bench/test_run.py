# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import paho.mqtt.client as paho
import pytest
from rich.table import Table

from bench import growth, kept_rows, latency, reports, run, soak
from bench.chain import Shown, wanted_of
from bench.charts import COUNTED
from bench.cpu import memory_mb
from bench.scenarios import Bench, Scenario
from stadttakt_simulators.burst import burst_devices, burst_pool
from stadttakt_simulators.clock import EpochNs


def test_a_scenario_that_breaks_off_keeps_what_it_measured_and_lets_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reports, "FOLDER", tmp_path)

    def breaks(_: Bench) -> Iterator[Table]:
        yield one_row("before it broke")
        raise RuntimeError("the cable is cut")

    def works(_: Bench) -> Iterator[Table]:
        yield one_row("after it")

    scenarios = [Scenario("cut", "what breaks", breaks), Scenario("whole", "what works", works)]

    assert run.run(scenarios) == ["cut"]

    page = (tmp_path / "cut.md").read_text()
    assert "before it broke" in page
    assert page.endswith("**Broken off**: RuntimeError: the cable is cut\n")
    assert "after it" in (tmp_path / "whole.md").read_text()
    assert "Broken off" not in (tmp_path / "whole.md").read_text()
    assert "the cable is cut" in capsys.readouterr().out


def one_row(text: str) -> Table:
    table = Table("what")
    table.add_row(text)
    return table


def test_a_page_shows_each_chart_below_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "soak-of-another-run.svg").write_text("<svg/>")
    monkeypatch.setenv("MINUTES", "2")
    minutes = [
        soak.Minute(n, dict.fromkeys(COUNTED, 0.0), dict.fromkeys(soak.PARTS, 100.0))
        for n in range(3)
    ]
    tables = [soak._table(minutes), soak.growth_of(minutes)]

    page = reports.write("soak", "memory", tables, tmp_path).read_text()

    marks = [line for line in page.splitlines() if line.startswith(("##", "!["))]
    assert marks[1:-1] == [
        f"![Memory by the minute: {part.replace('_', ' ').replace('kpi', 'KPI')}, MB]"
        f"(soak-{part.replace('_', '-')}.svg)"
        for part in soak.PARTS
    ]
    assert marks[-1] == "## Growth after the first third"
    assert "Written by `MINUTES=2 make bench SCENARIO=soak` on " in page


def test_a_page_shows_charts_of_all_tables_after_them(tmp_path: Path) -> None:
    table = latency._of_delays(100, 99.8, {"row": [20.0]}, "")

    page = reports.write("latency", "delays", [table, Table("part")], tmp_path).read_text()

    assert page.endswith(
        "\n\n## Charts\n\n![From publish to row, by uplinks a second, ms](latency-row.svg)\n"
    )
    assert "From publish to row" in (tmp_path / "latency-row.svg").read_text()


def test_growth_of_memory_is_told_by_the_hour_without_the_first_third() -> None:
    minutes = [
        soak.Minute(n, {}, dict.fromkeys(soak.PARTS, 100.0 if n < 2 else 200.0 + n))
        for n in range(6)
    ]

    cells = [list(column.cells) for column in soak.growth_of(minutes).columns]

    assert [column[0] for column in cells] == [soak.PARTS[0], "202", "205", "+60"]


class Told(threading.Event):
    """Tells how long was waited for it, and is set by the tenth time."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return len(self.waited) > 9


def test_who_is_late_for_a_poll_does_the_next_at_once() -> None:
    stop, done = Told(), list[int]()
    for number in soak.due(stop, 20):
        if not number:
            time.sleep(0.25)
        done.append(number)

    assert done == [*range(9)]
    assert stop.waited[1:6] == [0.0] * 5


def test_how_much_load_there_was_stands_beside_how_much_was_meant() -> None:
    load = soak.Load(uplinks_taken=1200, counts_sent=230, polls=100, failed=Counter({"/: 503": 3}))

    table = soak.rates_of(load, {"uplinks": 1200.0, "counts": 229.0}, 10.0)

    assert [*zip(*(column.cells for column in table.columns), strict=True)] == [
        ("uplinks", "200", "120.0", "1,200", "1,200"),
        ("counts at doors", "40", "23.0", "230", "229"),
        ("polls", "20", "10.0", "100", "97"),
    ]


def test_a_p99_needs_a_hundred_values() -> None:
    assert latency._spread([5.0] * 99)[3] == "-"
    assert latency._spread([*[5.0] * 99, 9.0])[3:] == ("5", "9")
    assert latency._spread([]) == ("0", "-", "-", "-", "-")


def test_what_does_not_fit_on_the_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "ROW_BYTES", 10**18)

    assert growth._too_large(growth.Case(rows=0)) == ""
    assert growth._too_large(growth.Case(rows=1)).startswith("needs 1000000000 GB of disk, ")


def test_what_stands_below_a_table_stands_below_it_on_its_page() -> None:
    table = Table("part", title="Cost", caption="CPU µs: broker 3")
    table.add_row("all")

    assert reports.markdown(reports.sheet_of(table)).splitlines() == [
        "## Cost", "", "| part |", "|---|", "| all |", "", "CPU µs: broker 3"
    ]  # fmt: skip


def test_memory_of_a_process_that_is_gone_is_an_error() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        assert memory_mb(process.pid) > 0
    finally:
        process.kill()
        process.wait()
    with pytest.raises(ProcessLookupError):
        memory_mb(process.pid)


def test_signs_have_followed_when_each_shows_the_free_bays_of_its_lot_after_the_last_uplinks() -> (
    None
):
    devices, shown = burst_devices(6), Shown()

    def tell(sign_id: str, free: int) -> None:
        message = paho.MQTTMessage()
        message.payload = orjson.dumps({"data": {"sign_id": sign_id, "free": free}})
        shown.take(message)

    # Of lots 0, 1, 0, 1, 0, 1; in the third turn those of even numbers are occupied.
    wanted = wanted_of(burst_pool(18, devices, started=EpochNs(0)), devices, lots=2)

    assert wanted == {"load-0-sign": 0, "load-1-sign": 3}
    for sign_id, free, following in (
        ("load-0-sign", 3, 0), ("load-0-sign", 0, 1), ("probe-sign", 1, 1), ("load-1-sign", 3, 2)
    ):  # fmt: skip
        tell(sign_id, free)
        assert shown.as_wanted(wanted) == following
    assert shown.states == 4
