# SPDX-License-Identifier: EUPL-1.2
"""`python -m crash.campaign`: plays rounds of faults until enough were seen or the time is over.

A campaign is its seed and the faults it may draw: both are printed, both repeat its choices. One that
was ended goes on where it stopped, since each round is drawn by seed and number.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random, SystemRandom

from rich.console import Console

from crash.campaign import clocks
from crash.campaign.disks import small_disks
from crash.campaign.faults import all_faults, chosen, draw
from crash.campaign.play import Played, play, settle
from crash.campaign.record import Record, report
from crash.campaign.scene import Scene, open_scene
from crash.world import migrate_servers
from stadttakt_local import layout
from support.stack import Stack, fresh_stack

SCENE_ROUNDS = 15
"""After so many rounds a new database: the reckoning compares every row."""

MOST_AT_ONCE = 4
RATE, SECONDS, WITHIN_S = 150.0, 3.0, 240.0
SETTLES_WITHIN_S = 60.0
SLOW_S = 15.0

_console = Console(highlight=False, markup=False, soft_wrap=True)
say = _console.print


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and write the report; 1 where any round had an offence."""
    options = _options(arguments)
    # Whoever ends it gets disks unmounted and processes ended all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = options.folder / options.seed
    record = Record(folder / "rounds.jsonl")
    say(f"campaign SEED={options.seed} FAULTS={','.join(options.faults) or 'all'}")
    with ExitStack() as closing:
        stack = closing.enter_context(fresh_stack())
        small = closing.enter_context(small_disks(stack.postgres, stack.mosquitto))
        stack.postgres.start()
        stack.mosquitto.start()
        stack.postgres.wait_ready()
        stack.mosquitto.wait_ready()
        migrate_servers(stack)
        _campaign(stack, folder, record, options, small=small)
    rounds = record.rounds()
    text = report(options.seed, rounds)
    (folder / "report.md").write_text(text)
    say(text)
    return int(any(each["offences"] for each in rounds))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="crash")
    parser.add_argument(
        "--seed", default=os.environ.get("SEED") or str(SystemRandom().randrange(10**6))
    )
    parser.add_argument(
        "--faults", type=_listed, default=(), help="names or families, comma between"
    )
    parser.add_argument("--count", type=int, default=500, help="so many faults")
    parser.add_argument("--minutes", type=float, help="or so long, whichever comes first")
    parser.add_argument(
        "--only", type=int, help="this round alone, on a fresh scene, not on record"
    )
    parser.add_argument("--folder", type=Path, default=layout.LOCAL / "crash")
    return parser.parse_args(arguments)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _campaign(
    stack: Stack, folder: Path, record: Record, options: argparse.Namespace, *, small: bool
) -> None:
    began = time.monotonic()
    preload = clocks.library()
    missing = {"clock": preload is not None, "full": small}
    say(
        "".join(
            f"{family} cannot be played here\n" for family, there in missing.items() if not there
        )
    )

    def over() -> bool:
        late = options.minutes and time.monotonic() - began > options.minutes * 60
        return bool(late) or sum(len(each["faults"]) for each in record.rounds()) >= options.count

    number = options.only if options.only is not None else len(record.rounds())
    while not over():
        scene_folder = folder / f"scene-{number}"
        shutil.rmtree(scene_folder, ignore_errors=True)
        scene_folder.mkdir(parents=True)
        seed = f"{options.seed}/{number}"
        with open_scene(stack, scene_folder, seed, preload=preload, small=small) as scene:
            settle(scene, SETTLES_WITHIN_S)
            for _ in range(SCENE_ROUNDS):
                played = _round(scene, number, options)
                if options.only is not None:
                    return
                record.add(played)
                number += 1
                faults = sum(len(each["faults"]) for each in record.rounds())
                minutes = (time.monotonic() - began) / 60
                say(f"   {faults} of {options.count} faults, {minutes:.1f} minutes")
                if played.offences or over():
                    break
        if not record.rounds()[-1]["offences"]:
            # Logs are kept where something was wrong.
            shutil.rmtree(scene_folder)


def _round(scene: Scene, number: int, options: argparse.Namespace) -> Played:
    rng = Random(f"{options.seed}/{number}")
    faults = chosen(all_faults(scene), options.faults)
    drawn = draw(faults, rng.randint(1, MOST_AT_ONCE), rng)
    played = play(scene, number, drawn, rng, rate=RATE, seconds=SECONDS, within_s=WITHIN_S)
    told = "; ".join(f"{name} {what}" for name, what in played.faults)
    verdict = "right" if not played.offences else "WRONG"
    say(f"{number}: {told}: {verdict} after {played.recovered_s} s, {played.took_s} s in all")
    if played.recovered_s > SLOW_S:
        say(f"   was right last: {played.waited_for[:200]}")
    for offence in played.offences[:5]:
        say(f"   {offence[:600]}")
    return played


if __name__ == "__main__":
    raise SystemExit(main())
