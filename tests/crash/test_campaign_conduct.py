# SPDX-License-Identifier: EUPL-1.2
"""Faults overlap under a load that outlasts them; what a seed draws depends on it alone; every round is on record."""

from __future__ import annotations

import argparse
import dataclasses
import threading
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

from crash.campaign import running
from crash.campaign.conductor import Blow, Struck, conduct, overlaps
from crash.campaign.faults import Fault, all_faults
from crash.campaign.plan import chosen, drawn, rounds
from crash.campaign.play import Played, ended
from crash.campaign.record import Record, chart, report
from crash.campaign.running import Campaign, first_round, machine
from crash.campaign.speaking import next_piece
from stadttakt_simulators.clock import EpochNs
from support import report_page
from support.chart import draw

PATIENCE_S = 60
PIECE_S = 0.01


def _conduct(*blows: Blow, speak: Callable[[], None] = lambda: None) -> list[Struck]:
    return conduct(blows, speak, piece_s=PIECE_S, seconds=PIECE_S)


def test_faults_of_different_parts_strike_at_once() -> None:
    both = threading.Barrier(2, timeout=PATIENCE_S)

    def strike() -> str:
        both.wait()
        return "met"

    struck = _conduct(Blow("a", 0, ["x"], strike), Blow("b", 0.01, ["y"], strike))
    assert [(each.name, each.what) for each in struck] == [("a", "met"), ("b", "met")]


def test_fault_overlaps_that_begins_while_any_before_it_lasts() -> None:
    spans = [(0.0, 9.0), (1.0, 2.0), (3.0, 4.0), (9.5, 9.6)]
    struck = [Struck("a", "", begin, end) for begin, end in reversed(spans)]
    assert overlaps(struck) == 2


def test_faults_of_one_part_wait_for_each_other() -> None:
    there: list[int] = []
    most: list[int] = []

    def strike() -> str:
        there.append(1)
        most.append(len(there))
        threading.Event().wait(0.02)
        there.pop()
        return ""

    blows = [Blow(f"f{n}", 0, parts, strike) for n, parts in enumerate((["x"], ["x", "y"], ["y"]))]
    assert len(_conduct(*blows[:2])) == 2
    assert max(most) == 1


def test_load_goes_on_until_the_last_fault_is_over() -> None:
    enough, spoken = threading.Event(), []

    def speak() -> None:
        spoken.append(1)
        if len(spoken) > 20:
            enough.set()

    def strike() -> str:
        assert enough.wait(PATIENCE_S)
        return "spoken to meanwhile"

    (struck,) = _conduct(Blow("long", 0, ["x"], strike), speak=speak)
    assert struck.what == "spoken to meanwhile"
    assert len(spoken) > 20


def test_piece_of_load_that_comes_late_is_told_after_the_one_before() -> None:
    assert next_piece(EpochNs(7), EpochNs(5)) == 7
    assert next_piece(EpochNs(7), EpochNs(9)) == 9


def test_error_of_one_fault_is_raised_after_the_others_are_over() -> None:
    over = threading.Event()

    def fails() -> str:
        raise RuntimeError("no broker")

    def lasts() -> str:
        over.set()
        return ""

    with pytest.raises(RuntimeError, match="no broker"):
        _conduct(Blow("a", 0, ["x"], fails), Blow("b", 0.02, ["y"], lasts))
    assert over.is_set()


def test_everything_is_struck_alone_and_links_and_clocks_beside_their_services() -> None:
    faults = all_faults()
    everything = faults["kill-everything"].parts
    assert faults["kill-broker"].parts < everything
    assert faults["stop-parking"].parts < everything
    assert not everything & (faults["cut-parking-broker"].parts | faults["clock-parking"].parts)
    assert faults["cut-parking-broker"].parts == faults["delay-parking-broker"].parts
    assert not faults["kill-parking"].parts & faults["clock-parking"].parts


def _fault(name: str) -> Fault:
    family, _, target = name.partition("-")
    return Fault(family, target, lambda *_: "")


