# SPDX-License-Identifier: EUPL-1.2
"""A fault counts that struck something, and is over once who was struck is there again; all else is told as an offence."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from crash.campaign import clocks, faults, processes
from crash.campaign.faults import Fault, Round, all_faults
from crash.campaign.play import IN_VAIN, struck_by
from crash.campaign.processes import InVainError

RNG = Random(1)
OFF_S = 400.0


class Service:
    """Ends by itself when it is told to, and begins anew after some looks; `looks` is how often it was looked at."""

    name = "parking"

    def __init__(
        self, *, alive_after: int = 0, begins_after: int = 3, answers_after: int = 6
    ) -> None:
        self.looks, self.killed_at = 0, -1
        self._alive_after = alive_after
        self._begins_after, self._answers_after = begins_after, answers_after

    @property
    def is_alive(self) -> bool:
        self.looks += 1
        return self.looks > self._alive_after

    @property
    def pid(self) -> int:
        self.looks += 1
        is_old = self.killed_at < 0 or self.looks < self.killed_at + self._begins_after
        return 100 if is_old else 101

    def kill(self) -> None:
        assert self.looks > self._alive_after, "it is dead"
        self.killed_at = self.looks

    def status(self, path: str) -> int | None:
        assert path == "/live"
        # What was asked of the old process may be answered yet.
        is_there = self.killed_at < 0 or self.looks > self.killed_at + self._answers_after
        return 503 if is_there or self.pid == 100 else None


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOOKS_EVERY_S", 0)
    monkeypatch.setattr(clocks, "NOTICED_AFTER_S", 0)
    monkeypatch.setattr(faults, "WRONG_FOR_S", ((0, 0),))
    monkeypatch.setattr(faults, "CLOCK_OFF_S", (OFF_S,))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "THERE_WITHIN_S", 0)
    monkeypatch.setattr(faults, "HELD_WITHIN_S", 0)


def _scene(service: object) -> Any:
    return SimpleNamespace(services={"parking": service}, servers={})


def test_killed_service_is_away_until_another_process_answers() -> None:
    service = Service()
    told = all_faults()["kill-parking"].strike(_scene(service), Round(), RNG)
    assert told.startswith("killed, ")
    assert told.endswith(" s away")
    assert service.looks > service.killed_at + 6


def test_service_that_has_just_ended_is_struck_once_it_lives_again() -> None:
    service = Service(alive_after=5)
    all_faults()["kill-parking"].strike(_scene(service), Round(), RNG)
    assert service.killed_at > 5


Strikes = Callable[[], tuple[Fault, Any, Round]]


def _dead_service(kind: str) -> tuple[Fault, Any, Round]:
    return all_faults()[f"{kind}-parking"], _scene(Service(alive_after=1000)), Round()


def _dead_server(name: str) -> tuple[Fault, Any, Round]:
    servers = {"broker": SimpleNamespace(processes=list)}
    return all_faults()[name], SimpleNamespace(services={}, servers=servers), Round()


IN_VAIN_CASES: dict[str, tuple[Strikes, str]] = {
    "killed is dead": (lambda: _dead_service("kill"), "no process to strike"),
    "hangs and is dead": (lambda: _dead_service("stop"), "no process to strike"),
    "server killed is dead": (lambda: _dead_server("kill-broker"), "no process to strike"),
    "server hangs and is dead": (lambda: _dead_server("stop-broker"), "no process to strike"),
    "does not come back": (
        lambda: (all_faults()["kill-parking"], _scene(Service(begins_after=10**9)), Round()),
        "parking did not answer",
    ),
    "nothing was held back": (lambda: (all_faults()["late"], _scene(None), Round()), "held back"),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", IN_VAIN_CASES)
def test_fault_that_struck_nothing_or_never_ends_is_an_offence_and_does_not_count(
    case: str,
) -> None:
    strikes, words = IN_VAIN_CASES[case]
    fault, scene, now = strikes()
    assert struck_by(fault, scene, now, RNG) == IN_VAIN
    (unmet,) = now.unmet
    assert unmet.startswith(f"{fault.name}: ")
    assert words in unmet


def test_second_of_two_late_faults_has_messages_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "Publishing", lambda pool, *_, **__: pool)
    scene: Any = SimpleNamespace(stack=SimpleNamespace(mosquitto=SimpleNamespace(url="")))
    held: list[Any] = ["a", "b"]
    now, late = Round(holds=2, held=held), all_faults()["late"]
    assert struck_by(late, scene, now, RNG) == "2 messages late and shuffled"
    assert now.holds == 1
    now.held += ["c"]  # type: ignore[list-item]
    assert struck_by(late, scene, now, RNG) == "1 messages late and shuffled"
    assert (now.holds, now.unmet) == (0, [])


class Clock:
    """A clock that nobody goes by unless `seen`, and what a service says of it."""

    def __init__(self, *, seen: bool) -> None:
        self.off_s, self._seen = 0.0, seen
        self.http = httpx.Client(transport=httpx.MockTransport(self._metrics), base_url="http://a")

    def set_off(self, seconds: float) -> None:
        self.off_s = seconds

    def _metrics(self, _request: httpx.Request) -> httpx.Response:
        off_s = self.off_s + 0.6 if self._seen else 0.0
        machine = f'stadttakt_clock_off_seconds{{clock="machine"}} {off_s}'
        return httpx.Response(200, text=f"# HELP\nother 1\n{machine}\n")


def _wrong_clock(*, seen: bool) -> tuple[str, Round]:
    clock, now = Clock(seen=seen), Round()
    scene: Any = SimpleNamespace(services={"parking": clock}, clocks={"parking": clock})
    told = struck_by(all_faults()["clock-parking"], scene, now, RNG)
    assert clock.off_s == 0
    return told, now


def test_clock_is_wrong_once_its_process_says_so() -> None:
    told, now = _wrong_clock(seen=True)
    assert told.startswith("+400 s for at least 0.0 s, seen after ")
    assert now.unmet == []


@pytest.mark.usefixtures("impatient")
def test_clock_of_which_its_process_sees_nothing_is_an_offence_and_does_not_count() -> None:
    told, now = _wrong_clock(seen=False)
    assert told == IN_VAIN
    (unmet,) = now.unmet
    assert unmet == "clock-parking: no clock was told to be +400 s off within 0 s"


@pytest.mark.usefixtures("impatient")
def test_service_that_says_nothing_of_its_clock_does_not_pass_for_one_that_is_right() -> None:
    silent: Any = SimpleNamespace(
        http=httpx.Client(
            transport=httpx.MockTransport(lambda _: httpx.Response(200, text="other 1")),
            base_url="http://a",
        )
    )
    with pytest.raises(InVainError, match="told to be"):
        clocks.wait_off(clocks.told_by_service(silent), 0)
