# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong: each fault strikes a scene once, lasts, is over, and says in a few words what it did."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from crash.campaign import clocks, disks, processes, refusals
from crash.campaign.poison import Poison, make_poison
from crash.campaign.processes import InVainError, wait_until
from crash.campaign.scene import SERVICES, Scene
from crash.campaign.traffic import Told
from crash.load import Publishing
from crash.servers import LONGEST_ABSENCE_S, bring_back
from stadttakt_local.server import Server
from stadttakt_simulators.clock import system_clock

MOST_RESETS = 5
STOPPED_S = (0.3, 8.0)
CUT_S = (0.3, 5.0)
LONG_S, ONE_OF_LONG = (20.0, 60.0), 5
"""One of so many that hang, stay away or are cut off does so for long, where a round has variants."""

ONE_OF_FORGOTTEN = 3
"""Of stalls, one of so many is a connection that was forgotten on the way."""

FULL_S = (0.5, 3.0)
MET_WITHIN_S = 30.0
"""How long a disk stays full at most, until something meets it."""

DELAYS_S = (0.02, 0.25)
CLOCK_OFF_S = (-90_000.0, -3_600.0, -200.0, -90.0, 400.0, 7_500.0, 90_000.0)
"""By less than the five minutes that a message may be ahead, beyond heartbeat limits, and by a day."""

WRONG_FOR_S = ((1.5, 4.0), (1.5, 4.0), (15.0, 25.0))
"""One of three is wrong for longer than what looks at its clock every 15 seconds."""

FLOOD, POISON = 3000, 12
HELD_WITHIN_S = 30.0
"""Something of the load is held back each second, while a `late` is still to come."""

EVERYTHING = "everything"
SERVERS = ("broker", "database")
HARMLESS = frozenset({"clock", "flood", "late", "poison"})
"""Families that take nothing away: none of them excuses a 503."""
ANSWERING = frozenset({"parking", "publisher", *SERVERS, EVERYTHING})
"""Who answers for signs and feeds, and what these need."""

WITNESSES = {
    "broker": (refusals.of_broker, "acknowledged messages of a witness not kept"),
    "database": (refusals.of_database, "times refused"),
}


@dataclass(slots=True)
class Round:
    """What a round's faults share: messages sent so far, those held back for `late`, and what faults published.

    `varies` tells whether faults may last long, or come in their rare variants; `holds` how many `late` are still to
    come, `after` and `carried` are what one of them left for the end of the load and for the next round. `unmet` is
    what faults did in vain, `unkept` are identities that a broker with a full disk may have forgotten as it died,
    `forgot` tells whether connections were.
    """

    holds: int = 0
    varies: bool = False
    forgot: bool = False
    sent: list[Told] = field(default_factory=list)
    held: list[Told] = field(default_factory=list)
    after: list[Told] = field(default_factory=list)
    carried: list[Told] = field(default_factory=list)
    published: list[Publishing[Told] | Publishing[Poison]] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    unkept: set[str] = field(default_factory=set)

    def release(self) -> list[Told]:
        """Return what is held back, and hold it no longer; another thread may be holding more."""
        return [self.held.pop() for _ in range(len(self.held))]