def test_seed_repeats_the_choice_of_faults_and_each_kind_comes_as_often_as_its_kin() -> None:
    faults = [_fault(name) for name in ("flood", "kill-a", "kill-b", "kill-c")]
    first, other = (list(islice(rounds(seed, faults), 60)) for seed in "78")
    assert first != other
    assert [drawn("7", faults, number) for number in (0, 7, 59)] == [first[0], first[7], first[59]]
    names = [fault.name for each in first for fault in each]
    kills = [names.count(f"kill-{target}") for target in "abc"]
    assert max(kills) - min(kills) <= 1
    assert abs(names.count("flood") - sum(kills)) < len(names) / 4


def test_five_hundred_faults_have_each_kind_whatever_the_seed() -> None:
    kinds = chosen(all_faults(), [])
    for seed in "123":
        found = islice(chain.from_iterable(rounds(seed, kinds)), 500)
        assert {each.name for each in found} == {each.name for each in kinds}


def test_only_what_those_who_answer_need_excuses_that_they_do_not() -> None:
    silent = {name for name, each in all_faults().items() if each.silences}
    assert {"kill-parking", "cut-publisher-broker", "full-database", "kill-everything"} <= silent
    others = {"kill-registry", "delay-kpi-broker", "clock-parking", "flood", "late", "poison"}
    assert not others & silent


def test_faults_are_chosen_by_name_or_family_and_unknown_ones_are_refused() -> None:
    faults = {name: _fault(name) for name in ("kill-a", "kill-b", "flood")}
    assert [each.name for each in chosen(faults, ["kill"])] == ["kill-a", "kill-b"]
    assert [each.name for each in chosen(faults, ["kill-b", "flood"])] == ["flood", "kill-b"]
    with pytest.raises(ValueError, match=r"no such fault: fire; there are flood, kill"):
        chosen(faults, ["fire"])


KILLED = Struck("kill-a", "killed", 0.5, 0.7)
NEW = {"standing", "load_s", "by_webhook", "mailed_twice", "ended"}
"""What records of earlier commits do not have."""

HTTP = {"http": {"judged": 600, "silent": 7, "exempt": 2, "unavailable": 3}}
PLAYED = Played(0, [KILLED], 0, 100, 7, 0, 4, 1, 2.5, "a lot", [], 60.0, 2.0, HTTP)
PLAYED = dataclasses.replace(PLAYED, mailed_twice=3)
ABOUT = {
    "scene": 0,
    "drawn": ["kill-a"],
    "cannot": ["full"],
    "unplayed": ["full-broker"],
    **machine(),
}


def test_record_is_taken_up_again_and_reported(tmp_path: Path) -> None:
    wrong = dataclasses.replace(PLAYED, number=1, recovered_s=9.0, offences=["a bay is wrong"])
    Record(tmp_path / "a/rounds.jsonl").add(PLAYED, ABOUT)
    record = Record(tmp_path / "a/rounds.jsonl")
    record.add(wrong, ABOUT)
    assert [each["number"] for each in record.rounds()] == [0, 1]
    text = report("7", record.rounds(), ["kill-a", "stop-b"])
    assert "2 faults in 2 rounds of 2 minutes together, all under load" in text
    assert "1 round with an offence;" in text
    assert "200 messages" in text
    assert "8 ideas, 6 mails that came twice" in text
    assert "Drawn but not to be played here: 2 (full)" in text
    assert f"Commit `{ABOUT['commit']}`; {ABOUT['cores']} cores" in text
    assert "200 messages under load (50 a second), " in text
    assert "| http | 1,200 | 14 | 4 | 6 |" in text
    assert "| kill-a | 2 | 5.8 s | 9.0 s | 1 |" in text
    assert "| stop-b | 0 |" in text
    assert "- round 1 (kill-a): a bay is wrong" in text
    image = draw(chart(record.rounds()))
    for told in ("Until all was right again, median by family of faults", "seconds", ">kill<"):
        assert told in image
    assert chart([]).is_empty


def test_rounds_of_before_answers_were_counted_and_load_was_timed_are_read_and_reported() -> None:
    line = {**PLAYED.line(), **ABOUT}
    old = {name: each for name, each in line.items() if name not in NEW}
    text = report("7", [old, line], ["kill-a"])
    assert "200 messages under load (50 a second, in 1 of 2 rounds), " in text
    assert "Answers of signs and feeds, in 1 of 2 rounds." in text
    assert "| http | 600 | 7 | 2 | 3 |" in text
    assert "200 messages under load, " in report("7", [old, old], ["kill-a"])


