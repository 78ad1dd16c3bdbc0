# SPDX-License-Identifier: EUPL-1.2
"""One round: load, faults at random moments in it that may overlap, and then the reckoning."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import psycopg

from crash.campaign import aftermath, processes, verdict
from crash.campaign.acknowledged import duplicates_before, forgetful, take
from crash.campaign.citizens import doubled
from crash.campaign.conductor import Blow, Struck, conduct, overlaps
from crash.campaign.faults import Fault, Round, interruptions
from crash.campaign.findings import find
from crash.campaign.flows import UNCOUNTED
from crash.campaign.health import differing_health
from crash.campaign.heard import AWAY, heard
from crash.campaign.ideas import differing_ideas, kept, unanswered
from crash.campaign.processes import InVainError
from crash.campaign.published import differing_then
from crash.campaign.scene import Scene
from crash.campaign.speaking import PIECE_S, Load
from crash.campaign.town import GATED, HOLD_S, INSIDE_AT_FIRST, SIGNS
from crash.campaign.traffic import Told
from crash.campaign.trips import differing_trips, driven, reckoned
from crash.campaign.verdict import Span
from crash.campaign.webhooks import Webhooks
from crash.load import Publishing
from stadttakt_runtime.clock import utc_now
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import EpochNs, system_clock

AT_REST_S = 1.0
PASSING = (AWAY, UNCOUNTED)
"""What may come over a town at rest."""

IN_VAIN = "in vain"
ONE_OF_HEAVY, HEAVY_RATE, LONG_SECONDS = 4, 600.0, 12.0
HOLDS_UP = {"stop-broker", "stall-parking-broker"}
"""What lets signs' messages wait on the way: a broker counts their expiry from when it reads them, a hold at most."""

ENOUGH_TRIPS = 12
"""Of so many some can be reckoned."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a round: messages a second, seconds of load at least, and seconds until all must be right after it.

    Where it `varies`, faults may last long, and one of four rounds is heavier or longer.
    """

    rate: float
    seconds: float
    within_s: float
    varies: bool = False

    def of(self, seed: str) -> Limits:
        """Return the limits of the round of this seed."""
        rng = Random(f"{seed}/limits")
        if not self.varies or rng.randrange(ONE_OF_HEAVY):
            return self
        if rng.random() < 0.5:
            return replace(self, rate=HEAVY_RATE)
        return replace(self, seconds=LONG_SECONDS)


@dataclass(frozen=True, slots=True)
class Played:
    """A round on record; `offences` is empty where all is right, `waited_for` what became right last."""

    number: int
    faults: list[Struck]
    overlapping: int
    messages: int
    by_webhook: int
    again: int
    ideas: int
    forgotten: int
    recovered_s: float
    waited_for: str
    offences: list[str]
    took_s: float
    load_s: float = 0.0
    standing: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By way, how many answers were judged, silent, exempt and unavailable; records of former commits do not have it, nor `load_s`."""
    trips: int = 0
    over: int = 0
    """Of a scene's last round: the trips whose stops were reckoned, and all that were over."""

    mailed_twice: int = 0
    ended: int = 0
    """Processes of services that ended by themselves, where a fault of the round may have made them."""

    def line(self) -> dict[str, Any]:
        """Return it as a record has it."""
        return asdict(self)


def settle(scene: Scene, within_s: float) -> None:
    """Let every sensor speak, and tell how many vehicles are in the lot with gates: counts begin here."""
    spacing = spacing_for(300)
    told = scene.traffic.first(EpochNs(system_clock() - 200 * spacing), spacing)
    load = Publishing(told, scene.stack.mosquitto.url, rate=0)
    scene.truth.add(load.acknowledged())
    scene.truth.sure.update(load.surely([], []))
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
    _, scene.watched = verdict.read(scene.record, 0)


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


