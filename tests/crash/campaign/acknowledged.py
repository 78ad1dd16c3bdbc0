# SPDX-License-Identifier: EUPL-1.2
"""What was acknowledged in a round: taken as true, and as doubtful where a dying broker alone acknowledged it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crash.campaign import ledger
from crash.campaign.faults import EVERYTHING, SERVERS, Fault, Round
from crash.campaign.poison import Poison
from crash.campaign.reckoning import Truth
from crash.campaign.scene import Scene
from crash.campaign.traffic import Told
from crash.campaign.webhooks import Webhooks
from crash.load import FORGOTTEN_A_DEATH, Publishing
from stadttakt_simulators.clock import EpochNs

_BRING_AGAIN = {"decoder", EVERYTHING, *SERVERS}


def duplicates_before(scene: Scene, faults: Iterable[Fault]) -> int | None:
    """Return how many duplicates there are before a round; none where it may bring some that nobody counts.

    Such faults are those of the decoder, of its links and of servers, which bring again what was under way. Who
    forgot a connection in the round before may notice in this one.
    """
    struck = {each.target.partition("-")[0] for each in faults}
    if scene.forgot or struck & _BRING_AGAIN:
        return None
    return ledger.sums_of(ledger.read(scene.asked.decoder))["duplicate"]


def take(
    scene: Scene,
    now: Round,
    publishings: Sequence[Publishing[Told] | Publishing[Poison]],
    webhooks: Webhooks,
) -> None:
    """Add to a scene's truth what broker and decoder acknowledged in a round."""
    truth, deaths = scene.truth, scene.broker_deaths
    assert webhooks.refused == [], webhooks.refused
    if truth.most_duplicates is not None:
        truth.most_duplicates += known_again(truth, publishings, webhooks)
    truth.add(webhooks.taken)
    truth.sure.update(each.identity for each in webhooks.taken)
    unkept = spans_unkept(scene.broker_full, deaths)
    doubtful = set[str]()
    for publishing in publishings:
        acknowledged = publishing.acknowledged()
        assert len(acknowledged) == len(publishing.pool), "not all acknowledged"
        truth.add(acknowledged)
        truth.sure.update(publishing.surely(deaths, unkept))
        within = publishing.acknowledged_within(unkept)
        now.unkept |= within
        doubtful |= publishing.doubtful(deaths) | within
    truth.doubt(doubtful)


def known_again(
    truth: Truth,
    publishings: Iterable[Publishing[Told] | Publishing[Poison]],
    webhooks: Webhooks,
) -> int:
    """Return how often uplinks came that came before, at most: a webhook without an answer may have been taken."""
    known = {each.identity for each in truth.told.values()}
    brought = [
        *webhooks.taken,
        *(
            each
            for publishing in publishings
            for each in publishing.acknowledged()
            if isinstance(each, Told) and each.uplink
        ),
    ]
    new = {each.identity for each in brought} - known
    return len(brought) - len(new) + webhooks.again


def spans_unkept(
    full: Sequence[tuple[EpochNs, EpochNs]], deaths: Sequence[EpochNs]
) -> list[tuple[EpochNs, EpochNs]]:
    """Return when a broker whose disk was full acknowledged what it had in memory alone, and then died (decision 0002)."""
    return [(begin, end) for begin, end in full if any(died > begin for died in deaths)]


def forgetful(forgotten: int, deaths: int) -> list[str]:
    """Return the offence of a broker that forgot more than its deaths excuse."""
    if forgotten <= FORGOTTEN_A_DEATH * deaths:
        return []
    return [f"{forgotten} acknowledged messages are gone after {deaths} deaths of the broker"]