Strike = Callable[[Scene, Round, Random], str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault at one target."""

    family: str
    target: str
    strike: Strike

    @property
    def name(self) -> str:
        """What FAULTS and the table call it."""
        return f"{self.family}-{self.target}" if self.target else self.family

    @property
    def silences(self) -> bool:
        """Whether signs or feeds may answer 503: it takes something away that those who answer need."""
        part, _, _ = self.target.partition("-")
        return self.family not in HARMLESS and part in ANSWERING

    def may_end(self, service: str) -> bool:
        """Whether a service may end by itself: it is struck, or a link of it, or what all need."""
        part, _, _ = self.target.partition("-")
        return self.family not in HARMLESS and part in {service, EVERYTHING, *SERVERS}

    @property
    def parts(self) -> frozenset[str]:
        """What no other fault may strike meanwhile: a process, a link, a clock, the messages held back.

        Services go by the middle of three clocks, and who begins anew by the database's: while that is wrong, no
        other clock is, and nobody is killed.
        """
        if self.target == EVERYTHING:
            return frozenset({*SERVICES, *SERVERS})
        if self.name == "clock-database":
            return frozenset({*SERVICES, *SERVERS, *(f"clock {name}" for name in SERVICES)})
        if self.family in {"kill", "stop", "full"}:
            return frozenset({self.target})
        if self.family == "clock":
            return frozenset({f"clock {self.target}"})
        return frozenset({self.target or self.family})


def all_faults() -> dict[str, Fault]:
    """Return all kinds of faults by name, whether they can be played here or not."""
    links = [f"{service}-{server}" for service in SERVICES for server in SERVERS]
    parts = [*SERVICES, *SERVERS]
    found = [
        *(Fault("kill", part, _kill(part)) for part in [*parts, EVERYTHING]),
        *(Fault("stop", part, _stop(part)) for part in parts),
        *(Fault("cut", link, _cut(link)) for link in links),
        *(Fault("stall", link, _stall(link)) for link in links),
        *(Fault("reset", link, _reset(link)) for link in links),
        *(Fault("delay", link, _delay(link)) for link in links),
        *(Fault("clock", name, _clock(name)) for name in (*SERVICES, "database")),
        *(Fault("full", server, _full(server)) for server in SERVERS),
        Fault("flood", "", _flood),
        Fault("late", "", _late),
        Fault("poison", "", _poison),
    ]
    return {fault.name: fault for fault in found}


def interruptions(fault: Fault) -> int:
    """Return how often a fault may come between the registry's mail and its note of it."""
    touches = {"registry", "database", "registry-database", EVERYTHING}
    if fault.target not in touches:
        return 0
    return MOST_RESETS if fault.family == "reset" else 1


def seconds_of(now: Round, rng: Random, usual: tuple[float, float]) -> float:
    """Return for how long a fault lasts."""
    is_long = rng.randrange(ONE_OF_LONG) == 0 and now.varies
    return rng.uniform(*(LONG_S if is_long else usual))


def _kill(part: str) -> Strike:
    def strike(scene: Scene, now: Round, rng: Random) -> str:
        began = time.monotonic()
        if part in SERVICES:
            service = scene.services[part]
            processes.wait_answer(service, other_than=processes.kill(service))
        else:
            _kill_servers(scene, part, seconds_of(now, rng, (0, LONGEST_ABSENCE_S)))
        return f"killed, {time.monotonic() - began:.1f} s away"

    return strike


def _kill_servers(scene: Scene, part: str, away_s: float) -> None:
    """Kill a server, or everything; what is killed with the servers begins once they are back."""
    is_all = part == EVERYTHING
    servers = list(scene.servers.values()) if is_all else [scene.servers[part]]
    if not all(server.processes() for server in servers):
        raise InVainError("there was no process to strike")
    killed = [(each, processes.kill(each)) for each in scene.services.values() if is_all]
    for server in servers:
        _note_death(scene, server)
        server.kill()
    time.sleep(away_s)
    bring_back(servers)
    for service, pid in killed:
        processes.wait_answer(service, other_than=pid)


def _stop(part: str) -> Strike:
    def strike(scene: Scene, now: Round, rng: Random) -> str:
        seconds = seconds_of(now, rng, STOPPED_S)
        pids = _living(scene, part)
        for pid in pids:
            # One of many may have ended since.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return f"hung for {seconds:.1f} s"

    return strike


def _living(scene: Scene, part: str) -> list[int]:
    """Return the processes of a part, the next one of a service that has just ended."""
    if part in SERVICES:
        service = scene.services[part]
        wait_until(lambda: service.is_alive, "there was no process to strike")
        return [service.pid]
    if pids := scene.servers[part].processes():
        return pids
    raise InVainError("there was no process to strike")


def _cut(link: str) -> Strike:
    return _turned(link, "cut")


def _stall(link: str) -> Strike:
    stall = _turned(link, "stalled")
    service, _, server = link.partition("-")

    def strike(scene: Scene, now: Round, rng: Random) -> str:
        is_forgotten = rng.randrange(ONE_OF_FORGOTTEN) == 0 and now.varies
        if not is_forgotten:
            return stall(scene, now, rng)
        now.forgot = True
        scene.network.do(scene.links[service, server].forget)
        return "connections forgotten, new ones carried"

    return strike


def _turned(link: str, mode: str) -> Strike:
    service, _, server = link.partition("-")

    def strike(scene: Scene, now: Round, rng: Random) -> str:
        seconds = seconds_of(now, rng, CUT_S)
        line = scene.links[service, server]
        scene.network.do(lambda: line.turn(mode))  # type: ignore[arg-type]
        time.sleep(seconds)
        scene.network.do(lambda: line.turn("open"))
        return f"{mode} for {seconds:.1f} s"

    return strike


def _reset(link: str) -> Strike:
    service, _, server = link.partition("-")

    def strike(scene: Scene, _round: Round, rng: Random) -> str:
        times = rng.randint(1, MOST_RESETS)
        for _ in range(times):
            scene.network.do(scene.links[service, server].reset)
            time.sleep(rng.uniform(0.01, 0.6))
        return f"connections reset {times}x"

    return strike


def _delay(link: str) -> Strike:
    service, _, server = link.partition("-")

    def strike(scene: Scene, _round: Round, rng: Random) -> str:
        seconds, delay_s = rng.uniform(*CUT_S), rng.uniform(*DELAYS_S)
        line = scene.links[service, server]
        line.delay_s = delay_s
        time.sleep(seconds)
        line.delay_s = 0.0
        return f"{delay_s * 1000:.0f} ms more each way for {seconds:.1f} s"

    return strike


def _full(name: str) -> Strike:
    def strike(scene: Scene, _round: Round, rng: Random) -> str:
        server, seconds = scene.servers[name], rng.uniform(*FULL_S)
        witness, words = WITNESSES[name]
        since = system_clock()
        with witness(server) as seen:
            try:
                full_s, times = disks.stay_full(
                    lambda: disks.fill(server), seen, seconds, MET_WITHIN_S
                )
            finally:
                disks.clear(server)
        if name == "broker":
            scene.broker_full.append((since, system_clock()))
        died = not server.processes()
        if died:
            _note_death(scene, server)
            server.kill()
            bring_back([server])
        if not times:
            raise InVainError(f"nothing met the full disk in {full_s:.1f} s")
        told = f"full for {full_s:.1f} s, {times} {words}"
        return told + (", ended and started again" if died else "")

    return strike


def _clock(name: str) -> Strike:
    def strike(scene: Scene, _round: Round, rng: Random) -> str:
        off_s, seconds = rng.choice(CLOCK_OFF_S), rng.uniform(*rng.choice(WRONG_FOR_S))
        if name == "database":
            # Who was ended just now goes by that clock at its beginning.
            for service in scene.services.values():
                processes.wait_answer(service)
            told = clocks.told_by_database(scene.stack.postgres.url)
        else:
            told = clocks.told_by_service(scene.services[name])
        try:
            scene.clocks[name].set_off(off_s)
            seen_s = clocks.wait_off(told, off_s)
            time.sleep(clocks.NOTICED_AFTER_S + seconds)
        finally:
            scene.clocks[name].set_off(0)
        time.sleep(clocks.NOTICED_AFTER_S)
        clocks.wait_off(told, 0)
        return f"{off_s:+.0f} s for at least {seconds:.1f} s, seen after {seen_s:.1f} s"

    return strike


def _flood(scene: Scene, now: Round, rng: Random) -> str:
    known = list(scene.truth.told.values()) or list(now.sent)
    again = [rng.choice(known) for _ in range(FLOOD)]
    now.published.append(Publishing(again, scene.stack.mosquitto.url, rate=0))
    return f"{FLOOD} messages again"


def _late(scene: Scene, now: Round, rng: Random) -> str:
    when = rng.randrange(3) if now.varies else 0
    try:
        wait_until(lambda: bool(now.held), "nothing was held back", HELD_WITHIN_S)
    finally:
        now.holds -= 1
    held = now.release()
    rng.shuffle(held)
    if when == 1:
        now.after += held
        return f"{len(held)} messages held back until the load is over"
    if when == 2:
        now.carried += held
        return f"{len(held)} messages held back until the next round"
    now.published.append(Publishing(held, scene.stack.mosquitto.url, rate=0))
    return f"{len(held)} messages late and shuffled"


def _poison(scene: Scene, now: Round, rng: Random) -> str:
    poison: list[Poison] = make_poison(POISON, scene.root, rng)
    now.published.append(Publishing(poison, scene.stack.mosquitto.url, rate=0))
    return f"{POISON} poisonous messages"


def _note_death(scene: Scene, server: Server) -> None:
    if server is scene.stack.mosquitto:
        scene.broker_deaths.append(system_clock())
