# SPDX-License-Identifier: EUPL-1.2
"""The rounds: whoever can run here does the same job in turn, then once more while it is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.table import Table

from bench.peers import contenders, scoring, target
from bench.peers.contenders import Peer, Place
from bench.peers.playing import Ground, drain, kill_twice
from bench.peers.scoring import Score
from bench.script_codecs import assign, usual
from bench.services import new_database
from stadttakt_simulators.burst import BurstDevice
from stadttakt_simulators.burst.pool import DEFAULT_CODEC
from support.stack import Stack, free_ports

CODEC = "peers-usual"
Say = Callable[[str], None]


def measure(ground: Ground, rounds: int, say: Say) -> Iterator[Table]:
    """Yield what each did, and who could not run here."""
    players, left_out = entries(ground, list(contenders.MAKERS), say)
    scores = play(ground, players, max(1, rounds), say)
    yield scoring.table(scores, ground.messages)
    if left_out:
        table = Table("not run here", "for want of")
        for name, programs in left_out:
            table.add_row(name, " and ".join(programs))
        yield table


@dataclass(frozen=True)
class Entry:
    """A peer and what has to be done before it runs."""

    peer: Peer
    prepare: Callable[[], None]


def entries(
    ground: Ground, others: Sequence[str], say: Say
) -> tuple[list[Entry], list[tuple[str, list[str]]]]:
    """Return who can run here, ours first, and who cannot and why."""
    place, found, left_out = ground.place, [], []
    target.create(place.database_url)
    assign(place.database_url, [usual(CODEC, stateless=True)], {})
    for scripted in (True, False):
        codec = CODEC if scripted else DEFAULT_CODEC
        given = {device.dev_eui: codec for device in ground.devices}
        peer = contenders.decoder(place, free_ports(1)[0], scripted=scripted)
        found.append(Entry(peer, partial(assign, place.database_url, [], given)))
    for name in others:
        if lacking := contenders.missing(name):
            left_out.append((name, lacking))
            continue
        say(f"{name} …")
        peer = contenders.MAKERS[name][0](place, ground.messages)
        found.append(Entry(peer, lambda: None))
    return found, left_out


def play(ground: Ground, players: Sequence[Entry], rounds: int, say: Say) -> list[Score]:
    """Let each do the job in each round, another one first each time; then kill each."""
    scores = [Score(entry.peer) for entry in players]
    turns = [*zip(players, scores, strict=True)]
    for number in range(rounds):
        first = number % len(turns)
        for position, (entry, score) in enumerate(turns[first:] + turns[:first]):
            entry.prepare()
            score.drains.append(drain(ground, entry.peer, number * 100 + position))
            say(f"round {number + 1}: {entry.peer.name}: {score.drains[-1].per_s:,.0f} rows/s")
    for position, (entry, score) in enumerate(turns):
        entry.prepare()
        seed = rounds * 100 + position
        score.killed = kill_twice(ground, entry.peer, seed, score.drains[-1])
        say(f"killed twice: {entry.peer.name}: {score.killed}")
    return scores


def ground_of(
    stack: Stack, city: Path, devices: Sequence[BurstDevice], messages: int, folder: Path
) -> Ground:
    """Return a database and a broker for all of them."""
    url = new_database(stack, "peers", city)
    return Ground(stack, Place(url, stack.mosquitto.url, city, folder), devices, messages)
