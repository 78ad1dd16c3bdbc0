# SPDX-License-Identifier: EUPL-1.2
"""Who judges the registry and the stays sees what is wrong: lost, doubled, told otherwise."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from crash.campaign.beside import QUARTER
from crash.campaign.citizens import Citizens
from crash.campaign.faults import all_faults, interruptions
from crash.campaign.ideas import Kept, differing_ideas
from crash.campaign.play import most_twice as most_of_round
from crash.campaign.stays import Stay, compared, flows, stays
from stadttakt_simulators.clock import EpochNs

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
EVENT = "measure-registry/change/1"
RIGHT = Kept([("Bank 1", "i-1")], {"i-1": NOW}, {"i-1": (1, True)})


def _citizens(*events: str) -> Citizens:
    citizens = Citizens("", {"Bank 1": "i-1"})
    for event in events:
        data = {"action": "submitted", "entity_id": "i-1"}
        citizens.hear(orjson.dumps({"id": event, "data": data}))
    return citizens


def _differing(
    found: Kept = RIGHT,
    citizens: Citizens | None = None,
    mailed: Counter[str] | None = None,
    *,
    deaths: tuple[EpochNs, ...] = (),
    most_twice: int = 0,
) -> list[str]:
    citizens, mailed = citizens or _citizens(EVENT, EVENT), mailed or Counter(["a@example.org"])
    told = differing_ideas(citizens, found, mailed, broker_deaths=deaths, most_twice=most_twice)
    return list(told)


def test_citizens_who_die_end_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError("no more ideas")

    monkeypatch.setattr(Citizens, "submit", dies)
    with pytest.raises(RuntimeError, match="no more ideas"), _citizens().submitting("7"):
        pass


def test_idea_that_is_there_once_with_one_event_and_one_mail_is_right() -> None:
    assert _differing() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ideas": []}, "idea: 1 lost"),
        ({"ideas": [("Bank 1", "i-1"), ("Bank 1", "i-1")]}, "stored more than once"),
        ({"ideas": [("Bank 1", "i-1"), ("Bank 2", "i-2")]}, "that nobody sent"),
        ({"ideas": [("Bank 1", "i-9")]}, "was acknowledged as i-1 and is i-9"),
        ({"mails": {}}, "instead of one that is sent"),
        ({"mails": {"i-1": (2, True)}}, "instead of one that is sent"),
        ({"mails": {"i-1": (1, False)}}, "instead of one that is sent"),
    ],
)
def test_each_thing_that_is_wrong_with_an_idea_is_told(change: dict[str, Any], words: str) -> None:
    assert any(words in each for each in _differing(dataclasses.replace(RIGHT, **change)))


def test_idea_has_one_event_whatever_is_told_again() -> None:
    (none,) = _differing(citizens=_citizens())
    assert none == f"registry event: none of i-1, told at {NOW}"
    (two,) = _differing(citizens=_citizens(EVENT, "measure-registry/change/2"))
    assert "i-1 has 2" in two


@pytest.mark.parametrize(
    ("died_after_ms", "offences"), [(-10_000, 1), (-900, 0), (40, 0), (100, 1), (10_000, 1)]
)
def test_event_may_be_missing_only_where_the_broker_died_with_it(
    died_after_ms: int, offences: int
) -> None:
    """Noted as told up to a second after the broker acknowledged it, which forgets 50 ms at most."""
    died = EpochNs(int(NOW.timestamp() * 1e9) + died_after_ms * 10**6)
    assert len(_differing(citizens=_citizens(), deaths=(died,))) == offences


def test_mail_comes_twice_only_where_something_came_between() -> None:
    twice = Counter({"a@example.org": 2})
    (offence,) = _differing(mailed=twice)
    assert offence == "mail: 1 came twice, and 0 may have"
    assert _differing(mailed=twice, most_twice=1) == []
    faults = all_faults()
    assert interruptions(faults["kill-registry"]) == 1
    assert interruptions(faults["reset-registry-database"]) == 5
    assert interruptions(faults["kill-parking"]) == interruptions(faults["flood"]) == 0
    killed = [faults["kill-registry"], faults["flood"]]
    assert most_of_round(2, killed, forgot=False) == 3
    assert most_of_round(2, [], forgot=False) == 2
    assert most_of_round(0, [], forgot=True) == 1


def test_idea_is_sent_again_under_its_key_until_it_is_acknowledged() -> None:
    keys = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ConnectError("cut")
        return httpx.Response(503 if len(keys) == 2 else 201, json={"idea_id": "i-1"})

    citizens = Citizens("")
    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://registry") as client:
        citizens.submit(client, "7/0/0")
    assert keys == ["7/0/0"] * 3
    assert citizens.accepted == {"Bank am Ufer 7/0/0": "i-1"}
    assert citizens.refused == []


def test_refused_idea_is_an_offence() -> None:
    citizens = _citizens(EVENT)
    refusing = httpx.MockTransport(lambda _: httpx.Response(422, text="no such field"))
    with httpx.Client(transport=refusing, base_url="http://registry") as client:
        citizens.submit(client, "7/0/0")
    assert _differing(citizens=citizens) == ["idea refused: 7/0/0: 422 no such field"]


def _quarters(bay_id: str, told: str) -> dict[tuple[str, datetime], bool]:
    return {
        (bay_id, NOW + number * QUARTER): each == "x"
        for number, each in enumerate(told)
        if each != " "
    }


def test_stays_are_words_in_a_row_and_silence_hides_who_comes_and_goes() -> None:
    found = stays({**_quarters("a", "xx. x.x"), **_quarters("b", " x")})

    def at(number: int) -> datetime:
        return NOW + number * QUARTER

    assert found == {
        Stay("a", occupied=True, begun_from=None, begun_to=at(0), ended_from=at(1), ended_to=at(2)),
        Stay(
            "a", occupied=False, begun_from=at(1), begun_to=at(2), ended_from=at(2), ended_to=None
        ),
        Stay("a", occupied=True, begun_from=None, begun_to=at(4), ended_from=at(4), ended_to=at(5)),
        Stay(
            "a", occupied=False, begun_from=at(4), begun_to=at(5), ended_from=at(5), ended_to=at(6)
        ),
        Stay("a", occupied=True, begun_from=at(5), begun_to=at(6), ended_from=at(6), ended_to=None),
        Stay("b", occupied=True, begun_from=None, begun_to=at(1), ended_from=at(1), ended_to=None),
    }
    assert flows(found) == (1, 2)


def test_each_difference_of_stays_is_told() -> None:
    wanted = stays(_quarters("a", ".x."))
    total = {"arrivals": {"value": 1}, "departures": {"value": 1}}
    rows = sorted(wanted, key=str)
    assert list(compared(wanted, rows, (1, 1), total)) == []
    (lost,) = compared(wanted, rows[1:], (1, 1), total)
    assert "stays: 2 instead of 3" in lost
    (doubled,) = compared(wanted, [*rows, rows[0]], (1, 1), total)
    assert "stays: 4 instead of 3" in doubled
    later = rows[0]._replace(begun_to=rows[0].begun_to + timedelta(seconds=1))
    assert len(list(compared(wanted, [later, *rows[1:]], (1, 1), total))) == 1
    (day,) = compared(wanted, rows, None, total)
    assert "the day of" in day
    (told,) = compared(wanted, rows, (1, 1), {**total, "departures": {"value": 2}})
    assert "tells (1, 2) instead of (1, 1)" in told