def play(scene: Scene, number: int, faults: Sequence[Fault], seed: str, limits: Limits) -> Played:
    """Play one round, drawn by its seed, and return what came of it."""
    began, limits = time.monotonic(), limits.of(seed)
    deaths, ideas = len(scene.broker_deaths), len(scene.citizens.accepted)
    twice = doubled(_mailed(scene))
    scene.most_twice = most_twice(twice, faults, forgot=scene.forgot)
    endings, forgot = processes.endings(scene.services), scene.forgot
    scene.truth.most_duplicates = duplicates_before(scene, faults)
    with scene.citizens.submitting(seed):
        struck, now, load = _strike(scene, faults, seed, limits)
    counted = [each for each in struck if each.what != IN_VAIN]
    recovered_s, waited_for, rest, found = _reckon(scene, number, limits.within_s)
    answers, scene.watched = verdict.read(scene.record, scene.watched)
    published = [*load.pool, *(each for some in now.published for each in some.pool)]
    forgotten = scene.truth.missing & {each.identity for each in published}
    found += verdict.unwatched(answers, scene.watcher.poll())
    found += verdict.mute(answers, SIGNS)
    hangs = hung(load.began_at, counted)
    found += verdict.offences(answers, rest, excused=excused(scene, now, faults), hangs=hangs)
    found += now.unmet
    found += forgetful(len(forgotten - now.unkept), len(scene.broker_deaths) - deaths)
    ends = [*processes.ended_since(scene.services, endings)]
    found += unprovoked(ends, faults, forgot=forgot)
    return Played(
        number=number,
        faults=counted,
        overlapping=overlaps(counted),
        messages=len(load.pool) + len(load.webhooks.taken),
        by_webhook=len(load.webhooks.taken),
        again=sum(len(each.pool) for each in now.published),
        ideas=len(scene.citizens.accepted) - ideas,
        forgotten=len(forgotten),
        recovered_s=round(recovered_s, 1),
        waited_for=waited_for[:300],
        offences=found,
        took_s=round(time.monotonic() - began, 1),
        load_s=round(load.lasted_s, 1),
        standing=verdict.standings(answers),
        mailed_twice=doubled(_mailed(scene)) - twice,
        ended=sum(code != -signal.SIGKILL for _, code in ends),
    )


def excused(scene: Scene, now: Round, faults: Sequence[Fault]) -> bool:
    """Tell whether somebody may answer 503 in a round.

    Who did not use a connection since finds in the next round only that it was forgotten.
    """
    lingers, scene.forgot = scene.forgot, now.forgot
    return lingers or any(each.silences for each in faults)


def most_twice(before: int, faults: Iterable[Fault], *, forgot: bool) -> int:
    """Return how many mails may have come twice by the end of a round, of which there were so many before it.

    A connection that was forgotten in the round before may come between one and its note as a fault does.
    """
    return before + sum(map(interruptions, faults)) + forgot


def unprovoked(
    ends: Iterable[tuple[str, int]], faults: Sequence[Fault], *, forgot: bool
) -> Iterator[str]:
    """Yield whose process ended, with which code, although no fault of the round, nor a connection forgotten before it, made it."""
    for name, code in ends:
        if not forgot and not any(each.may_end(name) for each in faults):
            yield f"{name} ended with {code}, and no fault made it"


def hung(began_at: float, struck: Sequence[Struck]) -> dict[str, list[tuple[float, float]]]:
    """Return by way from when to when what signs told waited, under a load that began then; by MQTT for a hold after it too."""

    def spans(names: Collection[str], after_s: float) -> list[tuple[float, float]]:
        return [
            (began_at + each.began_s, began_at + each.ended_s + after_s)
            for each in struck
            if each.name in names
        ]

    by_mqtt = spans(HOLDS_UP, HOLD_S)
    return {"live": by_mqtt, "retained": by_mqtt, "streamed": spans({"stop-parking"}, 0.0)}


def ended(number: int, error: BaseException, took_s: float) -> Played:
    """Return a round that an error ended as it stands on record: an offence, whatever it was, told from its cause on."""
    chain: list[BaseException] = [error]
    while (before := chain[0].__cause__ or chain[0].__context__) is not None:
        chain.insert(0, before)
    words = "; then ".join(repr(each) for each in chain)
    return Played(number, [], 0, 0, 0, 0, 0, 0, 0.0, "", [f"ended by: {words}"], round(took_s, 1))


def _reckon(scene: Scene, number: int, within_s: float) -> tuple[float, str, list[Span], list[str]]:
    """Wait until all is right, and see that it stays so; keeps what there is to look at where it is not."""
    recovered_s, waited_for, found = _until_right(scene, within_s)
    rest: list[Span] = []
    if not found:
        rest, found = _at_rest(scene, within_s)
    if found:
        aftermath.keep(scene, number)
    return recovered_s, waited_for, rest, found


def _at_rest(scene: Scene, within_s: float) -> tuple[list[Span], list[str]]:
    """Wait a moment; return the time until now in which all must be told as it is, and what is not right in it."""
    begins, free = time.time(), scene.truth.free()
    endings = processes.endings(scene.services)
    time.sleep(AT_REST_S)
    found = stays_right(lambda: faults_of(scene), within_s)
    if not found:
        scene.truth.settle(utc_now())
        found = _public_then(scene, begins, free, within_s)
    ends = processes.ended_since(scene.services, endings)
    found += [f"{name} ended with {code}" for name, code in ends]
    rest = Span(begins, time.time(), free)
    return [rest], [f"at rest, until {utc_now():%T}: {each}" for each in found]


def _public_then(
    scene: Scene, begins: float, free: Mapping[str, int], within_s: float
) -> list[str]:
    """Return what is told otherwise of what was public when rest began."""
    at = datetime.fromtimestamp(begins, tz=UTC)
    bays = {bay_id: state for bay_id, (state, *_) in scene.truth.bays().items()}
    publisher = scene.asked.publisher
    return stays_right(lambda: [*heard(differing_then(free, bays, at, publisher))], within_s)


