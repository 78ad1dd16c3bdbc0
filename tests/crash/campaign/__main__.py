# SPDX-License-Identifier: EUPL-1.2
"""`python -m crash.campaign`: plays rounds of faults until enough were seen or the time is over.

A campaign is its seed and the faults it may draw: both are printed, both repeat its choices. One that
was ended goes on where it stopped, since each round is drawn by seed and number.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

from crash.campaign import clocks
from crash.campaign.disks import small_disks
from crash.campaign.running import Campaign, say
from crash.world import migrate_servers
from stadttakt_local import layout
from support.stack import fresh_stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and write the report; 1 where any round of this run had an offence."""
    options = _options(arguments)
    # Whoever ends it gets disks unmounted and processes ended all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    say(f"campaign SEED={options.seed} FAULTS={','.join(options.faults) or 'all'}")
    with ExitStack() as closing:
        stack = closing.enter_context(fresh_stack())
        small = closing.enter_context(small_disks(stack.postgres, stack.mosquitto))
        preload = clocks.library()
        database_clock = clocks.clock_of(stack.postgres, preload) if preload else None
        stack.postgres.start()
        stack.mosquitto.start()
        stack.postgres.wait_ready()
        stack.mosquitto.wait_ready()
        migrate_servers(stack)
        campaign = Campaign(options, stack)
        try:
            campaign.run(preload=preload, small=small, database_clock=database_clock)
        finally:
            told = campaign.tell()
            # One round that is played again is not on record.
            if options.only is None:
                say(told)
    return int(campaign.wrong > 0)


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
        "--only", type=int, help="this round, after those of its scene before it; not on record"
    )
    parser.add_argument("--folder", type=Path, default=layout.LOCAL / "crash")
    return parser.parse_args(arguments)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


if __name__ == "__main__":
    raise SystemExit(main())
