# SPDX-License-Identifier: EUPL-1.2
"""What came of all rounds: rates, ratios to the two yardsticks, guarantees; as a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from bench.peers.contenders import Peer
from bench.peers.playing import Drain, Killed
from bench.rounds import spread
from bench.script_codecs import FRAMES_TOLD

TITLE = "Uplinks to committed rows, beside others"
COLUMNS = (
    "who", "rows/s", "of Node-RED", "of the bare loop", "CPU, µs", "database, µs",
    "decodes", "keeps", "acknowledges", "lost by two kill -9", "doubled",
)  # fmt: skip


@dataclass
class Score:
    """One peer and what it did in each round."""

    peer: Peer
    drains: list[Drain] = field(default_factory=list)
    killed: Killed | None = None

    def row(self, yardsticks: Sequence[Score | None]) -> tuple[str, ...]:
        """Return it as columns, the ratios to each yardstick among them."""
        rates = [drain.per_s for drain in self.drains]
        return (
            self.peer.name,
            spread(rates, 0),
            *(self._ratio(each) for each in yardsticks),
            f"{statistics.median(drain.cpu_us for drain in self.drains):.0f}",
            f"{statistics.median(drain.database_us for drain in self.drains):.0f}",
            self.peer.decodes,
            self.peer.keeps,
            self.peer.acknowledges,
            f"{self.killed.lost:,}" if self.killed else "not tried",
            f"{self.killed.doubled:,}" if self.killed else "not tried",
        )

    def _ratio(self, yardstick: Score | None) -> str:
        if yardstick is None:
            return "not run"
        pairs = zip(self.drains, yardstick.drains, strict=True)
        return spread([own.per_s / other.per_s for own, other in pairs], 2)


def rows(scores: Sequence[Score]) -> list[tuple[str, ...]]:
    """Return what each did; ratios are taken round by round."""
    yardsticks = [
        next((each for each in scores if each.peer.name.startswith(name)), None)
        for name in ("Node-RED", "bare")
    ]
    return [each.row(yardsticks) for each in scores]


def table(scores: Sequence[Score], messages: int) -> Table:
    """Return it for the console."""
    found = Table(
        *COLUMNS,
        title=f"{TITLE}: {messages:,} waiting messages of 1 kB",
        caption=f"{FRAMES_TOLD}. All find the same but our own codec, whose device has a frame of one byte",
    )
    for row in rows(scores):
        found.add_row(*row)
    return found