def test_half_a_line_of_who_was_killed_is_written_anew(tmp_path: Path) -> None:
    record = Record(tmp_path / "rounds.jsonl")
    record.add(PLAYED, ABOUT)
    with (tmp_path / "rounds.jsonl").open("ab") as file:
        file.write(b'{"number": 1, "fau')
    assert len(record.rounds()) == 1
    record.add(dataclasses.replace(PLAYED, number=1), ABOUT)
    assert [each["number"] for each in record.rounds()] == [0, 1]


def test_one_round_is_played_after_those_of_its_scene() -> None:
    played: list[dict[str, Any]] = [{"number": 16, "scene": 15}, {"number": 17, "scene": 17}]
    assert first_round(played, None) == 2
    assert [first_round(played, only) for only in (3, 16, 17, 31)] == [0, 15, 17, 30]


def _campaign(folder: Path, monkeypatch: pytest.MonkeyPatch, scene: object) -> Campaign:
    options = argparse.Namespace(
        folder=folder, seed="7", faults=(), only=None, minutes=None, count=500
    )
    monkeypatch.setattr(running, "bring_up", lambda _stack: None)
    monkeypatch.setattr(running, "open_scene", scene)
    return Campaign(options, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "is_last"),
    [
        ({}, False),
        ({"number": running.SCENE_ROUNDS - 1}, True),
        ({"offences": ["a bay is wrong"]}, True),
        ({"faults": [KILLED] * 500}, True),
    ],
)
def test_last_round_of_a_scene_is_known_before_it_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], *, is_last: bool
) -> None:
    campaign = _campaign(tmp_path, monkeypatch, None)
    assert campaign._ends_scene(dataclasses.replace(PLAYED, **change)) is is_last


def test_round_that_an_error_ended_is_an_offence_on_record_and_the_report_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scene(*_: object, **__: object) -> None:
        raise OSError("no more ports")

    campaign = _campaign(tmp_path, monkeypatch, scene)
    campaign.run(preload=None, small=True)
    played = Record(tmp_path / "7/rounds.jsonl").rounds()
    assert [each["number"] for each in played] == [0, 1, 2]
    assert campaign.wrong == 3
    assert all("no more ports" in each["offences"][0] for each in played)
    assert all(each["cannot"] == ["clock"] and each["commit"] for each in played)
    assert all(each["drawn"] for each in played)
    assert "no more ports" in (tmp_path / "7/report.md").read_text()
    assert "no more ports" in (tmp_path / "7/scene-0/error.log").read_text()


def test_campaign_of_what_cannot_be_played_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = _campaign(tmp_path, monkeypatch, None)
    monkeypatch.setattr(campaign, "_kinds", [_fault("clock-a")])
    with pytest.raises(SystemExit, match="nothing of what was asked for"):
        campaign.run(preload=None, small=True)


def test_ended_round_tells_its_error_from_the_first_cause_on() -> None:
    error = OSError("no database")
    error.__context__ = AssertionError("not all acknowledged")
    assert ended(4, error, 2.04).offences == [
        "ended by: AssertionError('not all acknowledged'); then OSError('no database')"
    ]


def test_report_is_put_between_its_marks_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "crash.md"
    page.write_text(
        "# Faults\n\n<!-- make crash: begin -->\nold\n<!-- make crash: end -->\n\nBy hand.\n"
    )
    report_page.put(page, "make crash", "new\n")
    assert page.read_text() == (
        "# Faults\n\n<!-- make crash: begin -->\nnew\n<!-- make crash: end -->\n\nBy hand.\n"
    )
    report_page.put(tmp_path / "fuzz.md", "make fuzz", "first")
    report_page.put(tmp_path / "fuzz.md", "make fuzz", "second")
    assert "first" not in (tmp_path / "fuzz.md").read_text()
    assert "second" in (tmp_path / "fuzz.md").read_text()
