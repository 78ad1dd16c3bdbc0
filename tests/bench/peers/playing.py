# SPDX-License-Identifier: EUPL-1.2
"""One peer does the job: what waits at the broker becomes rows, undisturbed or killed twice meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench import throughput
from bench.backlog import BEGUN_SHARE, LOOK_S, PATIENCE_S
from bench.cpu import cpu_s
from bench.peers import target
from bench.peers.contenders import TOPIC, Peer, Place, environment_of
from stadttakt_simulators.burst import BurstDevice
from support.stack import Stack

KILLS_AT = (0.25, 0.5)
QUIET_S, OF_START = 15.0, 4
"""Who was killed is done when nothing more was written for so long, and for so many of its starts."""
SESSION_S = 3600
END_S = 30


@dataclass(frozen=True)
class Drain:
    """Rows committed a second, CPU µs of a message (the peer's, the database's), and seconds to the first row."""

    per_s: float
    cpu_us: float
    database_us: float
    start_s: float


@dataclass(frozen=True)
class Killed:
    """What two kills -9 of the peer cost: uplinks without a row, rows too many; `at`: how many rows there were then."""

    lost: int
    doubled: int
    at: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Ground:
    """Where it is played, by which devices, with how many messages."""

    stack: Stack
    place: Place
    devices: Sequence[BurstDevice]
    messages: int


def drain(ground: Ground, peer: Peer, number: int) -> Drain:
    """Measure from a twentieth of the rows to all; who commits once at the end, from the start."""
    with _prepared(ground, peer, number) as counter, _running(peer) as processes:
        start = (time.perf_counter(), 0, _used(ground.stack, processes))
        begun, first_s = start if peer.commits_at_end else None, 0.0
        for rows in _growing(counter, ground.messages):
            now = time.perf_counter()
            if rows and not first_s:
                first_s = now - start[0]
            if begun is None and ground.messages * BEGUN_SHARE <= rows < ground.messages:
                begun = (now, rows, _used(ground.stack, processes))
        if rows < ground.messages:
            raise RuntimeError(f"{peer.name} wrote {rows} of {ground.messages} rows")
        used = _used(ground.stack, processes)
        _end(processes)
    # So few that all came at once were timed from the start.
    began_s, before, used_before = begun or start
    count = rows - before
    own_s, database_s = (end - begin for end, begin in zip(used, used_before, strict=True))
    costs = own_s / count * 1e6, database_s / count * 1e6
    return Drain(count / (now - began_s), *costs, first_s)


def kill_twice(ground: Ground, peer: Peer, number: int, alone: Drain) -> Killed:
    """Kill it at a quarter and at half of the rows, then let it finish; `alone` is how it did undisturbed.

    Who commits at the end shows no rows: it is killed at these shares of the time that it takes.
    """
    quiet_s = max(QUIET_S, OF_START * alone.start_s)
    at: list[int] = []
    with _prepared(ground, peer, number) as counter:
        for share in KILLS_AT:
            with _running(peer):
                if peer.commits_at_end:
                    time.sleep(ground.messages / alone.per_s * share)
                else:
                    for _ in _growing(counter, int(ground.messages * share), quiet_s):
                        pass
            at.append(counter.rows())
        with _running(peer) as processes:
            for _ in _growing(counter, ground.messages, quiet_s):
                pass
            _end(processes)
        found = counter.all()
    return Killed(ground.messages - found.uplinks, found.count - found.uplinks, tuple(at))


def _growing(counter: target.Counter, wanted: int, quiet_s: float = PATIENCE_S) -> Iterator[int]:
    """Yield how many rows there are, until all are or none came for so long."""
    rows, changed = 0, time.monotonic()
    while True:
        found = counter.rows()
        if found != rows:
            rows, changed = found, time.monotonic()
        yield rows
        if rows >= wanted or time.monotonic() - changed > quiet_s:
            return
        time.sleep(LOOK_S)


def _used(stack: Stack, processes: Sequence[subprocess.Popen[bytes]]) -> tuple[float, float]:
    if stack.postgres.pid is None:
        raise RuntimeError("the database is gone")
    return sum(cpu_s(each.pid) for each in processes), cpu_s(stack.postgres.pid)


@contextmanager
def _prepared(ground: Ground, peer: Peer, number: int) -> Iterator[target.Counter]:
    """Have the messages wait in the peer's session, and count its rows; the session ends with the block."""
    url = ground.place.database_url
    target.empty(url)
    _session(ground.place, peer, ends=True)
    _session(ground.place, peer, ends=False)
    throughput.fill(
        ground.stack,
        ground.devices,
        number,
        count=ground.messages,
        channels=peer.is_sent_channels,
    )
    with contextlib.closing(target.Counter(url, peer.counted)) as counter:
        yield counter
    _session(ground.place, peer, ends=True)


def _session(place: Place, peer: Peer, *, ends: bool) -> None:
    """Begin or end the durable session of a peer in its name."""
    host, port = place.broker
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=peer.client_id, protocol=paho.MQTTv5
    )
    done = threading.Event()

    def on_connect(connected: paho.Client, *_: Any) -> None:
        if ends:
            done.set()
        else:
            connected.subscribe(TOPIC, qos=1)

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: done.set()
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0 if ends else SESSION_S
    client.connect(host, port, clean_start=True, properties=properties)
    client.loop_start()
    if not done.wait(END_S):
        raise RuntimeError("the broker does not answer")
    client.disconnect()
    client.loop_stop()


@contextmanager
def _running(peer: Peer) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a peer's pipeline; whatever of it runs at the end of the block is killed with its children."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in peer.commands:
            last = command is peer.commands[-1]
            processes.append(
                subprocess.Popen(
                    command,
                    env=environment_of(peer),
                    stdin=processes[-1].stdout if processes else subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL if last else subprocess.PIPE,
                    start_new_session=True,
                )
            )
        for each in processes[:-1]:
            if each.stdout is not None:
                each.stdout.close()
        yield processes
    finally:
        # The last first: it would take the end of its input for the end of the work.
        for each in reversed(processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
        for each in processes:
            each.wait()


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the pipeline from its head, as an operator would."""
    processes[0].terminate()
    for each in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            each.wait(END_S)
