# SPDX-License-Identifier: EUPL-1.2
"""The record of a campaign: a line a round, from which it is taken up again and the report is written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from crash.campaign.play import Played
from crash.campaign.verdict import STANDINGS
from support.chart import Chart, Row

Rounds = Sequence[Mapping[str, Any]]


class Record:
    """Rounds as JSON lines in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def rounds(self) -> list[dict[str, Any]]:
        """Return the rounds that were played; half a line of who was killed while writing is none."""
        data = self._file.read_bytes()
        return [orjson.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]

    def add(self, played: Played, about: Mapping[str, Any]) -> None:
        """Note a round, and what it was played on."""
        data = self._file.read_bytes()
        with self._file.open("r+b") as file:
            file.seek(data.rfind(b"\n") + 1)
            file.truncate()
            file.write(orjson.dumps({**played.line(), **about}) + b"\n")


def report(seed: str, rounds: Rounds, kinds: Sequence[str]) -> str:
    """Return the campaign as Markdown; `kinds` are all that it may draw."""
    faults = [fault for each in rounds for fault in each["faults"]]
    wrong = [each for each in rounds if each["offences"]]
    sums = {
        name: sum(each.get(name, 0) for each in rounds)
        for name in (
            "overlapping",
            "messages",
            "by_webhook",
            "again",
            "ideas",
            "forgotten",
            "took_s",
            "mailed_twice",
            "ended",
        )
    }
    head = (
        f"Seed `{seed}`: {len(faults)} faults in {_rounds(len(rounds))} of {sums['took_s'] / 60:.0f} minutes together, "
        "all under load from beginning to end, "
        f"{sums['overlapping']} beginning while another lasted; "
        f"{sums['messages']:,} messages under load{_rate(rounds)}, {sums['by_webhook']:,} of them by webhook, {sums['again']:,} more by floods, delays and poison, {sums['ideas']:,} ideas, {sums['mailed_twice']} mails that came twice, {sums['ended']} processes that ended by themselves under faults of what they need. "
        f"{_rounds(len(wrong))} with an offence; the broker itself forgot {sums['forgotten']} messages that it had "
        "acknowledged just before a death, or with a full disk before one."
    )
    parts = [head, "", *_about(rounds), "", *_watched(rounds), "", *_table(rounds, kinds)]
    return "\n".join([*parts, "", *_offences(wrong)])


def chart(rounds: Rounds) -> Chart:
    """Return how soon all was right again after faults of each family, medians of whole seconds."""
    families: defaultdict[str, list[float]] = defaultdict(list)
    for each in rounds:
        for fault in each["faults"]:
            families[fault["name"].partition("-")[0]].append(each["recovered_s"])
    rows = [Row(name, [round(median(found))]) for name, found in sorted(families.items())]
    return Chart("Until all was right again, median by family of faults", "seconds", rows)


def _rounds(count: int) -> str:
    return f"{count} round" + ("" if count == 1 else "s")


def _about(rounds: Rounds) -> list[str]:
    """Tell on what, and of what could not be played."""
    commits = ", ".join(dict.fromkeys(f"`{each['commit']}`" for each in rounds))
    cores = ", ".join(dict.fromkeys(str(each["cores"]) for each in rounds))
    loads = [each["load_average"] for each in rounds] or [0.0]
    missing = sorted({name for each in rounds for name in each["cannot"]})
    unplayed = sum(len(each["unplayed"]) for each in rounds)
    scenes = len({each["scene"] for each in rounds})
    trips, over = (sum(each.get(name, 0) for each in rounds) for name in ("trips", "over"))
    return [
        f"Commit {commits}; {cores} cores, load average {min(loads):.0f} to {max(loads):.0f}; {scenes} scenes, in which {over} trips "
        f"of buses were over; the stops of {trips} could be reckoned. "
        + (
            f"Drawn but not to be played here: {unplayed} ({', '.join(missing)})."
            if missing
            else "Every kind that was drawn could be played."
        )
    ]


def _watched(rounds: Rounds) -> list[str]:
    """Tell by way how many answers of signs and feeds were judged; rounds of former commits did not count that."""
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    counted = [each for each in rounds if each.get("standing")]
    for each in counted:
        for way, found in each["standing"].items():
            sums[way].update(found)
    head = (
        f"Answers of signs and feeds{_of(len(counted), len(rounds))}. No limits are judged of lots of ParkAPI "
        "that never grow old here."
    )
    lines = [
        head,
        "",
        "| way | a number, limits judged | without a number | a number, no limits judged | 503, or nobody there |",
        "|---|---:|---:|---:|---:|",
    ]
    return lines + [
        f"| {way} | {' | '.join(f'{found[name]:,}' for name in STANDINGS)} |"
        for way, found in sorted(sums.items())
    ]


def _rate(rounds: Rounds) -> str:
    """Tell how many messages a second were the load; rounds of former commits do not tell how long it was."""
    timed = [each for each in rounds if each.get("load_s")]
    if not timed:
        return ""
    rate = sum(each["messages"] for each in timed) / sum(each["load_s"] for each in timed)
    return f" ({rate:.0f} a second{_of(len(timed), len(rounds))})"


def _of(counted: int, all_rounds: int) -> str:
    return "" if counted == all_rounds else f", in {counted} of {_rounds(all_rounds)}"


def _table(rounds: Rounds, kinds: Sequence[str]) -> list[str]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    bad: defaultdict[str, int] = defaultdict(int)
    for each in rounds:
        for fault in each["faults"]:
            times[fault["name"]].append(each["recovered_s"])
            bad[fault["name"]] += bool(each["offences"])
    lines = [
        "| fault | times | right again after load: median | longest | in rounds with an offence |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {len(found)} | {median(found):.1f} s | {max(found):.1f} s | {bad[name]} |"
        if (found := times[name])
        else f"| {name} | 0 | | | |"
        for name in sorted({*kinds, *times})
    ]
    return lines


def _offences(wrong: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"- round {each['number']} ({', '.join(each['drawn'])}): {offence[:300]}"
        for each in wrong
        for offence in each["offences"][:3]
    ]
