# SPDX-License-Identifier: EUPL-1.2
"""A small GTFS feed of a made-up town, whose files a test may change, drop or add to."""

from __future__ import annotations

import zipfile
from pathlib import Path

FILES = {
    "agency.txt": (
        "agency_id,agency_name,agency_url,agency_timezone\n"
        "A,Trams,https://trams.example.org,Europe/Berlin\n"
    ),
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "a,Anger,51.4800,11.9000,,\n"
        "b,Brücke,51.4800,11.9200,,C\n"
        "c,Chaussee,51.4900,11.9500,0,\n"
        "C,Central,51.4801,11.9201,1,\n"
    ),
    "routes.txt": (
        "route_id,agency_id,route_short_name,route_long_name,route_type,route_color\n"
        "r7,A,7,Anger to Chaussee,0,C8102E\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "work,1,1,1,1,1,0,0,20260101,20271231\n"
    ),
    "calendar_dates.txt": "service_id,date,exception_type\nwork,20261225,2\nwork,20261226,1\n",
    "trips.txt": (
        "route_id,service_id,trip_id,trip_headsign,direction_id,block_id,shape_id\n"
        "r7,work,out,Chaussee,0,B1,\n"
        "r7,work,back,Anger,1,B1,\n"
    ),
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "out,24:50:00,24:50:00,a,1\n"
        "out,24:53:00,24:54:00,b,2\n"
        "out,25:00:00,25:00:00,c,3\n"
        "back,25:10:00,25:10:00,c,1\n"
        "back,25:20:00,25:20:00,a,9\n"
    ),
}


def changed(name: str, old: str, new: str) -> dict[str, str]:
    """Return the feed with one file changed."""
    assert old in FILES[name]
    return {**FILES, name: FILES[name].replace(old, new)}


def without(name: str) -> dict[str, str]:
    return {each: text for each, text in FILES.items() if each != name}


def a_folder(path: Path, files: dict[str, str] | None = None) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in (files or FILES).items():
        (path / name).write_bytes(text.encode())
    return path


def a_zip(path: Path, files: dict[str, str] | None = None, *, inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (files or FILES).items():
            archive.writestr(inside + name, text)
    return path