def examined(scene: Scene, played: Played, within_s: float) -> Played:
    """Return the last round of a scene with what hours of devices and stops of trips say otherwise: too slow for each round."""
    truth, asked = scene.truth, scene.asked

    def judged() -> Iterator[str]:
        yield from differing_health(truth, asked.database_url) or differing_trips(
            truth, asked.database_url, asked.transit
        )

    _bring_carried(scene)
    *_, found = _until(lambda: faults_of(scene) or [*heard(judged())], within_s)
    trips, over = len(reckoned(truth)), sum(len(each) - 1 for each in driven(truth).values())
    if over >= ENOUGH_TRIPS and not trips:
        found.append(f"of {over} trips that are over none could be reckoned")
    return replace(played, trips=trips, over=over, offences=[*played.offences, *found])


def after_load(scene: Scene, now: Round, rng: Random) -> list[Told]:
    """Return what comes late now that the load is over, also what was held back for nobody; some is carried into the next round."""
    held = [*now.after, *now.release()]
    rng.shuffle(held)
    scene.carried = now.carried
    return held


def _bring_carried(scene: Scene) -> None:
    """Send what is still held back: no frame of a device may be missing in the end."""
    held, scene.carried = scene.carried, []
    late = Publishing(held, scene.stack.mosquitto.url, rate=0)
    take(scene, Round(), [late], Webhooks())


def _strike(
    scene: Scene, faults: Sequence[Fault], seed: str, limits: Limits
) -> tuple[list[Struck], Round, Load]:
    rng = Random(f"{seed}/load")
    scene.traffic.begin(Random(f"{seed}/traffic"))
    now = Round(holds=sum(each.family == "late" for each in faults), varies=limits.varies)
    webhooks = Webhooks()
    load = Load(scene, now, rng, limits.rate, webhooks)

    def blow(index: int, fault: Fault) -> Blow:
        own = Random(f"{seed}/{index}")
        after_s = own.uniform(0.2, limits.seconds)
        return Blow(fault.name, after_s, fault.parts, lambda: struck_by(fault, scene, now, own))

    try:
        carried, scene.carried = scene.carried, []
        now.published.append(Publishing(carried, scene.stack.mosquitto.url, rate=0))
        blows = [blow(index, fault) for index, fault in enumerate(faults)]
        began = time.monotonic()
        with webhooks.sending(str(scene.asked.decoder.base_url)):
            struck = conduct(blows, load.speak, piece_s=PIECE_S, seconds=limits.seconds)
            load.lasted_s = time.monotonic() - began
        held = after_load(scene, now, rng)
        now.published.append(Publishing(held, scene.stack.mosquitto.url, rate=0))
        take(scene, now, [*load.pieces, *now.published], webhooks)
    finally:
        for publishing in (*load.pieces, *now.published):
            publishing.abandon()
    return struck, now, load


def struck_by(fault: Fault, scene: Scene, now: Round, rng: Random) -> str:
    """Let a fault strike and return what it did; in vain it is told as unmet, and does not count."""
    try:
        return fault.strike(scene, now, rng)
    except InVainError as vain:
        now.unmet.append(f"{fault.name}: {vain}")
        return IN_VAIN


def stays_right(judge: Callable[[], list[str]], within_s: float) -> list[str]:
    """Return what is not right any more; who says nothing says nothing wrong, and is waited for."""
    deadline = time.monotonic() + within_s
    while found := judge():
        wrong = [each for each in found if not each.startswith(PASSING)]
        if wrong or time.monotonic() > deadline:
            return wrong or found
        time.sleep(0.25)
    return []


def _until_right(scene: Scene, within_s: float) -> tuple[float, str, list[str]]:
    """Wait until everything is as it must be; returns the seconds, what was right last, and what still is not."""
    return _until(lambda: faults_of(scene), within_s)


def _until(judge: Callable[[], list[str]], within_s: float) -> tuple[float, str, list[str]]:
    began = time.monotonic()
    found, last = judge(), ""
    while found and time.monotonic() < began + within_s:
        last = found[0]
        time.sleep(0.25)
        found = judge()
    return time.monotonic() - began, last, found


def faults_of(scene: Scene) -> list[str]:
    """Return what is not as it must be."""
    return [*heard(_differing(scene))]


def _differing(scene: Scene) -> Iterator[str]:
    yield from find(scene.truth, scene.asked) or _of_ideas(scene)


def _of_ideas(scene: Scene) -> Iterator[str]:
    yield from differing_ideas(
        scene.citizens,
        kept(scene.asked.database_url),
        _mailed(scene),
        broker_deaths=scene.broker_deaths,
        most_twice=scene.most_twice,
    )
    yield from unanswered(scene.citizens, scene.asked.registry)


def _mailed(scene: Scene) -> Counter[str]:
    """Return how many mails came to each address."""
    return Counter(address for each in scene.postbox.recipients for address in each)
