# SPDX-License-Identifier: EUPL-1.2
"""The database and the broker of `run` and `up`: the ones whose data stay."""

from dataclasses import dataclass
from pathlib import Path

from stadttakt_local import layout
from stadttakt_local.layout import data_home
from stadttakt_local.mosquitto import Mosquitto
from stadttakt_local.postgres import Postgres
from stadttakt_local.settings import Ports


@dataclass(frozen=True)
class Backing:
    """The two servers that keep the platform's data."""

    postgres: Postgres
    mosquitto: Mosquitto

    def is_running(self) -> bool:
        """Tell whether any of the two runs."""
        return bool(self.postgres.processes() or self.mosquitto.processes())

    def stop(self) -> None:
        """Stop the broker, then the database."""
        self.mosquitto.stop()
        self.postgres.stop()


def backing(root: Path, ports: Ports) -> Backing:
    """Return the machine's database and broker, running or not."""
    folder = data_home(root) / "data"
    return Backing(
        Postgres(root, folder / "postgres", ports.database),
        Mosquitto(root, folder / "mosquitto", ports.broker, access=layout.SETUP / "broker"),
    )
