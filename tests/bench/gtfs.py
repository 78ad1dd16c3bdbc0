# SPDX-License-Identifier: EUPL-1.2
"""Import of a large GTFS feed: time, and the most memory that the command took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.table import Table

from bench.alone import alone
from bench.services import new_database
from support.stack import Stack

LINES, STOPS_OF_LINE, MEGABYTE = 120, 28, 1_000_000


@dataclass(frozen=True)
class Ran:
    """One run of a command: how long, the most memory, and the last thing that it said."""

    seconds: float
    peak_mb: float
    last_line: str


def measure(stack: Stack, city: Path, megabytes: Sequence[int] = (10, 100)) -> Iterator[Table]:
    """Import feeds of these sizes, the last one once more, and a broken one."""
    database_url = new_database(stack, "gtfs", city)
    table = Table("import", "stop_times.txt", "s", "peak memory, MB", "told", title="GTFS")
    with tempfile.TemporaryDirectory() as folder:
        for size in megabytes:
            feed = Path(folder) / f"{size}.zip"
            calls = write_feed(feed, size * MEGABYTE)
            _add(table, f"{calls:,} calls, in order", size, _import(database_url, feed))
        _add(table, "the same again", size, _import(database_url, feed))
        scattered = Path(folder) / "scattered.zip"
        calls = write_feed(scattered, size * MEGABYTE, scattered=True)
        _add(table, f"{calls:,} calls, scattered", size, _import(database_url, scattered))
        broken = Path(folder) / "broken.zip"
        write_feed(broken, size * MEGABYTE, broken=True)
        _add(table, "its last line is wrong", size, _import(database_url, broken))
    yield table


def _add(table: Table, what: str, size: int, ran: Ran) -> None:
    table.add_row(what, f"{size} MB", f"{ran.seconds:.1f}", f"{ran.peak_mb:.0f}", ran.last_line)


def _import(database_url: str, feed: Path) -> Ran:
    program = Path(sys.executable).parent / "stadttakt"
    command = [str(program), "transit", "import-gtfs", str(feed)]
    return alone(run, command, {"STADTTAKT_DATABASE_URL": database_url})


def run(command: Sequence[str], settings: Mapping[str, str]) -> Ran:
    """Run a command; its memory is told to be what this process has, if that is more, so this is for a small one."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        output.seek(0)
        lines = [
            line for line in output.read().decode().splitlines() if line.strip() and "━" not in line
        ]
    return Ran(seconds, used.ru_maxrss / 1024, lines[-1] if lines else "")


@contextmanager
def _text(archive: zipfile.ZipFile, name: str, header: str) -> Iterator[IO[bytes]]:
    with archive.open(name, "w", force_zip64=True) as stream:
        stream.write(f"{header}\n".encode())
        yield stream


def write_feed(
    path: Path, stop_times_bytes: int, *, scattered: bool = False, broken: bool = False
) -> int:
    """Write a feed of which stop_times.txt is so large; returns its number of calls."""
    lines = list(_calls(stop_times_bytes))
    trips = len(lines)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        _write_small(archive, trips)
        header = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled"
        with _text(archive, "stop_times.txt", header) as stream:
            if scattered:
                # all first calls, all second ones …
                for call in range(STOPS_OF_LINE):
                    stream.write("".join(trip[call] for trip in lines).encode())
            else:
                for trip in lines:
                    stream.write("".join(trip).encode())
            if broken:
                stream.write(b"trip-0,99:99:99,10:00:00,stop-1,99,\n")
    return trips * STOPS_OF_LINE


def _calls(limit: int) -> Iterator[list[str]]:
    written, number = 0, 0
    while written < limit:
        line, begin = number % LINES, 4 * 3600 + (number * 37) % (20 * 3600)
        trip = []
        for call in range(STOPS_OF_LINE):
            time_s = begin + call * 90
            clock = f"{time_s // 3600:02}:{time_s // 60 % 60:02}:{time_s % 60:02}"
            stop = f"stop-{line * STOPS_OF_LINE + call}"
            trip.append(f"trip-{number},{clock},{clock},{stop},{call + 1},{call * 0.45:.2f}\n")
        written += sum(len(each) for each in trip)
        number += 1
        yield trip


def _write_small(archive: zipfile.ZipFile, trips: int) -> None:
    with _text(archive, "agency.txt", "agency_id,agency_name,agency_url,agency_timezone") as out:
        out.write(b"a,Bench,https://bench.example.org,Europe/Berlin\n")
    with _text(archive, "stops.txt", "stop_id,stop_name,stop_lat,stop_lon") as out:
        for number in range(LINES * STOPS_OF_LINE):
            lat = 51.40 + 0.004 * (number // STOPS_OF_LINE)
            lon = 11.80 + 0.006 * (number % STOPS_OF_LINE)
            out.write(f"stop-{number},Stop {number},{lat:.4f},{lon:.4f}\n".encode())
    with _text(archive, "routes.txt", "route_id,route_short_name,route_type") as out:
        out.write("".join(f"route-{n},{n},3\n" for n in range(LINES)).encode())
    days = "monday,tuesday,wednesday,thursday,friday,saturday,sunday"
    with _text(archive, "calendar.txt", f"service_id,{days},start_date,end_date") as out:
        for number in range(50):
            on = ",".join(str(int((number + day) % 5 != 0)) for day in range(7))
            out.write(f"service-{number},{on},20260101,20271231\n".encode())
    header = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence"
    with _text(archive, "shapes.txt", header) as out:
        for line in range(LINES):
            for point in range(STOPS_OF_LINE * 10):
                lat, lon = 51.40 + 0.004 * line, 11.80 + 0.0006 * point
                out.write(f"shape-{line},{lat:.5f},{lon:.5f},{point}\n".encode())
    header = "route_id,service_id,trip_id,direction_id,shape_id"
    with _text(archive, "trips.txt", header) as out:
        for number in range(trips):
            line = number % LINES
            row = f"route-{line},service-{number % 50},trip-{number},0,shape-{line}\n"
            out.write(row.encode())
