# SPDX-License-Identifier: EUPL-1.2
"""The record of a campaign: a line a round, from which it is taken up again and the report is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from crash.campaign.play import Played


class Record:
    """Rounds as JSON lines in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def rounds(self) -> list[dict[str, Any]]:
        """Return the rounds that were played."""
        return [orjson.loads(line) for line in self._file.read_bytes().splitlines()]

    def add(self, played: Played) -> None:
        """Note a round."""
        with self._file.open("ab") as file:
            file.write(orjson.dumps(played.line()) + b"\n")


def report(seed: str, rounds: Sequence[dict[str, Any]]) -> str:
    """Return the campaign as Markdown."""
    faults = sum(len(each["faults"]) for each in rounds)
    wrong = [each for each in rounds if each["offences"]]
    sums = {
        name: sum(each[name] for each in rounds)
        for name in ("messages", "again", "forgotten", "watched", "took_s")
    }
    head = (
        f"Seed `{seed}`: {faults} faults in {len(rounds)} rounds of {sums['took_s'] / 60:.0f} minutes together, "
        f"{sums['messages']:,} messages under load, {sums['again']:,} more by floods, delays and poison, "
        f"{sums['watched']:,} answers of signs and feeds watched. "
        f"{len(wrong)} rounds with an offence; the broker itself forgot {sums['forgotten']} messages that it had "
        "acknowledged within 50 ms before a death."
    )
    return "\n".join([head, "", *_table(rounds), "", *_offences(wrong)])


def _table(rounds: Iterable[dict[str, Any]]) -> list[str]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    bad: defaultdict[str, int] = defaultdict(int)
    for each in rounds:
        for name, _ in each["faults"]:
            times[name].append(each["recovered_s"])
            bad[name] += bool(each["offences"])
    lines = [
        "| fault | times | right again after load: median | longest | in rounds with an offence |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {len(found)} | {median(found):.1f} s | {max(found):.1f} s | {bad[name]} |"
        for name, found in sorted(times.items())
    ]
    return lines


def _offences(wrong: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"- round {each['number']} ({', '.join(name for name, _ in each['faults'])}): {offence[:300]}"
        for each in wrong
        for offence in each["offences"][:3]
    ]
