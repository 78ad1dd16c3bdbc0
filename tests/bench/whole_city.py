# SPDX-License-Identifier: EUPL-1.2
"""The city for load with its feeds open, and its services side by side: decoder, parking, publisher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.backlog import BAYS, UPLINKS
from bench.city import LOAD_DEVICES, LOTS, write_city
from bench.cpu import cpu_s, memory_mb
from bench.peers.target import plain
from bench.services import Service, new_database, running
from stadttakt_simulators.burst import BurstDevice
from support.open_data import OPEN_POLICY
from support.open_data_world import CITY, PUBLICATION
from support.stack import Stack


@dataclass(frozen=True)
class Town:
    """What runs, and the devices that make the load."""

    stack: Stack
    database_url: str
    city: Path
    devices: Sequence[BurstDevice]
    decoder: Service
    parking: Service
    publisher: Service

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds that each part has used so far."""
        return {name: cpu_s(pid) for name, pid in self._pids().items()}

    def memory_mb(self) -> dict[str, float]:
        """Return the memory of each part."""
        return {name: memory_mb(pid) for name, pid in self._pids().items()}

    def _pids(self) -> dict[str, int]:
        pids = {
            "broker": self.stack.mosquitto.pid,
            "decoder": self.decoder.process.pid,
            "parking": self.parking.process.pid,
            "publisher": self.publisher.process.pid,
            "database": self.stack.postgres.pid,
        }
        return {name: pid for name, pid in pids.items() if pid is not None}

    def stored(self) -> float:
        """Return how many uplinks the decoder has stored since it started."""
        return self.decoder.samples().get(UPLINKS, 0.0)

    def rows(self) -> int:
        """Return how many uplinks have a row."""
        with psycopg.connect(plain(self.database_url)) as connection:
            (count,) = connection.execute("select count(*) from uplink.uplink").fetchone() or (0,)
        return int(count)

    def counted(self) -> float:
        """Return how many observations of bays parking has taken since it started."""
        return self.parking.samples().get(BAYS, 0.0)


def write_whole_city(
    city: Path, devices_in_all: int = LOAD_DEVICES, lots: int = LOTS
) -> list[BurstDevice]:
    """Write the city for load and what its publisher needs; return the devices that make the load."""
    devices = write_city(city, devices_in_all, lots)
    (city / "opendata").mkdir()
    (city / "city.yaml").write_text(CITY, encoding="utf-8")
    (city / "opendata/publication.yaml").write_text(PUBLICATION, encoding="utf-8")
    (city / "opendata/policy.yaml").write_text(OPEN_POLICY, encoding="utf-8")
    return devices


@contextmanager
def running_town(
    stack: Stack, folder: Path, devices_in_all: int = LOAD_DEVICES, lots: int = LOTS
) -> Iterator[Town]:
    """Run the three services until the block ends."""
    city = folder / "whole-city"
    devices = write_whole_city(city, devices_in_all, lots)
    url, mqtt_url = new_database(stack, "town", city), stack.mosquitto.url
    with (
        running("uplink_decoder", url, mqtt_url, city) as decoder,
        running("parking_occupancy", url, mqtt_url, city) as parking,
        running("open_data_publisher", url, mqtt_url, city) as publisher,
    ):
        yield Town(stack, url, city, devices, decoder, parking, publisher)
