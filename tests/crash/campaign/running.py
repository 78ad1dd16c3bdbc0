# SPDX-License-Identifier: EUPL-1.2
"""A campaign as it goes: scene after scene, every round on record at once, also one that an error ended."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from crash.campaign import disks
from crash.campaign.clocks import Clock
from crash.campaign.faults import all_faults
from crash.campaign.plan import chosen, drawn
from crash.campaign.play import Limits, Played, ended, examined, play, settle
from crash.campaign.record import Record, chart, report
from crash.campaign.scene import Scene, open_scene
from support import report_page
from support.chart import draw
from support.machine import commit
from support.stack import Stack

SCENE_ROUNDS = 15
"""After so many rounds a new database: the reckoning compares every row."""

LIMITS = Limits(rate=150.0, seconds=3.0, within_s=240.0, varies=True)
SETTLES_WITHIN_S = 60.0
SLOW_S = 15.0
GIVES_UP_AFTER = 3
"""Rounds in a row that errors ended: such a machine plays nothing."""

say = Console(highlight=False, markup=False, soft_wrap=True).print


class Campaign:
    """Rounds of one seed; `wrong` counts those with an offence that this run has played."""

    def __init__(self, options: argparse.Namespace, stack: Stack) -> None:
        self._options, self._stack = options, stack
        self._folder = options.folder / options.seed
        self._record = Record(self._folder / "rounds.jsonl")
        self._kinds = chosen(all_faults(), options.faults)
        self._preload: Path | None = None
        self._database_clock: Clock | None = None
        self._cannot: list[str] = []
        self._began = time.monotonic()
        self._number = self._scene = 0
        self._in_a_row = self.wrong = 0

    def run(
        self, *, preload: Path | None, small: bool, database_clock: Clock | None = None
    ) -> None:
        """Play until enough was seen, the time is over, or nothing can be played any more."""
        self._database_clock = database_clock
        there = {"clock": preload is not None, "full": small}
        self._preload = preload
        self._cannot = [family for family, possible in there.items() if not possible]
        say("".join(f"{family} cannot be played here\n" for family in self._cannot))
        if all(each.family in self._cannot for each in self._kinds):
            raise SystemExit("nothing of what was asked for can be played here")
        self._number = first_round(self._record.rounds(), self._options.only)
        while not self._is_over(self._number, self._faults()) and self._in_a_row < GIVES_UP_AFTER:
            self._play_scene()

    def tell(self) -> str:
        """Write and return the report of all that is on record; into the folder that `REPORT` names as well."""
        rounds, seed = self._record.rounds(), self._options.seed
        text = report(seed, rounds, [each.name for each in self._kinds])
        (self._folder / "report.md").write_text(text)
        if report_page.FOLDER and rounds:
            shown = chart(rounds)
            if not shown.is_empty:
                (report_page.FOLDER / "crash.svg").write_text(draw(shown), encoding="utf-8")
                text += f"\n\n![{shown.told}](crash.svg)"
            report_page.put(report_page.FOLDER / "crash.md", "make crash", text)
        return text

    def _is_over(self, number: int, faults: int) -> bool:
        """Tell whether no round is to be played any more that has this number, after so many faults."""
        options = self._options
        if options.only is not None:
            return bool(number > options.only)
        late = options.minutes and time.monotonic() - self._began > options.minutes * 60
        return bool(late) or faults >= options.count

    def _ends_scene(self, played: Played) -> bool:
        """Tell whether a round that is not on record yet is the last of its scene."""
        number, faults = played.number + 1, self._faults() + len(played.faults)
        is_full = number >= self._scene + SCENE_ROUNDS
        return is_full or bool(played.offences) or self._is_over(number, faults)

    def _faults(self) -> int:
        return sum(len(each["faults"]) for each in self._record.rounds())

    def _play_scene(self) -> None:
        """Play rounds on one scene, until one of them is wrong: what comes after it would be judged by it."""
        self._scene = self._number
        folder = self._folder / f"scene-{self._scene}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        wrong_before, began = self.wrong, time.monotonic()
        seed = f"{self._options.seed}/scene-{self._scene}"
        try:
            bring_up(self._stack)
            with open_scene(
                self._stack,
                folder,
                seed,
                preload=self._preload,
                database_clock=self._database_clock,
            ) as scene:
                settle(scene, SETTLES_WITHIN_S)
                is_last = False
                while not is_last:
                    began = time.monotonic()
                    played, is_last = self._round(scene)
                    self._note(played)
        except Exception as error:  # noqa: BLE001  # whatever ends a round is an offence, and the next is played
            (folder / "error.log").write_text(traceback.format_exc())
            self._note(ended(self._number, error, time.monotonic() - began))
            self._in_a_row += 1
        if self.wrong == wrong_before:
            # Logs are kept where something was wrong.
            shutil.rmtree(folder)

    def _round(self, scene: Scene) -> tuple[Played, bool]:
        """Play a round; return whether it was the last of its scene as well."""
        seed, number = self._options.seed, self._number
        faults = [f for f in drawn(seed, self._kinds, number) if f.family not in self._cannot]
        played = play(scene, number, faults, f"{seed}/{number}", LIMITS)
        self._in_a_row = 0
        is_last = self._ends_scene(played)
        if is_last and not played.offences:
            played = examined(scene, played, LIMITS.within_s)
        return played, is_last

    def _note(self, played: Played) -> None:
        self._number = played.number + 1
        self.wrong += bool(played.offences)
        _say_round(played)
        if self._options.only is not None:
            return
        faults = drawn(self._options.seed, self._kinds, played.number)
        about = {
            "seed": self._options.seed,
            "scene": self._scene,
            "drawn": [each.name for each in faults],
            "unplayed": [each.name for each in faults if each.family in self._cannot],
            "cannot": self._cannot,
            **machine(),
        }
        self._record.add(played, about)
        self.tell()
        minutes = (time.monotonic() - self._began) / 60
        say(f"   {self._faults()} of {self._options.count} faults, {minutes:.1f} minutes")


def first_round(rounds: list[dict[str, Any]], only: int | None) -> int:
    """Return where to begin: after what is on record, or with the scene of the one round that is wanted."""
    if only is None:
        return len(rounds)
    scenes = {each["number"]: int(each["scene"]) for each in rounds}
    return scenes.get(only, only - only % SCENE_ROUNDS)


def bring_up(stack: Stack) -> None:
    """Bring back servers that an ended round left full, hanging or dead."""
    for server in (stack.postgres, stack.mosquitto):
        disks.clear(server)
        for pid in server.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if not server.processes():
            server.start()
        server.wait_ready()


def machine() -> dict[str, Any]:
    """Return what rounds are played on: commit (with `+` where something was changed), cores, load average."""
    return {
        "commit": commit(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _say_round(played: Played) -> None:
    told = "; ".join(f"{each.name} {each.what}" for each in played.faults)
    verdict = "right" if not played.offences else "WRONG"
    say(
        f"{played.number}: {told}: {verdict} after {played.recovered_s} s, {played.took_s} s in all"
    )
    if played.recovered_s > SLOW_S:
        say(f"   was right last: {played.waited_for[:200]}")
    for offence in played.offences[:5]:
        say(f"   {offence[:600]}")
