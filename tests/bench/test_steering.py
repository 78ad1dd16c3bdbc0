# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

from bench.scenarios import SCENARIOS
from bench.steering import STEERED_BY, command

READ = re.compile(r'environ(?:\.get\(|\[)"([A-Z_]+)"')
WHERE_TO = {"REPORT"}


def test_a_command_names_what_steers_its_scenario_and_nothing_else() -> None:
    environment = {"MINUTES": "40", "VEHICLES": "9", "SIZING_RATES": "46 231"}

    assert command("soak", environment) == "MINUTES=40 make bench SCENARIO=soak"
    assert command("sizing", environment) == "SIZING_RATES='46 231' make bench SCENARIO=sizing"
    assert command("signs", environment) == "make bench SCENARIO=signs"


def test_every_variable_that_a_scenario_reads_is_told() -> None:
    files = [*Path(__file__).parent.rglob("*.py")]
    read = {name for file in files for name in READ.findall(file.read_text(encoding="utf-8"))}

    assert read - WHERE_TO == set(chain.from_iterable(STEERED_BY.values()))
    assert STEERED_BY.keys() <= SCENARIOS.keys()
