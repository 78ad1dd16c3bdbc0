# SPDX-License-Identifier: EUPL-1.2
"""One round: load, faults at random moments in it, and then the reckoning."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

import httpx
import psycopg

from crash.campaign import verdict
from crash.campaign.faults import Fault, Round
from crash.campaign.findings import find
from crash.campaign.scene import Scene
from crash.campaign.town import GATED, INSIDE_AT_FIRST
from crash.campaign.verdict import Span
from crash.load import OUT_OF_ORDER_WITHIN, Publishing
from stadttakt_runtime.clock import utc_now
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import EpochNs, system_clock

REPEATED_SHARE = 0.02
HELD_SHARE = 0.3
AT_REST_S = 1.0
FORGOTTEN_A_DEATH = 4
AWAY = "still away"
TAIL_S = 2.0
"""How long a load goes on after its last fault may begin."""


@dataclass(frozen=True, slots=True)
class Played:
    """A round on record; `offences` is empty where all is right, `waited_for` what became right last."""

    number: int
    faults: list[tuple[str, str]]
    messages: int
    again: int
    poison: int
    forgotten: int
    recovered_s: float
    waited_for: str
    watched: int
    offences: list[str]
    took_s: float

    def line(self) -> dict[str, Any]:
        """Return it as a record has it."""
        return asdict(self)


def settle(scene: Scene, within_s: float) -> None:
    """Let every sensor speak, and tell how many vehicles are in the lot with gates: counts begin here."""
    spacing = spacing_for(300)
    told = scene.traffic.first(EpochNs(system_clock() - 200 * spacing), spacing)
    load = Publishing(told, scene.stack.mosquitto.url, rate=0)
    scene.truth.add(load.acknowledged())
    deadline = time.monotonic() + within_s
    while not _has_counted(scene):
        assert time.monotonic() < deadline, "nothing was counted"
        time.sleep(0.1)
    scene.truth.gates_since = utc_now()
    while not _reset_count(scene):
        assert time.monotonic() < deadline, "the count could not be set"
        time.sleep(0.5)
    *_, found = _until_right(scene, within_s)
    assert found == [], found


def _has_counted(scene: Scene) -> bool:
    with psycopg.connect(scene.asked.database_url) as connection:
        counted = connection.execute("select 1 from parking.gate_event limit 1").fetchone()
    return counted is not None


def _reset_count(scene: Scene) -> bool:
    body = {"occupied": INSIDE_AT_FIRST, "reason": "the campaign begins"}
    try:
        answer = scene.asked.parking.post(f"/v1/lots/{GATED}/count-reset", json=body)
    except httpx.TransportError:
        return False
    return answer.is_success


def play(  # what a round is made of
    scene: Scene,
    number: int,
    faults: Sequence[Fault],
    rng: Random,
    *,
    rate: float,
    seconds: float,
    within_s: float,
) -> Played:
    """Play one round and return what came of it."""
    began = time.monotonic()
    _, offset = verdict.read(scene.record, 0)
    deaths_before = len(scene.broker_deaths)
    struck, now, load = _strike(scene, faults, rng, rate, seconds)
    recovered_s, waited_for, found = _until_right(scene, within_s)
    rest_begins = time.time()
    time.sleep(AT_REST_S)
    rest = Span(rest_begins, time.time(), scene.truth.free())
    if not found:
        # What is right stays right; who just now says nothing says nothing wrong.
        found = faults_of(scene)
        if found and found[0].startswith(AWAY):
            *_, found = _until_right(scene, within_s)
    answers, _ = verdict.read(scene.record, offset)
    offences = [*found, *verdict.offences(answers, [rest] if not found else [], scene.wrong_clocks)]
    deaths = len(scene.broker_deaths) - deaths_before
    forgotten = sum(each.identity in scene.truth.missing for each in load.pool)
    if forgotten > FORGOTTEN_A_DEATH * deaths:
        offences.append(
            f"{forgotten} acknowledged messages are gone after {deaths} deaths of the broker"
        )
    again = sum(len(each.pool) for each in now.published)
    poison = len(scene.truth.poison)
    return Played(
        number,
        struck,
        len(load.pool),
        again,
        poison,
        forgotten,
        round(recovered_s, 1),
        waited_for[:300],
        len(answers),
        offences,
        round(time.monotonic() - began, 1),
    )


def _strike(
    scene: Scene, faults: Sequence[Fault], rng: Random, rate: float, seconds: float
) -> tuple[list[tuple[str, str]], Round, Publishing]:
    moments = sorted(rng.uniform(0.2, seconds) for _ in faults)
    count = int((seconds + TAIL_S) * rate)
    sent, held = _messages(scene, count, rate, rng, hold=any(f.family == "late" for f in faults))
    now, struck = Round(sent, held), []
    began = time.monotonic()
    load = Publishing(sent, scene.stack.mosquitto.url, rate=rate)
    try:
        for moment, fault in zip(moments, faults, strict=True):
            time.sleep(max(0, began + moment - time.monotonic()))
            struck.append((fault.name, fault.strike(scene, now, rng)))
        for publishing in (load, *now.published):
            scene.truth.add(publishing.acknowledged())
            assert len(publishing.acknowledged()) == len(publishing.pool), "not all acknowledged"
            scene.truth.doubtful |= publishing.doubtful(scene.broker_deaths)
    finally:
        for publishing in (load, *now.published):
            publishing.abandon()
    return struck, now, load


def _messages(
    scene: Scene, count: int, rate: float, rng: Random, *, hold: bool
) -> tuple[list[Any], list[Any]]:
    """Return what is sent in disorder and with repetitions, and what is held back to come late."""
    made = scene.traffic.make(count, system_clock(), spacing_for(rate))
    held = rng.sample(made, int(count * HELD_SHARE)) if hold else []
    late = {each.event_id for each in held}
    sent = [each for each in made if each.event_id not in late]
    repeated = rng.sample(sent, int(len(sent) * REPEATED_SHARE))
    within = min(OUT_OF_ORDER_WITHIN, int(rate * 0.8))
    disordered = []
    for start in range(0, len(sent), within):
        window = sent[start : start + within]
        rng.shuffle(window)
        disordered += window
    for each in repeated:
        disordered.insert(rng.randrange(len(disordered)), each)
    return disordered, held


def _until_right(scene: Scene, within_s: float) -> tuple[float, str, list[str]]:
    """Wait until everything is as it must be; returns the seconds, what was right last, and what still is not."""
    began = time.monotonic()
    found, last = faults_of(scene), ""
    while found and time.monotonic() < began + within_s:
        last = found[0]
        time.sleep(0.25)
        found = faults_of(scene)
    return time.monotonic() - began, last, found


def faults_of(scene: Scene) -> list[str]:
    """Return what is not as it must be; that somebody does not answer is such a thing."""
    try:
        return find(scene.truth, scene.asked)
    except (httpx.HTTPError, psycopg.OperationalError, OSError, KeyError) as error:
        return [f"{AWAY}: {error!r}"]
