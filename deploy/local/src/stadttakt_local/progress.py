# SPDX-License-Identifier: EUPL-1.2
"""How an installation tells that it goes on; knows nothing of what is installed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


@dataclass(frozen=True)
class Progress:
    """One step: what is being done, how much of it is done, and how much there is if that is known."""

    phase: str
    done: int = 0
    total: int | None = None


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report to nobody."""


@contextmanager
def on_console(console: Console) -> Iterator[Report]:
    """Yield a report that draws one bar per phase, or one line per phase where there is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {}

        def report(step: Progress) -> None:
            if step.phase not in tasks:
                tasks[step.phase] = bars.add_task(step.phase, total=step.total)
                if not console.is_terminal:
                    console.print(f"{step.phase} ...")
            bars.update(tasks[step.phase], completed=step.done, total=step.total)

        yield report
